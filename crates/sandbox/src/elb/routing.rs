//! Which target a request goes to.

use super::{
    rooms::{Rooms, Target, TargetGroup},
    rules::{Action, Asked, Fixed},
    target::State,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// A request on its way: where to, for whom it is counted, and that its target is busy until this is dropped.
#[derive(Debug)]
pub(super) struct Route {
    /// Where it goes.
    pub(super) goal: Goal,
    /// The `LoadBalancer` dimension.
    pub(super) balancer: String,
    /// The `TargetGroup` dimension.
    pub(super) group: Option<String>,
}

/// Where a request goes.
#[derive(Debug)]
pub(super) enum Goal {
    /// To a target.
    Target(SocketAddr, Busy),
    /// Back with an answer of the load balancer's.
    Fixed(Fixed),
    /// There is nobody to go to.
    Nobody,
}

/// A target works on a request until this is dropped.
#[derive(Debug)]
pub(super) struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn with(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Rooms {
    /// The way of the next request that came in at `port`; `dice` decides between weighted groups.
    pub(super) fn route(&mut self, port: u16, asked: Asked<'_>, dice: u32) -> Option<Route> {
        let listener = self.listeners.iter().find(|listener| listener.real_port == port);
        let balancer_arn = listener.map(|listener| listener.balancer_arn.clone());
        let balancer = self.balancers.iter().find(|b| b.port == port || Some(&b.arn) == balancer_arn.as_ref())?;
        let balancer = balancer.dimension().to_owned();
        let rule = listener.and_then(|listener| listener.rules.iter().find(|rule| rule.takes(asked)));
        let group = match rule.map(|rule| &rule.action) {
            Some(Action::Fixed(fixed)) => {
                return Some(Route { goal: Goal::Fixed(fixed.clone()), balancer, group: None });
            }
            Some(Action::Forward(groups)) => weighted(groups, dice).map(str::to_owned),
            None => None,
        };
        let Some(group) = group.and_then(|arn| self.group_mut(&arn).ok()) else {
            return Some(Route { goal: Goal::Nobody, balancer, group: None });
        };
        let goal = group.next_target().map_or(Goal::Nobody, |(at, busy)| Goal::Target(at, busy));
        Some(Route { goal, balancer, group: Some(group.dimension().to_owned()) })
    }
}

/// The group a request goes to: each in proportion to its weight.
fn weighted(forward: &[(String, u32)], dice: u32) -> Option<&str> {
    let total: u32 = forward.iter().map(|(_, weight)| weight).sum();
    let mut left = dice.checked_rem(total)?;
    for (arn, weight) in forward {
        if left < *weight {
            return Some(arn);
        }
        left -= weight;
    }
    None
}

impl TargetGroup {
    /// The healthy targets in turn; when every target is unhealthy all of them, as AWS fails open.
    fn next_target(&mut self) -> Option<(SocketAddr, Busy)> {
        let with = |state: State| -> Vec<(SocketAddr, Target)> {
            let matching = self.targets.iter().filter(|(_, target)| target.verdict.state == state);
            matching.map(|(at, target)| (*at, target.clone())).collect()
        };
        let mut candidates = with(State::Healthy);
        if candidates.is_empty() {
            candidates = with(State::Unhealthy);
        }
        self.turn = self.turn.wrapping_add(1);
        let (at, target) = candidates.get(self.turn.checked_rem(candidates.len())?)?;
        Some((*at, Busy::with(&target.in_flight)))
    }
}

#[cfg(test)]
mod tests {
    use super::weighted;

    #[test]
    fn requests_are_shared_in_proportion_to_the_weights() {
        let forward = [("blue".to_owned(), 90), ("green".to_owned(), 10)];
        let green = (0..1000).filter(|dice| weighted(&forward, *dice) == Some("green")).count();
        assert_eq!(green, 100);
        assert_eq!(weighted(&[("a".to_owned(), 0)], 7), None);
        assert_eq!(weighted(&[], 7), None);
    }
}
