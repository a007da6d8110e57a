//! The service's deployment configuration: what of it is to change for this deployment, and nothing else.

use crate::{
    decide::{Breaker, Refusal},
    inputs::{Engine, Progress},
    model::Service,
};
use jiff::SignedDuration;
use rollout::Strategy;
use serde_json::{Map, Value, json};

/// The stages at which a gate is asked: before each shift, and when all of the traffic has shifted.
pub(crate) const STAGES: [&str; 2] = ["PRE_PRODUCTION_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"];

/// ECS's words for the strategies.
const WORDS: [(Strategy, &str); 4] = [
    (Strategy::Rolling, "ROLLING"),
    (Strategy::BlueGreen, "BLUE_GREEN"),
    (Strategy::Canary, "CANARY"),
    (Strategy::Linear, "LINEAR"),
];

/// The configuration to send, or `None` when the service has it as wished.
///
/// The whole present configuration goes with it: a member left out could be reset.
///
/// # Errors
/// The reason why this service cannot be deployed that way.
pub(crate) fn wanted(service: &Service, breaker: Breaker, progress: &Progress) -> Result<Option<Value>, Refusal> {
    let present = &service.deployment_configuration;
    let mut configuration = present.as_object().cloned().unwrap_or_default();
    let now = present["strategy"].as_str().unwrap_or("ROLLING");
    let strategy = match progress.engine {
        // The shares are this action's to move; within its side each service is replaced in place.
        Engine::LoadBalancer { .. } => Some("ROLLING"),
        Engine::Ecs => progress.strategy.and_then(word),
        // CodeDeploy has its own configurations.
        Engine::CodeDeploy { .. } => None,
    };
    if let Some(strategy) = strategy.filter(|strategy| *strategy != now) {
        configuration.insert("strategy".to_owned(), json!(strategy));
    }
    let strategy = strategy.unwrap_or(now);
    if strategy == "ROLLING" {
        drop_native(&mut configuration, now);
        set_breaker(&mut configuration, breaker);
    } else if progress.strategy.is_some() {
        able(service, strategy)?;
        set_native(&mut configuration, progress);
    }
    let configuration = Value::Object(configuration);
    Ok((configuration != *present && !(present.is_null() && configuration == json!({}))).then_some(configuration))
}

fn word(strategy: Strategy) -> Option<&'static str> {
    WORDS.into_iter().find(|(one, _)| *one == strategy).map(|(_, word)| word)
}

/// Whether a service has what a native shift needs: a second target group and a rule, or Service Connect.
fn able(service: &Service, strategy: &str) -> Result<(), Refusal> {
    let shifts = service.load_balancers.iter().all(|balancer| !balancer.advanced_configuration.is_null());
    if !service.load_balancers.is_empty() && !shifts {
        return Err(Refusal {
            why: format!("{strategy} needs a second target group, and the service's load balancer has none"),
            help:
                "give the service's `loadBalancers` an `advancedConfiguration` with alternate target group, production \
                   listener rule and role, or use `engine: load-balancer` with two services"
                    .to_owned(),
        });
    }
    Ok(())
}

/// Only the rolling strategy has a breaker.
fn set_breaker(configuration: &mut Map<String, Value>, wish: Breaker) {
    let now = configuration.get("deploymentCircuitBreaker").cloned().unwrap_or_default();
    if wish == Breaker::Keep || now["enable"] == true && now["rollback"] == true {
        return;
    }
    let mut breaker = now.as_object().cloned().unwrap_or_default();
    breaker.insert("enable".to_owned(), json!(true));
    breaker.insert("rollback".to_owned(), json!(true));
    configuration.insert("deploymentCircuitBreaker".to_owned(), Value::Object(breaker));
}

/// What only the native strategies have; nothing is touched where the service is rolling already.
fn drop_native(configuration: &mut Map<String, Value>, now: &str) {
    if now != "ROLLING" {
        for name in ["canaryConfiguration", "linearConfiguration"] {
            configuration.shift_remove(name);
        }
        set_hooks(configuration, Vec::new());
    }
}

