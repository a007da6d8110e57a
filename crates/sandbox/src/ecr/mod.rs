//! Amazon ECR's own API.

use crate::{AwsError, Cloud};
use serde_json::Value;
use std::sync::Arc;

/// Answers `AmazonEC2ContainerRegistry_V20150921.<operation>`.
pub(crate) async fn call(_cloud: &Arc<Cloud>, operation: &str, _input: Value) -> Result<Value, AwsError> {
    Err(AwsError::not_here(operation))
}
