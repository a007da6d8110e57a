//! STS and GitHub's OIDC provider.

use crate::{AwsError, Cloud, Form, Place};
use std::sync::Arc;

/// Keys and issued tokens.
#[derive(Debug, Default)]
pub struct Identity {}

/// Answers a Query call of STS (`Version=2011-06-15`) with the XML of its answer.
pub(crate) async fn sts(_cloud: &Arc<Cloud>, form: &Form) -> Result<String, AwsError> {
    Err(AwsError::not_here(form.action()))
}

/// The OIDC provider's routes, each with its whole path: they are merged into the server's router.
pub fn routes(_cloud: Arc<Cloud>) -> axum::Router {
    axum::Router::new()
}

impl Identity {
    /// The variables a process needs to use this cloud: AWS credentials and the OIDC token endpoint.
    #[must_use]
    pub fn env(&self, _place: &Place) -> Vec<(String, String)> {
        Vec::new()
    }
}
