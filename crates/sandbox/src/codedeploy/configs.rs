//! Deployment configurations: by which steps traffic goes over.

use crate::{
    AwsError,
    ecs::{Plan, Share},
    wire::Input,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// AWS's own for ECS: percentage and minutes, both 0 for all at once.
const OWN: [(&str, &str, u32, u32); 5] = [
    ("CodeDeployDefault.ECSAllAtOnce", "AllAtOnce", 0, 0),
    ("CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "TimeBasedLinear", 10, 1),
    ("CodeDeployDefault.ECSLinear10PercentEvery3Minutes", "TimeBasedLinear", 10, 3),
    ("CodeDeployDefault.ECSCanary10Percent5Minutes", "TimeBasedCanary", 10, 5),
    ("CodeDeployDefault.ECSCanary10Percent15Minutes", "TimeBasedCanary", 10, 15),
];

/// The `trafficRoutingConfig` of one of AWS's own configurations.
pub(super) fn own(name: &str) -> Option<Value> {
    let (_, kind, percentage, minutes) = OWN.into_iter().find(|(known, ..)| *known == name)?;
    Some(match kind {
        "TimeBasedCanary" => {
            json!({"type": kind, "timeBasedCanary": {"canaryPercentage": percentage, "canaryInterval": minutes}})
        }
        "TimeBasedLinear" => {
            json!({"type": kind, "timeBasedLinear": {"linearPercentage": percentage, "linearInterval": minutes}})
        }
        _ => json!({"type": kind}),
    })
}

/// The steps a `trafficRoutingConfig` stands for, with minutes of that length.
pub(super) fn plan(routing: &Value, minute: SignedDuration) -> Result<Plan, AwsError> {
    let wrong = || {
        let message = "The traffic routing configuration is not one of AllAtOnce, TimeBasedCanary, TimeBasedLinear.";
        AwsError::client("InvalidTrafficRoutingConfigurationException", message)
    };
    let part = |name: &str, percentage: &str, interval: &str| {
        let part = routing.get(name).map(Input::new).ok_or_else(wrong)?;
        let percent = part.count(percentage).ok().flatten().filter(|percent| (1..100).contains(percent));
        let share = percent.and_then(|percent| Share::of_percent(percent.into())).ok_or_else(wrong)?;
        let minutes = part.count(interval).ok().flatten().and_then(|minutes| i32::try_from(minutes).ok());
        let bake = minute.checked_mul(minutes.ok_or_else(wrong)?).ok_or_else(wrong)?;
        Ok::<_, AwsError>((share, bake))
    };
    match routing["type"].as_str() {
        Some("AllAtOnce") => Ok(Plan::AllAtOnce),
        Some("TimeBasedCanary") => {
            let (first, bake) = part("timeBasedCanary", "canaryPercentage", "canaryInterval")?;
            Ok(Plan::Canary { first, bake })
        }
        Some("TimeBasedLinear") => {
            let (step, bake) = part("timeBasedLinear", "linearPercentage", "linearInterval")?;
            Ok(Plan::Linear { step, bake })
        }
        _ => Err(wrong()),
    }
}
