//! How far a deployment is followed.

use crate::model::ServiceDeployment;
use rollout::Weight;
use std::str::FromStr;

/// How far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WaitUntil {
    /// To its end.
    End,
    /// Until it has begun.
    Begun,
    /// Until this lifecycle stage. A word of tomorrow will do.
    Stage(String),
    /// Until the release has this share of the traffic.
    Traffic(Weight),
}

impl FromStr for WaitUntil {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = |word: &str| word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') && !word.is_empty();
        match (text, text.split_once(':')) {
            ("end", _) => Ok(Self::End),
            ("begun", _) => Ok(Self::Begun),
            (_, Some(("stage", word))) if named(word) => Ok(Self::Stage(word.to_owned())),
            (_, Some(("traffic", share))) => {
                share.parse().map(Self::Traffic).map_err(|error: rollout::WeightError| error.to_string())
            }
            _ => Err("neither end, begun, stage:<STAGE> nor traffic:<percent>".to_owned()),
        }
    }
}

impl WaitUntil {
    /// Whether a deployment that has not ended has come so far. Stages are told apart by being the one named, never by an
    /// order that might be another tomorrow.
    #[must_use]
    pub(crate) fn is_reached(&self, own: &ServiceDeployment) -> bool {
        if own.status.is_rollback() || own.status.is_terminal() {
            return false;
        }
        match self {
            Self::End => false,
            Self::Begun => true,
            Self::Stage(stage) => own.lifecycle_stage.as_ref() == Some(stage),
            Self::Traffic(share) => {
                let has = own.target_service_revision.as_ref().and_then(|it| it.requested_production_traffic_weight);
                has.is_some_and(|has| has >= share.permille())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn how_far_is_one_of_four_and_a_way_back_is_never_far_enough() {
        let until = |text: &str| text.parse::<WaitUntil>();
        for wrong in ["", "ends", "stage:", "stage:bake time", "traffic:101", "traffic:", "codedeploy:x"] {
            assert!(until(wrong).is_err(), "{wrong}");
        }
        let own = |status: &str| -> ServiceDeployment {
            let revision = json!({"requestedProductionTrafficWeight": 20.0});
            serde_json::from_value(
                json!({"status": status, "lifecycleStage": "BAKE_TIME", "targetServiceRevision": revision}),
            )
            .unwrap()
        };
        for (text, reached) in [
            ("end", false),
            ("begun", true),
            ("stage:BAKE_TIME", true),
            ("stage:CLEAN_UP", false),
            ("traffic:20", true),
            ("traffic:20.1", false),
        ] {
            assert_eq!(until(text).unwrap().is_reached(&own("IN_PROGRESS")), reached, "{text}");
            assert!(!until(text).unwrap().is_reached(&own("ROLLBACK_IN_PROGRESS")), "{text}");
        }
    }
}
