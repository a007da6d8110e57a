//! The texts of events and reasons, as AWS words them.

use super::{
    deployment::deployment_id,
    engine::{Cause, RevisionId, Rollout, Stage, StopReason, Watch, Watching},
};
use serde_json::{Value, json};

/// `rolloutStateReason` of a deployment under way.
pub(super) fn in_progress(revision: RevisionId) -> String {
    format!("ECS deployment {} in progress.", deployment_id(revision))
}

/// `rolloutStateReason` of a completed deployment.
pub(super) fn completed(revision: RevisionId) -> String {
    format!("ECS deployment {} completed.", deployment_id(revision))
}

/// `rolloutStateReason` of a deployment that failed for that cause.
pub(super) fn failed(cause: Cause) -> &'static str {
    match cause {
        Cause::Breaker => "ECS deployment circuit breaker: tasks failed to start.",
        Cause::Request | Cause::Superseded => "ECS deployment was stopped by a request.",
        Cause::Hook => "ECS deployment failed: a lifecycle hook was answered with ROLLBACK.",
        Cause::HookTimedOut => "ECS deployment failed: a lifecycle hook timed out.",
        Cause::StageTimedOut => "ECS deployment failed: a lifecycle stage timed out.",
        Cause::Network => "ECS deployment failed: invalid networking configuration.",
        Cause::Alarm => "ECS deployment failed: alarm detected.",
    }
}

/// What an event says of a deployment that failed.
pub(super) fn failure(cause: Cause) -> &'static str {
    match cause {
        Cause::Breaker => "tasks failed to start",
        Cause::Request | Cause::Superseded => "stopped by a request",
        Cause::Hook => "lifecycle hook failed",
        Cause::HookTimedOut => "lifecycle hook timed out",
        Cause::StageTimedOut => "lifecycle stage timed out",
        Cause::Network => "invalid networking configuration",
        Cause::Alarm => "alarm detected",
    }
}

/// `rolloutStateReason` of the deployment that is gone back to.
pub(super) fn rolling_back(cause: Cause, revision: RevisionId) -> String {
    let by = if cause == Cause::Breaker { "circuit breaker" } else { "rollback" };
    format!("ECS deployment {by}: rolling back to deploymentId {}.", deployment_id(revision))
}

/// `status` of a service deployment.
pub(super) fn status(stage: Stage) -> &'static str {
    match stage {
        Stage::Pending => "PENDING",
        Stage::InProgress | Stage::Stalled => "IN_PROGRESS",
        Stage::StopRequested => "STOP_REQUESTED",
        Stage::RollbackRequested => "ROLLBACK_REQUESTED",
        Stage::RollbackInProgress(_) => "ROLLBACK_IN_PROGRESS",
        Stage::Successful => "SUCCESSFUL",
        Stage::Stopped(_) => "STOPPED",
        Stage::RollbackSuccessful(_) => "ROLLBACK_SUCCESSFUL",
        Stage::RollbackFailed(_) => "ROLLBACK_FAILED",
    }
}

/// `statusReason` of a service deployment, where there is one.
pub(super) fn status_reason(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Stalled => Some(
            "The deployment circuit breaker threshold was exceeded and there is no completed deployment to roll back to.",
        ),
        Stage::StopRequested => Some(stop_reason(Cause::Request)),
        Stage::RollbackRequested => Some(rollback_reason(Cause::Request)),
        Stage::RollbackInProgress(cause) | Stage::RollbackSuccessful(cause) => Some(rollback_reason(cause)),
        Stage::RollbackFailed(Cause::Superseded) => Some(stop_reason(Cause::Superseded)),
        Stage::RollbackFailed(_) => Some("Service deployment rollback failed because its tasks failed to start."),
        Stage::Stopped(cause) => Some(stop_reason(cause)),
        Stage::Pending | Stage::InProgress | Stage::Successful => None,
    }
}

