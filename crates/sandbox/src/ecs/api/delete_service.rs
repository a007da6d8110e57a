//! `DeleteService`.

use super::invalid;
use crate::{
    AwsError, Cloud,
    ecs::{describe, service::ServiceStatus},
    wire::Input,
};
use serde_json::{Value, json};

/// The service drains and becomes inactive; it has to be scaled to 0 unless forced.
pub(super) fn delete(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let (cluster, name) = (input.text("cluster"), input.required("service")?);
    let mut state = cloud.ecs.state();
    let service = state.service_mut(cluster, name)?;
    if service.status == ServiceStatus::Active {
        if service.desired > 0 && !input.flag("force") {
            return Err(invalid("The service cannot be stopped while it is scaled above 0."));
        }
        service.status = ServiceStatus::Draining;
        service.desired = 0;
    }
    let service = state.service(cluster, name)?;
    Ok(json!({"service": describe::service(cloud, &state, service, false)}))
}
