//! STS and GitHub's OIDC provider: keyless deployment, from the job's token to AWS credentials, with real signatures.
//!
//! `provider` issues tokens as GitHub does, `sts` verifies them and opens sessions where `trust` lets it, `callers` knows
//! who signed a request.

mod callers;
mod claims;
mod jwt;
mod provider;
mod sts;
mod trust;

pub use callers::{Caller, Stranger};
pub use trust::{Role, Trust};

use crate::{AwsError, Cloud, Form, Place, wire::Protocol};
use axum::{Json, Router, extract::State, http::HeaderMap, routing::get};
use callers::{ACCESS_KEY, Callers, SECRET_KEY};
use jiff::Timestamp;
use jwt::{Claims, Issuer};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Keys and issued tokens.
#[derive(Debug)]
pub struct Identity {
    issuer: Issuer,
    request_token: String,
    claims: Mutex<Claims>,
    trust: Mutex<Trust>,
    callers: Callers,
}

/// Answers a Query call of STS (`Version=2011-06-15`) with the XML of its answer.
pub(crate) async fn sts(cloud: &Arc<Cloud>, form: &Form, headers: &HeaderMap) -> Result<String, AwsError> {
    let (identity, now) = (&cloud.identity, Timestamp::now());
    // The one call that needs no signature: the token is the proof.
    if form.action() == "AssumeRoleWithWebIdentity" {
        return identity.assume_role_with_web_identity(form, &cloud.place, now);
    }
    let caller = identity.caller(headers, now).map_err(|stranger| stranger.error(Protocol::Query))?;
    match form.action() {
        "GetCallerIdentity" => Ok(Identity::get_caller_identity(&caller)),
        "AssumeRole" => identity.assume_role(form, now),
        other => Err(AwsError::not_here(other)),
    }
}

/// The OIDC provider's routes, each with its whole path: they are merged into the server's router.
pub fn routes(cloud: Arc<Cloud>) -> Router {
    provider::routes()
        .route("/_sandbox/env", get(env))
        .route("/_sandbox/roles", get(roles).post(set_roles))
        .with_state(cloud)
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            issuer: Issuer::default(),
            request_token: uuid::Uuid::new_v4().simple().to_string(),
            claims: Mutex::default(),
            trust: Mutex::default(),
            callers: Callers::default(),
        }
    }
}

impl Identity {
    /// The variables a process needs to use this cloud: AWS credentials and the OIDC token endpoint.
    #[must_use]
    pub fn env(&self, place: &Place) -> Vec<(String, String)> {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![
            text("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            text("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            // As on GitHub the address has a query already, so a job adds `&audience=…`.
            text("ACTIONS_ID_TOKEN_REQUEST_URL", &format!("{}/oidc/token?api-version=2.0", place.endpoint())),
            text("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &self.request_token),
        ]
    }

    /// Who signed the request with these headers, by its access key and session token.
    ///
    /// # Errors
    /// [`Stranger`] when it is not signed, by nobody known here, or by a session that is over.
    pub fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Stranger> {
        self.callers.of(headers, now)
    }

    /// Ends every session now.
    pub(crate) fn expire(&self, now: Timestamp) {
        self.callers.expire(now);
    }

    fn request_token(&self) -> &str {
        &self.request_token
    }

    fn claims(&self) -> Claims {
        lock(&self.claims).clone()
    }

    fn set_claims(&self, claims: Claims) {
        *lock(&self.claims) = claims;
    }

    fn trust(&self) -> Trust {
        lock(&self.trust).clone()
    }
}

/// What a process that knows only the endpoint needs besides.
async fn env(State(cloud): State<Arc<Cloud>>) -> Json<BTreeMap<String, String>> {
    let region = ("AWS_REGION".to_owned(), Place::REGION.to_owned());
    Json(cloud.identity.env(&cloud.place).into_iter().chain([region]).collect())
}

async fn roles(State(cloud): State<Arc<Cloud>>) -> Json<Trust> {
    Json(cloud.identity.trust())
}

async fn set_roles(State(cloud): State<Arc<Cloud>>, Json(trust): Json<Trust>) -> Json<Trust> {
    *lock(&cloud.identity.trust) = trust.clone();
    Json(trust)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
