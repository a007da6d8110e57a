//! How a deployment that shifts traffic looks in answers.

use super::{
    deployment::Placement,
    engine::{Hook, Native, RevisionId, Rollout, Share},
};
use crate::wire::epoch;
use serde_json::{Value, json};

/// The shares of production and test traffic a deployment wants a revision to have; none where it does not shift any.
pub(super) fn shares(rollout: &Rollout, revision: RevisionId) -> Option<(Share, Share)> {
    let native = rollout.native.as_ref()?;
    Some(if revision == rollout.target {
        (native.production, native.test)
    } else if Some(revision) == rollout.fallback {
        (native.production.rest(), native.test.rest())
    } else {
        (Share::NONE, Share::NONE)
    })
}

/// `lifecycleHookDetails`, oldest first.
pub(super) fn hooks(native: &Native) -> Value {
    let detail = |hook: &Hook| {
        let mut detail = json!({
            "hookId": hook.id,
            "targetType": if hook.function.is_some() { "AWS_LAMBDA" } else { "PAUSE" },
            "status": hook.status.word(),
            "expiresAt": epoch(hook.expires_at),
            "timeoutAction": hook.on_timeout.word(),
        });
        if let Some(function) = &hook.function {
            detail["targetArn"] = function.clone().into();
        }
        detail
    };
    native.hooks.met.iter().map(detail).collect()
}

/// A `ServiceRevisionLoadBalancer`.
pub(super) fn balancer(placement: &Placement) -> Value {
    let mut balancer = json!({"targetGroupArn": placement.group});
    if let Some(rule) = &placement.production_rule {
        balancer["productionListenerRule"] = rule.clone().into();
    }
    balancer
}
