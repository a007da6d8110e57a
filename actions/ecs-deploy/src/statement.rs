//! The deployment statement: that a digest was put into an environment, how, and how it ended.

use crate::{outcome::Outcome, verdict::Verdict};
use serde_json::{Value, json};

/// The predicate of the statement, or `None` where nothing happened that could be stated.
#[must_use]
pub(crate) fn predicate(outcome: &Outcome, run_url: Option<&str>) -> Option<Value> {
    let untouched = matches!(outcome.verdict, Verdict::Refused | Verdict::Planned | Verdict::NoOp);
    if untouched || outcome.deployment_id.is_none() && outcome.service_deployment.is_none() {
        return None;
    }
    let mut predicate = json!({
        "environment": {"kind": "aws-ecs", "service": outcome.service_arn, "cluster": outcome.cluster, "name": outcome.service},
        "mode": outcome.mode,
        "verdict": outcome.verdict,
        "cause": outcome.cause,
        "taskDefinition": outcome.task_definition,
        "previousTaskDefinition": outcome.previous_task_definition,
        "rolledBackTo": outcome.rolled_back_to,
        "deployment": {"id": outcome.deployment_id, "serviceDeployment": outcome.service_deployment},
        "verifiedTasks": outcome.tasks,
        "startedOn": outcome.started_at,
        "finishedOn": outcome.finished_at,
        "run": run_url,
    });
    drop_nulls(&mut predicate);
    Some(predicate)
}

/// What is not known is not said.
fn drop_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(drop_nulls);
    }
}
