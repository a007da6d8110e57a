//! Traffic weights in real listener rules: set as a deployment orders, and looked at before it goes on.

use super::{deployment::Placement, engine::Share, service::Service};
use crate::{Cloud, elb::Rooms};

/// Gives the target revision of the current deployment these shares of production and test traffic.
pub(super) fn weigh(cloud: &Cloud, service: &Service, production: Share, test: Share) {
    let target = service.current().and_then(|current| service.revision(current.rollout.target));
    let mut rooms = cloud.elb.rooms();
    for placement in target.into_iter().flat_map(|revision| &revision.placements) {
        let Some(alternate) = &placement.alternate else { continue };
        for (rule, share) in [(&placement.production_rule, production), (&placement.test_rule, test)] {
            if let Some(rule) = rule {
                let (own, rest) = share.weights();
                let mut groups = vec![(placement.group.clone(), own), (alternate.clone(), rest)];
                // The order of names, whichever of the two is the new one.
                groups.sort();
                rooms.weigh(rule, groups);
            }
        }
    }
}

/// Whether the rules of the current deployment's target forward to both of its target groups, as AWS asks for.
pub(super) fn are_routable(cloud: &Cloud, service: &Service) -> bool {
    let target = service.current().and_then(|current| service.revision(current.rollout.target));
    let rooms = cloud.elb.rooms();
    target.is_none_or(|revision| revision.placements.iter().all(|placement| is_routable(&rooms, placement)))
}

fn is_routable(rooms: &Rooms, placement: &Placement) -> bool {
    let Some(alternate) = &placement.alternate else { return true };
    let rules = [&placement.production_rule, &placement.test_rule];
    let rules: Vec<_> = rules.into_iter().flatten().map(|arn| rooms.rule(arn)).collect();
    let forwards =
        |group: &String| rules.iter().flatten().any(|rule| rule.forward().iter().any(|(arn, _)| arn == group));
    rules.iter().all(Option::is_some) && forwards(&placement.group) && forwards(alternate)
}
