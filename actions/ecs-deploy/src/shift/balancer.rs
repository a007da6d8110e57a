//! The weights of a rule as the target of a rollout.

use super::{
    rule::{Actions, Weights},
    sides::Sides,
};
use aws::{Aws, AwsError};
use rollout::{Answer, Fate, Health, Observation, Target, Weight, Why};

/// Reads that fail one after the other, for reasons that do not pass, before it is given up.
const FAILURES: u32 = 20;

/// A rule being moved.
pub(crate) struct Balancer<'a> {
    /// The connection.
    pub(crate) aws: &'a Aws,
    /// The rule, or the listener for its default rule.
    pub(crate) rule: &'a str,
    /// The two sides, with the weights of before.
    pub(crate) sides: &'a Sides,
    /// The rule as it was before.
    pub(crate) before: Actions,
    /// Whether the release stays.
    pub(crate) promoted: bool,
    /// Whether everything is to go back.
    pub(crate) returning: bool,
    /// Failures in a row.
    pub(crate) failures: u32,
}

/// The rule's actions.
///
/// # Errors
/// Whatever the load balancer answers; `RuleNotFound` where it answers with none.
pub(crate) async fn read(aws: &Aws, rule: &str) -> Result<Actions, AwsError> {
    let (operation, name) = match is_listener(rule) {
        true => ("DescribeListeners", "ListenerArns.member.1"),
        false => ("DescribeRules", "RuleArns.member.1"),
    };
    let answer = aws.load_balancing(operation, &[(name, rule)]).await?;
    Actions::read(&answer).ok_or_else(|| AwsError {
        service: "elasticloadbalancing",
        operation: operation.to_owned(),
        code: "RuleNotFound".to_owned(),
        message: format!("there is no rule {rule}"),
        request_id: None,
        status: None,
    })
}

/// Sets the rule's actions as a whole.
///
/// # Errors
/// Whatever the load balancer answers.
pub(crate) async fn write(aws: &Aws, rule: &str, actions: &Actions) -> Result<(), AwsError> {
    let (operation, arn, list) = match is_listener(rule) {
        true => ("ModifyListener", "ListenerArn", "DefaultActions"),
        false => ("ModifyRule", "RuleArn", "Actions"),
    };
    let parameters = actions.parameters(list);
    let mut all = vec![(arn, rule)];
    all.extend(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    aws.load_balancing(operation, &all).await.map(drop)
}

fn is_listener(rule: &str) -> bool {
    rule.contains(":listener/")
}

impl Balancer<'_> {
    /// Writes these weights, unless somebody else has changed the rule meanwhile: then nothing of theirs is overwritten,
    /// and the next look tells.
    async fn set(&mut self, weights: Weights) -> Result<Answer, AwsError> {
        let now = match read(self.aws, self.rule).await {
            Ok(now) => now,
            Err(error) => return self.not_now(error),
        };
        let groups = self.sides.groups();
        if !now.differ_in_weights_only(&self.before, groups) {
            return Ok(Answer::NotNow);
        }
        if now.weights(groups).ok() == Some(weights) {
            return Ok(Answer::Taken);
        }
        match write(self.aws, self.rule, &now.with(groups, weights)).await {
            Ok(()) => Ok(Answer::Taken),
            Err(error) => self.not_now(error),
        }
    }

    /// What may pass is waited out; what does not pass is given up after a while.
    fn not_now(&mut self, error: AwsError) -> Result<Answer, AwsError> {
        self.failures += u32::from(!error.is_throttling() && !error.is_transient());
        // A right that is missing does not come by waiting.
        if self.failures < FAILURES && !error.is_denied() { Ok(Answer::NotNow) } else { Err(error) }
    }

    async fn look(&self) -> Result<Observation, AwsError> {
        let groups = self.sides.groups();
        let now = read(self.aws, self.rule).await?;
        if !now.differ_in_weights_only(&self.before, groups) {
            let by = "somebody else changed the rule while its weights were being moved".to_owned();
            return Ok(Observation { fate: Some(Fate::Overtaken(by)), ..Observation::default() });
        }
        let weight = now.weights(groups).ok().and_then(Weights::share);
        let candidate = health(&targets(self.aws, groups.candidate).await?, self.sides.candidate.tasks.max(1));
        let stable = health(&targets(self.aws, groups.stable).await?, 1);
        let back = self.returning && weight == Some(Weight::NONE);
        let fate = match () {
            () if self.promoted => Some(Fate::Promoted),
            () if back => Some(Fate::WentBack("the weights are as they were before".to_owned())),
            () => None,
        };
        Ok(Observation { weight, candidate, stable, hopeless: None, fate })
    }
}

