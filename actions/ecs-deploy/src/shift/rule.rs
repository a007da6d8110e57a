//! A listener rule as a document: two weights read and changed, everything else sent back exactly as it was.
//!
//! `ModifyRule` replaces the whole list of actions, so what stands beside the weights — who has to log in first, which
//! headers count, members of tomorrow — is kept as it was read.

use aws::Element;
use rollout::Weight;

/// The actions of a rule, or a listener's default ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actions(Element);

/// Target groups with their weights, as the load balancer has them. Ratios, not percents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Weights {
    /// Of the side that has the traffic.
    pub(crate) stable: u32,
    /// Of the side that is to get it.
    pub(crate) candidate: u32,
}

/// The target groups of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Groups<'a> {
    /// Of the side that has the traffic.
    pub(crate) stable: &'a str,
    /// Of the side that is to get it.
    pub(crate) candidate: &'a str,
}

/// A rule whose weights this action does not move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RuleError {
    /// It forwards to nobody, or in several ways.
    #[error("the rule has {0} forward actions, and must have one")]
    Forwards(usize),
    /// Another group takes part.
    #[error("the rule also forwards to {0}, which is neither service's")]
    Stranger(String),
    /// Clients stick to a group: they would go on to it after its weight is zero, and get errors when it is empty.
    #[error("the rule keeps clients on their target group (stickiness), so moving weights does not move them")]
    Sticky,
    /// A weight that is no number.
    #[error("the rule's weights cannot be read")]
    Unreadable,
    /// Nothing goes anywhere.
    #[error("every weight of the rule is 0, so nobody gets any traffic")]
    Nobody,
}

impl Weights {
    /// These weights for a share of the candidate's: in percent where that says it, else in tenths of a percent.
    #[must_use]
    pub(crate) fn of(share: Weight) -> Self {
        let share = u32::from(share.permille());
        if share.is_multiple_of(10) {
            Self { stable: 100 - share / 10, candidate: share / 10 }
        } else {
            Self { stable: 1000 - share, candidate: share }
        }
    }

    /// The candidate's share.
    #[must_use]
    pub(crate) fn share(self) -> Option<Weight> {
        let all = u64::from(self.stable) + u64::from(self.candidate);
        let share = (u64::from(self.candidate) * 1000 + all / 2).checked_div(all)?;
        Weight::from_permille(u16::try_from(share).ok()?).ok()
    }

    /// The same seen from the other side.
    #[must_use]
    pub(crate) fn swapped(self) -> Self {
        Self { stable: self.candidate, candidate: self.stable }
    }
}

impl Actions {
    /// The actions of the first rule of `DescribeRules`, or of the first listener of `DescribeListeners`.
    #[must_use]
    pub(crate) fn read(answer: &Element) -> Option<Self> {
        let first = |list: &str, name: &str| {
            let entry = answer.members(&[list]).next()?;
            entry.at(&[name]).cloned()
        };
        first("Rules", "Actions").or_else(|| first("Listeners", "DefaultActions")).map(Self)
    }

    fn forwards(&self) -> impl Iterator<Item = &Element> {
        self.0.children.iter().filter(|action| action.text_at(&["Type"]) == Some("forward"))
    }

    /// Its target groups and their weights.
    fn groups(&self) -> Result<Vec<(String, u32)>, RuleError> {
        let mut forwards = self.forwards();
        let (Some(forward), None) = (forwards.next(), forwards.next()) else {
            return Err(RuleError::Forwards(self.forwards().count()));
        };
        if forward.text_at(&["ForwardConfig", "TargetGroupStickinessConfig", "Enabled"]) == Some("true") {
            return Err(RuleError::Sticky);
        }
        let mut groups = Vec::new();
        for group in forward.members(&["ForwardConfig", "TargetGroups"]) {
            let arn = group.text_at(&["TargetGroupArn"]).ok_or(RuleError::Unreadable)?;
            let weight = group.text_at(&["Weight"]).map_or(Ok(1), str::parse).map_err(|_| RuleError::Unreadable)?;
            groups.push((arn.to_owned(), weight));
        }
        match forward.text_at(&["TargetGroupArn"]) {
            Some(only) if groups.is_empty() => Ok(vec![(only.to_owned(), 1)]),
            _ => Ok(groups),
        }
    }

