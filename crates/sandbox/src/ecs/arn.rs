//! Names and ARNs: callers may give either.

use crate::Place;

/// The cluster's name, from a name, an ARN or nothing at all.
pub(crate) fn cluster_name(given: Option<&str>) -> String {
    last(given.unwrap_or("default")).to_owned()
}

/// The last part of a name or ARN: the service's, task's or deployment's own name.
pub(super) fn last(given: &str) -> &str {
    given.rsplit('/').next().unwrap_or(given)
}

/// The ARN of something in a service: `service`, `service-revision` or `service-deployment`.
pub(super) fn of_service(place: &Place, kind: &str, cluster: &str, service: &str, id: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!("/{id}") };
    place.arn("ecs", &format!("{kind}/{cluster}/{service}{id}"))
}

/// The cluster and service in the ARN of a service, revision or deployment.
pub(super) fn service_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split('/').skip(1);
    Some((parts.next()?, parts.next()?))
}

/// A number of 19 digits, as ECS numbers its deployments.
pub(super) fn fresh_number() -> u64 {
    let random = uuid::Uuid::new_v4().as_u128();
    u64::try_from(random % 8_000_000_000_000_000_000).unwrap_or_default() + 1_000_000_000_000_000_000
}

/// An id of 21 letters and digits, as service deployments have.
pub(super) fn fresh_deployment_id() -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bytes = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    bytes[..21].iter().map(|byte| char::from(ALPHABET[usize::from(byte & 63)])).collect()
}
