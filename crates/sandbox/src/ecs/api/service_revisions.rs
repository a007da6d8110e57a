//! `DescribeServiceRevisions`.

use super::bounded;
use crate::{
    AwsError, Cloud,
    ecs::{arn, describe},
    wire::Input,
};
use serde_json::{Value, json};

pub(super) fn describe(cloud: &Cloud, input: Input<'_>) -> Result<Value, AwsError> {
    let state = cloud.ecs.view("DescribeServiceRevisions");
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for asked in bounded(input, "serviceRevisionArns", 20)? {
        let service = arn::service_of(asked).and_then(|(cluster, name)| state.service(Some(cluster), name).ok());
        let one = service.and_then(|service| {
            let revision = service.revision(arn::last(asked).parse().ok()?)?;
            Some(describe::service_revision(cloud, service, revision))
        });
        match one {
            Some(revision) => found.push(revision),
            None => failures.push(json!({"arn": asked, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": found, "failures": failures}))
}