    /// The weights of the two sides; a group the rule does not name has none.
    ///
    /// # Errors
    /// [`RuleError`] for a rule that says more, or less.
    pub(crate) fn weights(&self, sides: Groups<'_>) -> Result<Weights, RuleError> {
        let groups = self.groups()?;
        let stranger = groups.iter().find(|(arn, _)| arn != sides.stable && arn != sides.candidate);
        if let Some((stranger, _)) = stranger {
            return Err(RuleError::Stranger(stranger.clone()));
        }
        let of = |side: &str| groups.iter().find(|(arn, _)| arn == side).map_or(0, |(_, weight)| *weight);
        let weights = Weights { stable: of(sides.stable), candidate: of(sides.candidate) };
        if weights.share().is_none() { Err(RuleError::Nobody) } else { Ok(weights) }
    }

    /// Whether the rule names that group.
    #[must_use]
    pub(crate) fn names(&self, group: &str) -> bool {
        self.groups().is_ok_and(|groups| groups.iter().any(|(arn, _)| arn == group))
    }

    /// The same actions with these weights.
    #[must_use]
    pub(crate) fn with(&self, sides: Groups<'_>, weights: Weights) -> Self {
        let leaf = |name: &str, text: String| Element { name: name.to_owned(), text, children: Vec::new() };
        let group = |arn: &str, weight: u32| Element {
            name: "member".to_owned(),
            text: String::new(),
            children: vec![leaf("TargetGroupArn", arn.to_owned()), leaf("Weight", weight.to_string())],
        };
        let groups = vec![group(sides.stable, weights.stable), group(sides.candidate, weights.candidate)];
        let mut actions = self.0.clone();
        for action in &mut actions.children {
            match action.text_at(&["Type"]) {
                Some("forward") => {
                    // The scalar names one group, and contradicts two.
                    action.children.retain(|child| child.name != "TargetGroupArn");
                    set(action, "ForwardConfig", |config| {
                        set(config, "TargetGroups", |list| list.children = groups.clone())
                    });
                }
                // The secret is not told, and need not be: the one that is there goes on.
                Some("authenticate-oidc") => set(action, "AuthenticateOidcConfig", |config| {
                    config
                        .children
                        .retain(|child| !["ClientSecret", "UseExistingClientSecret"].contains(&child.name.as_str()));
                    config.children.push(leaf("UseExistingClientSecret", "true".to_owned()));
                }),
                _ => {}
            }
        }
        Self(actions)
    }

    /// Whether two readings differ in nothing but the weights of these two groups: what else changed is somebody else's.
    #[must_use]
    pub(crate) fn differ_in_weights_only(&self, other: &Self, sides: Groups<'_>) -> bool {
        let level = Weights { stable: 1, candidate: 1 };
        let plain = |actions: &Self| actions.with(sides, level);
        self.weights(sides).is_ok() && other.weights(sides).is_ok() && plain(self) == plain(other)
    }

    /// As parameters of `ModifyRule` (`Actions`) or `ModifyListener` (`DefaultActions`).
    #[must_use]
    pub(crate) fn parameters(&self, name: &str) -> Vec<(String, String)> {
        let mut parameters = self.0.parameters(name);
        // An empty element is nothing to send.
        parameters.retain(|(_, value)| !value.is_empty());
        parameters
    }
}

/// Changes the child of that name, made where it is missing.
fn set(element: &mut Element, name: &str, change: impl FnOnce(&mut Element)) {
    if !element.children.iter().any(|child| child.name == name) {
        element.children.push(Element { name: name.to_owned(), ..Element::default() });
    }
    if let Some(child) = element.children.iter_mut().find(|child| child.name == name) {
        change(child);
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