impl Target for Balancer<'_> {
    type Error = AwsError;

    async fn observe(&mut self) -> Result<Observation, AwsError> {
        match self.look().await {
            Ok(observation) => {
                self.failures = 0;
                Ok(observation)
            }
            Err(error) => self.not_now(error).map(|_| Observation::default()),
        }
    }

    async fn shift(&mut self, weight: Weight) -> Result<Answer, AwsError> {
        self.set(Weights::of(weight)).await
    }

    async fn promote(&mut self) -> Result<Answer, AwsError> {
        self.promoted = true;
        Ok(Answer::Taken)
    }

    async fn go_back(&mut self, _: &Why) -> Result<Answer, AwsError> {
        // A promotion is only a mark of ours: who goes back after it has gone back.
        (self.promoted, self.returning) = (false, true);
        self.set(self.sides.weights).await
    }
}

/// A target's state and the load balancer's word for why.
pub(super) type Seen = (String, String);

/// The states of a group's targets.
pub(super) async fn targets(aws: &Aws, group: &str) -> Result<Vec<Seen>, AwsError> {
    let answer = aws.load_balancing("DescribeTargetHealth", &[("TargetGroupArn", group)]).await?;
    let text =
        |member: &aws::Element, name: &str| member.text_at(&["TargetHealth", name]).unwrap_or_default().to_owned();
    Ok(answer.members(&["TargetHealthDescriptions"]).map(|one| (text(one, "State"), text(one, "Reason"))).collect())
}

/// Whether a group can carry traffic: at least so many targets are healthy. A group with an unhealthy target and too few
/// healthy ones cannot; whatever else is too few is not known yet.
fn health(targets: &[Seen], wanted: u32) -> Health {
    let healthy = targets.iter().filter(|(state, _)| state == "healthy").count();
    if healthy >= wanted as usize {
        return Health::Healthy;
    }
    let bad = |state: &str| ["unhealthy", "unhealthy.draining", "unavailable"].contains(&state);
    match targets.iter().find(|(state, _)| bad(state)) {
        Some((state, reason)) => {
            Health::Unhealthy(format!("{healthy} of {wanted} targets are healthy; one is {state}: {reason}"))
        }
        None if targets.iter().all(|(state, _)| state == "draining") => {
            Health::Unhealthy(format!("{healthy} of {wanted} targets are healthy"))
        }
        None => Health::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_healthy_with_enough_healthy_targets_and_unhealthy_only_on_evidence() {
        let seen = |states: &[&str]| -> Vec<Seen> {
            states.iter().map(|state| ((*state).to_owned(), "r".to_owned())).collect()
        };
        for (states, wanted, word) in [
            (vec!["healthy", "healthy"], 2, "healthy"),
            (vec!["healthy", "healthy", "draining"], 2, "healthy"),
            (vec!["healthy", "healthy", "unhealthy"], 2, "healthy"),
            (vec!["healthy", "unhealthy"], 2, "unhealthy"),
            (vec!["healthy", "initial"], 2, "unknown"),
            (vec!["unused"], 1, "unknown"),
            (vec!["draining"], 1, "unhealthy"),
            (vec![], 1, "unhealthy"),
        ] {
            let found = match health(&seen(&states), wanted) {
                Health::Healthy => "healthy",
                Health::Unhealthy(_) => "unhealthy",
                Health::Unknown => "unknown",
            };
            assert_eq!(found, word, "{states:?} of {wanted}");
        }
    }
}
