//! Deployment strategies that shift traffic: read from a `deploymentConfiguration` and checked as AWS checks it.

use super::engine::{HookAction, HookPlan, Hooks, Lifecycle, Native, Plan, Share};
use crate::{AwsError, pace::Pace, wire::Input};
use jiff::SignedDuration;
use serde_json::Value;

/// The longest bake time in minutes: a day.
const MOST_BAKE_MINUTES: u32 = 24 * 60;
/// The longest wait for a hook in minutes: a fortnight.
const MOST_HOOK_MINUTES: u32 = 14 * 24 * 60;
/// What a hook waits and a stage may take where nothing else is said, in minutes: a day.
pub(super) const DAY: u32 = 24 * 60;

/// Whether the strategy is one that shifts traffic.
pub(super) fn shifts(configuration: &Value) -> bool {
    matches!(Input::new(configuration).text("strategy"), Some("BLUE_GREEN" | "CANARY" | "LINEAR"))
}

/// A deployment by the strategy of `configuration` before its first step; none for a rolling one. `seed` is what its
/// hooks' ids begin with.
pub(super) fn native(configuration: &Value, pace: &Pace, seed: &str) -> Result<Option<Native>, AwsError> {
    if !shifts(configuration) {
        return Ok(None);
    }
    let patience = signed(pace.patience);
    let hooks = Hooks { seed: seed.to_owned(), configured: hooks(configuration, patience)?, met: Vec::new() };
    Ok(Some(Native::new(plan(configuration, signed(pace.minute))?, hooks, minutes(DAY, patience))))
}

/// Checks what a configuration says about shifting traffic.
pub(super) fn check(configuration: &Value) -> Result<(), AwsError> {
    let strategy = Input::new(configuration).text("strategy").unwrap_or("ROLLING");
    if !matches!(strategy, "ROLLING" | "BLUE_GREEN" | "LINEAR" | "CANARY") {
        return Err(invalid("strategy must be one of ROLLING, BLUE_GREEN, LINEAR, CANARY"));
    }
    for (member, belongs_to) in [("canaryConfiguration", "CANARY"), ("linearConfiguration", "LINEAR")] {
        if configuration.get(member).is_some_and(|value| !value.is_null()) && strategy != belongs_to {
            return Err(invalid(format!("{member} is only valid when the deployment strategy is {belongs_to}")));
        }
    }
    if configuration["earlySuccessCriteria"]["enable"] == true {
        return Err(AwsError::not_here("a deployment with earlySuccessCriteria"));
    }
    plan(configuration, SignedDuration::ZERO)?;
    hooks(configuration, SignedDuration::ZERO).map(drop)
}

fn plan(configuration: &Value, minute: SignedDuration) -> Result<Plan, AwsError> {
    let part = |member: &str| configuration.get(member).cloned().unwrap_or_default();
    match Input::new(configuration).text("strategy") {
        Some("CANARY") => {
            let canary = part("canaryConfiguration");
            let first = share(&canary, "canaryPercent", 5.0, 0.1)?;
            Ok(Plan::Canary { first, bake: minutes(bake(&canary, "canaryBakeTimeInMinutes", 10)?, minute) })
        }
        Some("LINEAR") => {
            let linear = part("linearConfiguration");
            let step = share(&linear, "stepPercent", 10.0, 3.0)?;
            Ok(Plan::Linear { step, bake: minutes(bake(&linear, "stepBakeTimeInMinutes", 6)?, minute) })
        }
        _ => Ok(Plan::AllAtOnce),
    }
}

fn share(part: &Value, member: &str, default: f64, least: f64) -> Result<Share, AwsError> {
    let given = part.get(member).filter(|value| !value.is_null());
    let percent = given.map_or(Some(default), Value::as_f64).filter(|percent| *percent >= least);
    let wrong = || invalid(format!("{member} must be a multiple of 0.1 from {least:.1} to 100.0"));
    percent.and_then(Share::of_percent).ok_or_else(wrong)
}

fn bake(part: &Value, member: &str, default: u32) -> Result<u32, AwsError> {
    let minutes = Input::new(part).count(member)?.unwrap_or(default);
    let wrong = || invalid(format!("{member} must be between 0 and {MOST_BAKE_MINUTES}"));
    (minutes <= MOST_BAKE_MINUTES).then_some(minutes).ok_or_else(wrong)
}

fn hooks(configuration: &Value, minute: SignedDuration) -> Result<Vec<HookPlan>, AwsError> {
    let configured = Input::new(configuration).list("lifecycleHooks");
    configured.iter().map(|value| hook(Input::new(value), minute)).collect()
}

fn hook(input: Input<'_>, minute: SignedDuration) -> Result<HookPlan, AwsError> {
    let function = match input.text("targetType") {
        Some("PAUSE") => None,
        None | Some("AWS_LAMBDA") => {
            let missing = || invalid("hookTargetArn is required for hooks of type AWS_LAMBDA");
            Some(input.text("hookTargetArn").ok_or_else(missing)?.to_owned())
        }
        Some(_) => return Err(invalid("targetType must be one of AWS_LAMBDA, PAUSE")),
    };
    let stage = |word: &str| match Lifecycle::of_word(word).filter(|stage| stage.has_hooks()) {
        Some(stage) if function.is_some() || stage.may_pause() => Ok(stage),
        Some(_) => Err(invalid(format!("PAUSE hooks cannot be configured at {word}"))),
        None => Err(invalid(format!("{word} is not a stage a lifecycle hook can be configured at"))),
    };
    let stages: Vec<Lifecycle> = input.texts("lifecycleStages").into_iter().map(stage).collect::<Result<_, _>>()?;
    if stages.is_empty() {
        return Err(invalid("lifecycleStages must name at least one stage"));
    }
    let timeout = input.value("timeoutConfiguration").cloned().unwrap_or_default();
    let timeout = Input::new(&timeout);
    let length = timeout.count("timeoutInMinutes")?.unwrap_or(DAY);
    if !(1..=MOST_HOOK_MINUTES).contains(&length) {
        return Err(invalid(format!("timeoutInMinutes must be between 1 and {MOST_HOOK_MINUTES}")));
    }
    let on_timeout = timeout.text("action").map_or(Ok(HookAction::Rollback), hook_action)?;
    Ok(HookPlan { function, stages, timeout: minutes(length, minute), on_timeout })
}

/// `CONTINUE` or `ROLLBACK`.
pub(super) fn hook_action(word: &str) -> Result<HookAction, AwsError> {
    match word {
        "CONTINUE" => Ok(HookAction::Continue),
        "ROLLBACK" => Ok(HookAction::Rollback),
        _ => Err(invalid("action must be one of CONTINUE, ROLLBACK")),
    }
}

/// So many minutes of that length.
pub(super) fn minutes(count: u32, minute: SignedDuration) -> SignedDuration {
    i32::try_from(count).ok().and_then(|count| minute.checked_mul(count)).unwrap_or(SignedDuration::MAX)
}

/// A length of time in the kind of time the engine reckons with.
pub(super) fn signed(duration: std::time::Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidParameterException", message)
}
