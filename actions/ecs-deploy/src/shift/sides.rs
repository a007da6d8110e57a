//! Which of two services has the traffic, and whether it may be moved to the other: from facts alone.

use super::rule::{Actions, Groups, Weights};
use crate::{
    decide::{Refusal, Roller, able},
    model::Service,
};

/// A service as one side of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Side {
    /// Its name.
    pub(crate) name: String,
    /// Its target group.
    pub(crate) group: String,
    /// The tasks it is to have.
    pub(crate) tasks: u32,
}

/// The two sides of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sides {
    /// The side that has all of the traffic.
    pub(crate) stable: Side,
    /// The side that has none, and takes the release.
    pub(crate) candidate: Side,
    /// The weights as they are.
    pub(crate) weights: Weights,
}

/// A service by the name it was given.
pub(crate) type Named<'a> = (&'a str, Option<&'a Service>);

impl Sides {
    /// The target groups of both.
    #[must_use]
    pub(crate) fn groups(&self) -> Groups<'_> {
        Groups { stable: &self.stable.group, candidate: &self.candidate.group }
    }

    /// Tells the sides apart by the rule's weights.
    ///
    /// # Errors
    /// The reason why this action must not touch the rule.
    pub(crate) fn tell(one: Named<'_>, other: Named<'_>, actions: &Actions) -> Result<Self, Refusal> {
        let (one, other) = (side(one)?, side(other)?);
        let refuse = |why: String, help: &str| Refusal { why, help: help.to_owned() };
        if one.group == other.group {
            return Err(refuse(
                format!("`{}` and `{}` stand behind the same target group", one.name, other.name),
                "give the alternate service a target group of its own",
            ));
        }
        let groups = Groups { stable: &one.group, candidate: &other.group };
        let weights = actions.weights(groups).map_err(|error| {
            refuse(
                error.to_string(),
                "the rule must forward to the target groups of the two services and to nothing else",
            )
        })?;
        match (weights.stable, weights.candidate) {
            (1.., 0) => Ok(Self { stable: one, candidate: other, weights }),
            (0, 1..) => Ok(Self { stable: other, candidate: one, weights: weights.swapped() }),
            _ => Err(refuse(
                format!(
                    "both services have traffic (`{}` {}, `{}` {}), as a shift leaves it that was not brought to its end",
                    one.name, weights.stable, other.name, weights.candidate
                ),
                "`mode: recover` gives everything back to the service that had it before",
            )),
        }
    }
}

fn side((name, service): Named<'_>) -> Result<Side, Refusal> {
    let about = |refusal: Refusal| Refusal { why: format!("`{name}`: {}", refusal.why), ..refusal };
    let service = able(service, Roller::Ecs).map_err(about)?;
    let refuse = |why: &str, help: &str| Refusal { why: format!("`{name}` {why}"), help: help.to_owned() };
    let [balancer] = service.load_balancers.as_slice() else {
        return Err(refuse("must stand behind exactly one target group", "give the service one load balancer"));
    };
    if !balancer.advanced_configuration.is_null() {
        return Err(refuse(
            "has its traffic shifted by ECS itself (`advancedConfiguration`), and two must not move one rule",
            "use `engine: ecs`",
        ));
    }
    let Some(group) = &balancer.target_group_arn else {
        return Err(refuse("stands behind a Classic Load Balancer", "weights need an Application Load Balancer"));
    };
    Ok(Side { name: name.to_owned(), group: group.clone(), tasks: service.desired_count })
}

#[cfg(test)]
#[path = "sides_tests.rs"]
mod tests;
