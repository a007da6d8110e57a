//! What CodeDeploy says of a deployment, and what it comes to. Pure.

use crate::follow::{End, Why};
use serde::Deserialize;
use serde_json::Value;

/// `deploymentInfo`, as far as it is needed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Info {
    /// `d-…`.
    pub(crate) deployment_id: String,
    /// `Created` … `InProgress` … and three ends. A word of tomorrow is none.
    pub(crate) status: String,
    /// Why it went wrong.
    pub(crate) error_information: Option<Trouble>,
    /// The deployment that takes it back.
    pub(crate) rollback_info: Rollback,
    /// Whether all of the traffic has moved, and the old tasks only wait for their end.
    pub(crate) instance_termination_wait_time_started: bool,
    /// What whoever began it wrote on it. Untrusted text.
    pub(crate) description: String,
    /// `user`, `autoscaling`, `codeDeployRollback`.
    pub(crate) creator: String,
    /// What it deploys.
    pub(crate) revision: Revision,
}

/// `revision`, of the only kind that ECS takes from a call.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Revision {
    app_spec_content: AppSpec,
}

/// `appSpecContent`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct AppSpec {
    content: String,
}

/// `errorInformation`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Trouble {
    /// `ALARM_ACTIVE`, `ECS_UPDATE_ERROR`, …
    pub(crate) code: String,
    /// Untrusted text.
    pub(crate) message: String,
}

/// `rollbackInfo`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rollback {
    /// Its id.
    pub(crate) rollback_deployment_id: Option<String>,
    /// Of a way back: the deployment that it takes back.
    pub(crate) rollback_triggering_deployment_id: Option<String>,
}

impl Info {
    /// Whether nothing more will happen to this one.
    #[must_use]
    pub(crate) fn has_ended(&self) -> bool {
        ["Succeeded", "Failed", "Stopped"].contains(&self.status.as_str())
    }

    /// Whether CodeDeploy began it to take another one back.
    #[must_use]
    pub(crate) fn is_way_back(&self) -> bool {
        self.creator == "codeDeployRollback" || self.rollback_info.rollback_triggering_deployment_id.is_some()
    }

    /// The task definition it deploys, where its specification is ours to read: JSON, as this suite writes it.
    #[must_use]
    pub(crate) fn task_definition(&self) -> Option<String> {
        let spec: Value = serde_json::from_str(&self.revision.app_spec_content.content).ok()?;
        let named = &spec["Resources"][0]["TargetService"]["Properties"]["TaskDefinition"];
        named.as_str().map(str::to_owned)
    }

    /// Why it went wrong, from the best witness.
    fn cause(&self, stopped: Option<&Why>) -> String {
        match (stopped, &self.error_information) {
            (Some(why), _) => why.text(),
            (None, Some(trouble)) => format!("{}: {}", trouble.code, trouble.message),
            (None, None) => "no reason was given".to_owned(),
        }
    }
}

/// How a deployment ended, with the one that takes it back where there is one; `None` while it has not. One that went wrong
/// ends when its way back does; `patient` is whether a way back may still appear.
#[must_use]
pub(crate) fn end(own: &Info, back: Option<&Info>, stopped: Option<&Why>, patient: Patient) -> Option<End> {
    if own.status == "Succeeded" {
        return Some(End::Successful);
    }
    if !own.has_ended() {
        return None;
    }
    let cause = own.cause(stopped);
    match (back, patient) {
        (Some(back), _) if back.status == "Succeeded" => Some(End::RolledBack { cause, to: None }),
        (Some(back), _) if back.has_ended() => Some(End::RollbackFailed { cause }),
        (Some(_), _) | (None, Patient::Waits) => None,
        (None, Patient::Gone) => Some(End::Stopped { cause }),
    }
}

/// Whether a way back may still appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patient {
    /// It may.
    Waits,
    /// It has had its time.
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_it_deploys_is_in_its_specification() {
        let spec = json!({"Resources": [{"TargetService": {"Properties": {"TaskDefinition": "f:7"}}}]});
        let info = |content: String| -> Info {
            serde_json::from_value(json!({"revision": {"appSpecContent": {"content": content}}})).unwrap()
        };
        assert_eq!(info(spec.to_string()).task_definition().as_deref(), Some("f:7"));
        for odd in ["", "version: 1", "[]", "{}"] {
            assert_eq!(info(odd.to_owned()).task_definition(), None, "{odd}");
        }
        assert_eq!(Info::default().task_definition(), None);
    }

    #[test]
    fn one_that_went_wrong_ends_with_its_way_back() {
        let info = |status: &str| -> Info {
            let trouble = json!({"code": "ALARM_ACTIVE", "message": "p99"});
            serde_json::from_value(json!({"status": status, "errorInformation": trouble})).unwrap()
        };
        let cause = || "ALARM_ACTIVE: p99".to_owned();
        let back = |status: &str| Some(info(status));
        for (own, back, patient, wanted) in [
            ("Created", None, Patient::Gone, None),
            ("InProgress", None, Patient::Gone, None),
            ("Ready", None, Patient::Gone, None),
            ("Baking", None, Patient::Gone, None),
            ("Succeeded", None, Patient::Waits, Some(End::Successful)),
            ("Failed", None, Patient::Waits, None),
            ("Failed", None, Patient::Gone, Some(End::Stopped { cause: cause() })),
            ("Stopped", back("InProgress"), Patient::Gone, None),
            ("Stopped", back("Succeeded"), Patient::Waits, Some(End::RolledBack { cause: cause(), to: None })),
            ("Failed", back("Failed"), Patient::Waits, Some(End::RollbackFailed { cause: cause() })),
            ("Failed", back("Stopped"), Patient::Waits, Some(End::RollbackFailed { cause: cause() })),
        ] {
            assert_eq!(end(&info(own), back.as_ref(), None, patient), wanted, "{own} {back:?}");
        }
        let Some(End::RolledBack { cause, .. }) =
            end(&info("Stopped"), back("Succeeded").as_ref(), Some(&Why::Deadline), Patient::Gone)
        else {
            panic!("no way back")
        };
        assert_eq!(cause, "it did not become healthy in time");
    }
}
