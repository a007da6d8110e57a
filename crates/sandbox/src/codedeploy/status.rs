//! A deployment's state in CodeDeploy's words. Pure.

use crate::ecs::{
    Cause, Lifecycle, Stage,
    task_sets::{Progress, was_asked_for},
};

/// The lifecycle events of a deployment to ECS and the stages of the engine they stand for.
pub(super) const EVENTS: [(&str, Lifecycle); 8] = [
    ("BeforeInstall", Lifecycle::PreScaleUp),
    ("Install", Lifecycle::ScaleUp),
    ("AfterInstall", Lifecycle::PostScaleUp),
    ("AllowTestTraffic", Lifecycle::TestTrafficShift),
    ("AfterAllowTestTraffic", Lifecycle::PostTestTrafficShift),
    ("BeforeAllowTraffic", Lifecycle::PreProductionTrafficShift),
    ("AllowTraffic", Lifecycle::ProductionTrafficShift),
    ("AfterAllowTraffic", Lifecycle::PostProductionTrafficShift),
];

/// What ended a deployment, where it did not go well.
pub(super) fn cause(stage: Stage) -> Option<Cause> {
    match stage {
        Stage::Stopped(cause)
        | Stage::RollbackInProgress(cause)
        | Stage::RollbackSuccessful(cause)
        | Stage::RollbackFailed(cause) => Some(cause),
        Stage::RollbackRequested | Stage::StopRequested => Some(Cause::Request),
        Stage::Pending | Stage::InProgress | Stage::Successful | Stage::Stalled => None,
    }
}

/// `status` of a deployment that goes forward: it has ended as soon as it goes back.
pub(super) fn forward(progress: &Progress) -> &'static str {
    match (progress.stage, cause(progress.stage)) {
        (_, Some(cause)) if was_asked_for(cause) => "Stopped",
        (_, Some(_)) => "Failed",
        (Stage::Successful, None) => "Succeeded",
        (Stage::Pending, None) => "Created",
        _ if progress.is_ready => "Ready",
        _ => "InProgress",
    }
}

/// `status` of the deployment that takes another one back.
pub(super) fn back(stage: Stage) -> &'static str {
    match stage {
        Stage::RollbackSuccessful(_) => "Succeeded",
        Stage::RollbackFailed(_) => "Failed",
        _ => "InProgress",
    }
}

/// Whether the deployment is being taken back, or was.
pub(super) fn goes_back(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::RollbackRequested
            | Stage::RollbackInProgress(_)
            | Stage::RollbackSuccessful(_)
            | Stage::RollbackFailed(_)
    )
}

/// `errorInformation`: a code of CodeDeploy's and a message.
pub(super) fn error(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Alarm => (
            "ALARM_ACTIVE",
            "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped.",
        ),
        Cause::StageTimedOut => {
            ("TIMEOUT", "The deployment timed out while waiting for the replacement task set to become healthy.")
        }
        Cause::HookTimedOut => {
            ("MANUAL_STOP", "The deployment was stopped because it was not rerouted within the wait time.")
        }
        Cause::Network => ("ELASTIC_LOAD_BALANCING_INVALID", "The listener rules do not forward to the target groups."),
        Cause::Breaker => ("ECS_UPDATE_ERROR", "The tasks of the replacement task set failed to start."),
        Cause::Hook | Cause::Request | Cause::Superseded => ("MANUAL_STOP", "The deployment was stopped by a user."),
    }
}

/// The status of a lifecycle event of a deployment that goes forward.
pub(super) fn event(progress: &Progress, stage: Lifecycle) -> &'static str {
    let over = progress.stage == Stage::Successful;
    match (stage.cmp(&progress.reached), cause(progress.stage)) {
        _ if over => "Succeeded",
        (std::cmp::Ordering::Less, _) => "Succeeded",
        (std::cmp::Ordering::Equal, None) if progress.stage == Stage::InProgress => "InProgress",
        (std::cmp::Ordering::Equal, Some(_)) => "Failed",
        (std::cmp::Ordering::Greater, Some(_)) => "Skipped",
        _ => "Pending",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn progress(stage: Stage, reached: Lifecycle, is_ready: bool) -> Progress {
        Progress {
            stage,
            reached,
            is_ready,
            entered: Vec::new(),
            started_at: None,
            finished_at: None,
            rollback_started_at: None,
            updated_at: Timestamp::UNIX_EPOCH,
            task_sets: Vec::new(),
        }
    }

    #[test]
    fn a_deployment_has_ended_as_soon_as_it_goes_back() {
        use Lifecycle::{BakeTime, ProductionTrafficShift, ScaleUp};
        let table = [
            (progress(Stage::Pending, ScaleUp, false), "Created", "Pending"),
            (progress(Stage::InProgress, ScaleUp, false), "InProgress", "InProgress"),
            (progress(Stage::InProgress, BakeTime, false), "InProgress", "Succeeded"),
            (progress(Stage::InProgress, ProductionTrafficShift, true), "Ready", "Succeeded"),
            (progress(Stage::Successful, BakeTime, false), "Succeeded", "Succeeded"),
            (progress(Stage::RollbackRequested, ScaleUp, false), "Stopped", "Failed"),
            (progress(Stage::RollbackInProgress(Cause::Alarm), ScaleUp, false), "Failed", "Failed"),
            (progress(Stage::RollbackSuccessful(Cause::HookTimedOut), ScaleUp, false), "Stopped", "Failed"),
            (progress(Stage::Stopped(Cause::Request), BakeTime, false), "Stopped", "Succeeded"),
        ];
        for (progress, status, install) in table {
            assert_eq!(forward(&progress), status, "{:?}", progress.stage);
            assert_eq!(event(&progress, Lifecycle::ScaleUp), install, "{:?}", progress.stage);
        }
        let gone_back = progress(Stage::RollbackSuccessful(Cause::Alarm), Lifecycle::ScaleUp, false);
        assert_eq!(event(&gone_back, Lifecycle::ProductionTrafficShift), "Skipped");
        assert_eq!((back(gone_back.stage), back(Stage::RollbackRequested)), ("Succeeded", "InProgress"));
    }
}