/// `rollback.reason`.
pub(super) fn rollback_reason(cause: Cause) -> &'static str {
    match cause {
        Cause::Breaker => "Service deployment rolled back because the circuit breaker threshold was exceeded.",
        Cause::Request | Cause::Superseded => "Service deployment rolled back because of a user request.",
        Cause::Hook => "Service deployment rolled back because a lifecycle hook was answered with ROLLBACK.",
        Cause::HookTimedOut => "Service deployment rolled back because a lifecycle hook timed out.",
        Cause::StageTimedOut => "Service deployment rolled back because a lifecycle stage timed out.",
        Cause::Alarm => "Service deployment rolled back because a CloudWatch alarm was detected.",
        Cause::Network => {
            "Service deployment rolled back because of invalid networking configuration. Both targetGroup and \
             alternateTargetGroup must be associated with the productionListenerRule or testListenerRule."
        }
    }
}

/// Why a deployment that had no way back was stopped.
fn stop_reason(cause: Cause) -> &'static str {
    match cause {
        Cause::Breaker => "Service deployment stopped because the circuit breaker threshold was exceeded.",
        Cause::Request => "Service deployment stopped because of a user request.",
        Cause::Superseded => "Service deployment stopped because a newer service deployment started.",
        Cause::Hook => "Service deployment stopped because a lifecycle hook was answered with ROLLBACK.",
        Cause::HookTimedOut => "Service deployment stopped because a lifecycle hook timed out.",
        Cause::StageTimedOut => "Service deployment stopped because a lifecycle stage timed out.",
        Cause::Network => "Service deployment stopped because of invalid networking configuration.",
        Cause::Alarm => "Service deployment stopped because a CloudWatch alarm was detected.",
    }
}

/// The `stoppedReason` of a task the scheduler stops.
pub(super) fn stopped_reason(reason: StopReason, deployment: &str, group: Option<&str>) -> String {
    match (reason, group) {
        (StopReason::Replaced | StopReason::Scaling, _) => {
            format!("Scaling activity initiated by (deployment {deployment})")
        }
        (StopReason::Unhealthy, Some(group)) => format!("Task failed ELB health checks in (target-group {group})"),
        (StopReason::Unhealthy, None) => "Task failed container health checks".to_owned(),
    }
}

/// `(task a) (task b)`.
pub(super) fn task_list(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}

/// `deploymentCircuitBreaker` of a service deployment: how near it is to failing.
pub(super) fn breaker(rollout: &Rollout, desired: u32) -> Value {
    let Some(breaker) = rollout.breaker else {
        return json!({"status": "DISABLED", "failureCount": 0, "threshold": 0});
    };
    let threshold = breaker.threshold.failures(desired);
    let (status, failures) = match rollout.stage {
        Stage::Stalled
        | Stage::Stopped(Cause::Breaker)
        | Stage::RollbackInProgress(Cause::Breaker)
        | Stage::RollbackSuccessful(Cause::Breaker)
        | Stage::RollbackFailed(Cause::Breaker) => ("TRIGGERED", threshold),
        stage if stage.is_over() => ("MONITORING_COMPLETE", rollout.failures),
        _ => ("MONITORING", rollout.failures),
    };
    json!({"status": status, "failureCount": failures, "threshold": threshold})
}

/// `alarms` of a service deployment.
pub(super) fn alarms(rollout: &Rollout) -> Value {
    let none: &[String] = &[];
    let (status, names, heard) = match &rollout.watch {
        None => ("DISABLED", none, none),
        Some(Watch { names, state, .. }) => match state {
            Watching::Heard(heard) => ("TRIGGERED", names.as_slice(), heard.as_slice()),
            Watching::Ignored => ("DISABLED", names.as_slice(), none),
            _ if rollout.stage.is_over() => ("MONITORING_COMPLETE", names.as_slice(), none),
            Watching::NotYet | Watching::Listening => ("MONITORING", names.as_slice(), none),
        },
    };
    json!({"status": status, "alarmNames": names, "triggeredAlarmNames": heard})
}
