//! The deployment statement: that a digest was put into an environment, how, and how it ended.

use crate::{outcome::Outcome, verdict::Verdict};
use serde_json::{Value, json};

/// The predicate of the statement, or `None` where nothing happened that could be stated.
#[must_use]
pub(crate) fn predicate(outcome: &Outcome, run_url: Option<&str>) -> Option<Value> {
    let untouched =
        matches!(outcome.verdict, Verdict::Refused | Verdict::Planned | Verdict::NoOp | Verdict::InProgress);
    let nothing =
        outcome.deployment_id.is_none() && outcome.service_deployment.is_none() && outcome.live_service.is_none();
    if untouched || nothing {
        return None;
    }
    // Of the image that was put back, "rolled-back" would say the contrary of what happened to it.
    let verdict = match outcome.verdict {
        Verdict::RolledBack if outcome.mode == "rollback" && outcome.tasks > 0 => Verdict::Deployed,
        Verdict::RolledBack if outcome.mode == "rollback" => Verdict::UnverifiedDigest,
        verdict => verdict,
    };
    let mut predicate = json!({
        "environment": {"kind": "aws-ecs", "service": outcome.service_arn, "cluster": outcome.cluster, "name": outcome.service},
        "mode": outcome.mode,
        "verdict": verdict,
        "cause": outcome.cause,
        "taskDefinition": outcome.task_definition,
        "previousTaskDefinition": outcome.previous_task_definition,
        "rolledBackTo": outcome.rolled_back_to,
        "liveService": outcome.live_service,
        "deployment": {"id": outcome.deployment_id, "serviceDeployment": outcome.service_deployment},
        "verifiedTasks": outcome.tasks,
        "startedOn": outcome.started_at,
        "finishedOn": outcome.finished_at,
        "run": run_url,
    });
    drop_nulls(&mut predicate);
    Some(predicate)
}

/// The predicate of the statement on the image that a rollback took away, so that its evidence does not end with its
/// having been deployed; `None` where none was.
#[must_use]
pub(crate) fn of_removed(outcome: &Outcome, run_url: Option<&str>) -> Option<Value> {
    let removed = outcome.removed.as_ref()?;
    let mut predicate = predicate(outcome, run_url)?;
    predicate["verdict"] = json!(Verdict::RolledBack);
    predicate["cause"] = json!(outcome.cause.as_deref().unwrap_or("taken back by `mode: rollback`"));
    predicate["taskDefinition"] = json!(removed.task_definition);
    predicate["previousTaskDefinition"] = Value::Null;
    predicate["verifiedTasks"] = json!(0);
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
