//! A service's `deploymentConfiguration`: kept as it came, read for the engine.

use super::engine::{Breaker, Limits, Threshold};
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
    if let (Some(target), Some(change)) = (merged.as_object_mut(), change.and_then(Value::as_object)) {
        for (name, value) in change.iter().filter(|(_, value)| !value.is_null()) {
            target.insert(name.clone(), value.clone());
        }
    }
    check(&merged)?;
    Ok(merged)
}

fn check(configuration: &Value) -> Result<(), AwsError> {
    let input = Input::new(configuration);
    let invalid = |message: &str| Err(AwsError::client("InvalidParameterException", message));
    match input.text("strategy") {
        None | Some("ROLLING") => {}
        Some(other @ ("BLUE_GREEN" | "LINEAR" | "CANARY")) => {
            return Err(AwsError::not_here(&format!("a service with strategy {other}")));
        }
        Some(_) => return invalid("strategy must be one of ROLLING, BLUE_GREEN, LINEAR, CANARY"),
    }
    let limits = limits(configuration)?;
    if limits.maximum_percent < 100 || limits.minimum_healthy_percent > limits.maximum_percent {
        return invalid(
            "Both maximumPercent and minimumHealthyPercent must fit: at least 100 and not above maximumPercent",
        );
    }
    if bake_minutes(configuration)? > 1440 {
        return invalid("bakeTimeInMinutes must be between 0 and 1440");
    }
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