fn set_native(configuration: &mut Map<String, Value>, progress: &Progress) {
    let (share, step) = (progress.share.percent(), progress.step.as_mins());
    for name in ["canaryConfiguration", "linearConfiguration"] {
        configuration.shift_remove(name);
    }
    match progress.strategy {
        Some(Strategy::Canary) => {
            let canary = json!({"canaryPercent": share, "canaryBakeTimeInMinutes": step});
            configuration.insert("canaryConfiguration".to_owned(), canary);
        }
        Some(Strategy::Linear) => {
            let linear = json!({"stepPercent": share, "stepBakeTimeInMinutes": step});
            configuration.insert("linearConfiguration".to_owned(), linear);
        }
        _ => {}
    }
    configuration.insert("bakeTimeInMinutes".to_owned(), json!(progress.bake.as_mins()));
    let mut hooks: Vec<Value> = others(configuration);
    if let Some(gate) = &progress.gate {
        // What the gate may take, and some more: a runner that died says nothing, and then ECS goes back by itself.
        let minutes = gate.limit.as_secs().div_ceil(60) + 5;
        let timeout = json!({"timeoutInMinutes": minutes, "action": "ROLLBACK"});
        hooks.push(json!({"targetType": "PAUSE", "lifecycleStages": STAGES, "timeoutConfiguration": timeout}));
    }
    set_hooks(configuration, hooks);
}

/// An empty list takes the hooks away; a list left out may leave them as they are.
fn set_hooks(configuration: &mut Map<String, Value>, hooks: Vec<Value>) {
    if !hooks.is_empty() || configuration.contains_key("lifecycleHooks") {
        configuration.insert("lifecycleHooks".to_owned(), Value::Array(hooks));
    }
}

/// Hooks that are not pauses for a gate: they are somebody else's.
fn others(configuration: &Map<String, Value>) -> Vec<Value> {
    let hooks = configuration.get("lifecycleHooks").and_then(Value::as_array).cloned().unwrap_or_default();
    hooks.into_iter().filter(|hook| hook["targetType"] != "PAUSE").collect()
}

/// How long a deployment with this configuration bakes, from its first share to its end.
#[must_use]
pub(crate) fn bakes(configuration: &Value) -> SignedDuration {
    let minutes = |value: &Value| value.as_f64().filter(|minutes| (0.0..=1440.0).contains(minutes)).unwrap_or(0.0);
    let canary = minutes(&configuration["canaryConfiguration"]["canaryBakeTimeInMinutes"]);
    let linear = &configuration["linearConfiguration"];
    // The API's bound: at least 3 percent at once.
    let steps = linear["stepPercent"].as_f64().map_or(0.0, |percent| (100.0 / percent.max(3.0)).ceil());
    let all = canary + steps * minutes(&linear["stepBakeTimeInMinutes"]) + minutes(&configuration["bakeTimeInMinutes"]);
    SignedDuration::try_from_secs_f64(all * 60.0).unwrap_or_default()
}

/// The configuration for a way back by a new deployment: no gate stands in its way, and the traffic goes back at once.
#[must_use]
pub(crate) fn way_back(service: &Service) -> Option<Value> {
    let mut configuration = service.deployment_configuration.as_object().cloned()?;
    let native = configuration.get("strategy").and_then(Value::as_str).is_some_and(|strategy| strategy != "ROLLING");
    if !native {
        return None;
    }
    let hooks = others(&configuration);
    for name in ["canaryConfiguration", "linearConfiguration"] {
        configuration.shift_remove(name);
    }
    set_hooks(&mut configuration, hooks);
    configuration.insert("strategy".to_owned(), json!("BLUE_GREEN"));
    configuration.insert("bakeTimeInMinutes".to_owned(), json!(0));
    Some(Value::Object(configuration))
}

#[cfg(test)]
#[path = "configuration_tests.rs"]
mod tests;
