//! A service's `deploymentConfiguration`: kept as it came, read for the engine.

use super::{
    engine::{Breaker, Limits, Threshold, Watch, Watching},
    strategy,
};
use crate::{AwsError, wire::Input};
use serde_json::{Value, json};

/// What AWS fills in where the caller says nothing.
pub(super) fn default() -> Value {
    json!({
        "deploymentCircuitBreaker": {"enable": false, "rollback": false},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    })
}

/// `base` with the members of `change` in the place of its own, checked.
pub(super) fn merged(base: &Value, change: Option<&Value>) -> Result<Value, AwsError> {
    let mut merged = base.clone();
    let given = |name: &str| change.and_then(|change| change.get(name)).filter(|value| !value.is_null());
    let becomes_blue_green = given("strategy").is_some_and(|word| word == "BLUE_GREEN") && !strategy::shifts(base);
    if becomes_blue_green && given("bakeTimeInMinutes").is_none() {
        let message = "bakeTimeInMinutes is required for the BLUE_GREEN deployment strategy";
        return Err(AwsError::client("InvalidParameterException", message));
    }
    // Another strategy leaves the steps of the old one behind.
    if let (Some(target), Some(word)) = (merged.as_object_mut(), given("strategy")) {
        for (member, belongs_to) in [("canaryConfiguration", "CANARY"), ("linearConfiguration", "LINEAR")] {
            if word != belongs_to {
                target.remove(member);
            }
        }
    }
    if let (Some(target), Some(change)) = (merged.as_object_mut(), change.and_then(Value::as_object)) {
        for (name, value) in change.iter().filter(|(_, value)| !value.is_null()) {
            target.insert(name.clone(), value.clone());
        }
    }
    check(&merged)?;
    Ok(merged)
}

fn check(configuration: &Value) -> Result<(), AwsError> {
    strategy::check(configuration)?;
    let invalid = |message: &str| Err(AwsError::client("InvalidParameterException", message));
    let limits = limits(configuration)?;
    if limits.maximum_percent < 100 || limits.minimum_healthy_percent > limits.maximum_percent {
        return invalid(
            "Both maximumPercent and minimumHealthyPercent must fit: at least 100 and not above maximumPercent",
        );
    }
    if bake_minutes(configuration)? > 1440 {
        return invalid("bakeTimeInMinutes must be between 0 and 1440");
    }
    watch(configuration)?;
    breaker(configuration).map(drop)
}

pub(super) fn limits(configuration: &Value) -> Result<Limits, AwsError> {
    let input = Input::new(configuration);
    Ok(Limits {
        minimum_healthy_percent: input.count("minimumHealthyPercent")?.unwrap_or(100),
        maximum_percent: input.count("maximumPercent")?.unwrap_or(200),
    })
}

pub(super) fn bake_minutes(configuration: &Value) -> Result<u32, AwsError> {
    Ok(Input::new(configuration).count("bakeTimeInMinutes")?.unwrap_or(0))
}

/// The alarms to watch, when that is switched on.
pub(super) fn watch(configuration: &Value) -> Result<Option<Watch>, AwsError> {
    let Some(alarms) = configuration.get("alarms").filter(|alarms| alarms.is_object()).map(Input::new) else {
        return Ok(None);
    };
    let names: Vec<String> = alarms.texts("alarmNames").into_iter().map(str::to_owned).collect();
    if !alarms.flag("enable") {
        return Ok(None);
    }
    if names.is_empty() {
        let message = "alarmNames must name at least one alarm when alarms are enabled";
        return Err(AwsError::client("InvalidParameterException", message));
    }
    Ok(Some(Watch { names, rolls_back: alarms.flag("rollback"), state: Watching::NotYet }))
}

/// The circuit breaker, when it is switched on.
pub(super) fn breaker(configuration: &Value) -> Result<Option<Breaker>, AwsError> {
    let Some(breaker) = configuration.get("deploymentCircuitBreaker").filter(|breaker| breaker.is_object()) else {
        return Ok(None);
    };
    let input = Input::new(breaker);
    let threshold = match input.value("thresholdConfiguration").map(Input::new) {
        None => Threshold::default(),
        Some(given) => {
            let value = given.count("value")?.unwrap_or(50);
            match given.text("type") {
                Some("COUNT") => Threshold::Count(value),
                Some("UNBOUNDED_PERCENT") => Threshold::UnboundedPercent(value),
                None | Some("BOUNDED_PERCENT") => Threshold::BoundedPercent(value),
                Some(_) => {
                    let message =
                        "thresholdConfiguration.type must be one of COUNT, BOUNDED_PERCENT, UNBOUNDED_PERCENT";
                    return Err(AwsError::client("InvalidParameterException", message));
                }
            }
        }
    };
    let resets_on_healthy_task = input.value("resetOnHealthyTask").and_then(Value::as_bool).unwrap_or(true);
    let breaker = Breaker { rolls_back: input.flag("rollback"), resets_on_healthy_task, threshold };
    Ok(input.flag("enable").then_some(breaker))
}
