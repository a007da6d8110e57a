//! Where to go back to, from the service's history alone.

use crate::{
    decide::Refusal,
    inputs::Back,
    model::{Revision, ServiceDeployment, Status},
};
use std::collections::BTreeSet;
use subject::Reference;

/// What is known of the way back.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// The task definition the service names now.
    pub(crate) current: String,
    /// Every listed service deployment.
    pub(crate) deployments: Vec<ServiceDeployment>,
    /// The revisions those went to, as far as ECS still knows them.
    pub(crate) revisions: Vec<Revision>,
    /// The task definitions that this very run registered, where that was asked for.
    pub(crate) ours: BTreeSet<String>,
}

impl History {
    /// The task definition a deployment goes to, where its revision is known.
    #[must_use]
    pub(crate) fn goes_to(&self, deployment: &ServiceDeployment) -> Option<&str> {
        let target = deployment.target()?;
        let revision = self.revisions.iter().find(|revision| revision.service_revision_arn == target)?;
        Some(revision.task_definition.as_str()).filter(|name| !name.is_empty())
    }

    /// The newest revision of a task definition that succeeded.
    #[must_use]
    pub(crate) fn revision(&self, task_definition: &str) -> Option<&Revision> {
        let mut good = successes(self).map(|(_, revision)| revision);
        good.find(|revision| revision.task_definition == task_definition)
    }

    /// Whether a task definition, by `family:revision`, was deployed and never successfully.
    #[must_use]
    pub(crate) fn has_failed(&self, name: &str) -> bool {
        let tried =
            self.deployments.iter().filter_map(|deployment| self.goes_to(deployment)).any(|it| is_same(name, it));
        tried && !successes(self).any(|(_, revision)| is_same(name, &revision.task_definition))
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Return {
    /// A deployment is in flight: have ECS take it back.
    TakeBack(Box<ServiceDeployment>),
    /// A deployment is in flight that is itself the way back: follow it.
    Join(Box<ServiceDeployment>),
    /// Deploy this task definition.
    To {
        /// The task definition.
        task_definition: String,
    },
    /// There is nothing to take back, if what the service names really runs.
    Already {
        /// Why, as a whole clause.
        why: String,
    },
    /// History has nothing; an older revision of the family is all there is to try.
    Older,
    /// Nothing.
    Refuse(Refusal),
}

/// Chooses where to go back to.
///
/// The last *successful* deployment counts, not the revision number before this one: number minus one may be the release
/// that never came up.
#[must_use]
pub(crate) fn choose(history: &History, back: &Back) -> Return {
    match back {
        Back::Last | Back::Verified => last(history),
        Back::Revision(name) => named(history, name),
        Back::Deployment(arn) => {
            let found = successes(history).find(|(deployment, _)| deployment.service_deployment_arn == *arn);
            success(history, found, || format!("{arn} is no successful deployment in the service's history"))
        }
        Back::Time(at) => {
            let found = successes(history).find(|(deployment, _)| deployment.created_at.is_some_and(|it| it <= *at));
            success(history, found, || format!("no deployment in the service's history had succeeded by {at}"))
        }
        Back::Image(image) => {
            let digest = image.digest.to_string();
            let ran = |revision: &Revision| {
                revision.container_images.iter().any(|one| {
                    let here = one.image.parse::<Reference>().is_ok_and(|r| *r.repository() == image.repository);
                    let written = matches!(one.image.parse(), Ok(Reference::Image(written)) if written == *image);
                    written || (here && one.image_digest.as_deref() == Some(digest.as_str()))
                })
            };
            match successes(history).find(|(_, revision)| ran(revision)) {
                Some((_, revision)) => named(history, &revision.task_definition),
                None => Return::Refuse(Refusal {
                    why: format!("no successful deployment in the service's history ran {image}"),
                    help: "deploy it with `mode: deploy` and `image`, or name a task definition by `to-revision`"
                        .to_owned(),
                }),
            }
        }
    }
}

/// To what a successful deployment put in place.
fn success(history: &History, found: Option<(&ServiceDeployment, &Revision)>, why: impl FnOnce() -> String) -> Return {
    match found {
        Some((_, revision)) => named(history, &revision.task_definition),
        None => Return::Refuse(Refusal {
            why: why(),
            help: "ECS keeps 90 days; name a task definition by `to-revision`".to_owned(),
        }),
    }
}

/// To a task definition, by whatever is under way there already.
fn named(history: &History, name: &str) -> Return {
    match in_flight(history) {
        Some(deployment) if !deployment.status.is_rollback() => match history.goes_to(deployment) {
            Some(goal) if is_same(name, goal) => Return::Join(Box::new(deployment.clone())),
            _ => Return::To { task_definition: name.to_owned() },
        },
        None if is_same(name, &history.current) => Return::Already { why: "the service runs that already".to_owned() },
        _ => Return::To { task_definition: name.to_owned() },
    }
}

/// To the release before the one the service is on, or on its way to.
fn last(history: &History) -> Return {
    let flying = in_flight(history);
    let heading = match flying {
        Some(deployment) => history.goes_to(deployment),
        None => Some(history.current.as_str()),
    };
    let latest = successes(history).next().map(|(_, revision)| revision.task_definition.as_str());
    let forward = flying.filter(|deployment| !deployment.status.is_rollback());
    if let (Some(deployment), Some(heading)) = (forward, heading)
        && latest != Some(heading)
        && history.revision(heading).is_some()
    {
        // Only a way back goes to what has succeeded before, and taking that back would bring the bad release again.
        return Return::Join(Box::new(deployment.clone()));
    }
    if !history.ours.is_empty() && !heading.is_some_and(|heading| history.ours.contains(heading)) {
        return gone(history, flying);
    }
    match (flying, heading) {
        (None, _) => before(history, &history.current),
        // The same release put in again: taking that back would leave it running.
        (Some(_), Some(heading)) if latest == Some(heading) => before(history, heading),
        (Some(deployment), _) => Return::TakeBack(Box::new(deployment.clone())),
    }
}

/// The service is not on this run's release any more: what others have put there since is not ours to take back.
fn gone(history: &History, flying: Option<&ServiceDeployment>) -> Return {
    match flying {
        None => {
            let why = format!("this run's release has been replaced by {} already", short(&history.current));
            Return::Already { why }
        }
        Some(deployment) => Return::Refuse(Refusal {
            why: format!("{} is in flight, and it is not this run's", deployment.service_deployment_arn),
            help: "wait for its end; `to-image` or `to-revision` go back whatever is in flight".to_owned(),
        }),
    }
}

/// The newest release that succeeded before `task_definition` first did. What succeeded after that is what has been
/// gone back from: going there would be going forth.
fn before(history: &History, task_definition: &str) -> Return {
    let its = successes(history).filter(|(_, revision)| revision.task_definition == task_definition);
    let first = its.map(|(deployment, _)| deployment.created_at).min();
    let earlier = |(deployment, revision): &(&ServiceDeployment, &Revision)| {
        revision.task_definition != task_definition && first.is_none_or(|first| deployment.created_at < first)
    };
    match successes(history).find(earlier) {
        Some((_, revision)) => Return::To { task_definition: revision.task_definition.clone() },
        None => Return::Older,
    }
}

/// `family:revision` of an ARN.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn in_flight(history: &History) -> Option<&ServiceDeployment> {
    let open = history.deployments.iter().filter(|deployment| !deployment.status.is_terminal());
    open.max_by_key(|deployment| deployment.created_at)
}

/// Successful deployments with their revisions, newest first.
fn successes(history: &History) -> impl Iterator<Item = (&ServiceDeployment, &Revision)> {
    let mut good: Vec<_> =
        history.deployments.iter().filter(|deployment| deployment.status == Status::Successful).collect();
    good.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
    good.into_iter().filter_map(|deployment| {
        let target = deployment.target()?;
        let revision = history.revisions.iter().find(|revision| revision.service_revision_arn == target)?;
        Some((deployment, revision))
    })
}

/// `family:revision` or an ARN, against an ARN.
fn is_same(name: &str, arn: &str) -> bool {
    name == arn || (!name.starts_with("arn:") && arn.rsplit('/').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use subject::{Digest, ImageRef};

    fn td(number: u32) -> String {
        format!("arn:aws:ecs:r:1:task-definition/api:{number}")
    }

    fn image(name: &str) -> ImageRef {
        "registry.example/app".parse::<subject::Repository>().unwrap().image(Digest::of(name.as_bytes()))
    }

    /// Deployments by (created, status, task definition); the revision runs the image named like the task definition.
    fn history(current: u32, deployments: &[(u32, &str, u32)]) -> History {
        let deployment = |(created, status, n): &(u32, &str, u32)| {
            json!({"serviceDeploymentArn": format!("sd/{created}"), "createdAt": created, "status": status,
                "targetServiceRevisionArn": format!("rev/{n}")})
        };
        let revision = |(_, _, n): &(u32, &str, u32)| {
            let image = image(&n.to_string());
            let images = json!([{"containerName": "api", "image": format!("{}:v{n}", image.repository), "imageDigest": image.digest}]);
            json!({"serviceRevisionArn": format!("rev/{n}"), "taskDefinition": td(*n), "containerImages": images})
        };
        History {
            current: td(current),
            deployments: serde_json::from_value(deployments.iter().map(deployment).collect()).unwrap(),
            revisions: serde_json::from_value(deployments.iter().map(revision).collect()).unwrap(),
            ours: BTreeSet::new(),
        }
    }

    fn to(n: u32) -> Return {
        Return::To { task_definition: td(n) }
    }

    fn already() -> Return {
        Return::Already { why: "the service runs that already".into() }
    }

    #[test]
    fn back_is_the_last_success_that_differs_and_not_the_number_before() {
        for (current, deployments, wanted) in [
            (3, vec![(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)], to(2)),
            (3, vec![(1, "SUCCESSFUL", 1), (2, "ROLLBACK_SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)], to(1)),
            (3, vec![(2, "SUCCESSFUL", 1), (1, "SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)], to(1)),
            (3, vec![(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "ROLLBACK_FAILED", 3)], to(2)),
            (2, vec![(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "ROLLBACK_SUCCESSFUL", 3)], to(1)),
            (1, vec![(1, "SUCCESSFUL", 1), (2, "STOPPED", 2)], Return::Older),
            (1, vec![], Return::Older),
        ] {
            assert_eq!(choose(&history(current, &deployments), &Back::Last), wanted, "{deployments:?}");
        }
    }

    #[test]
    fn going_back_twice_goes_further_back_and_never_forth_to_what_was_gone_back_from() {
        let back = [(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "SUCCESSFUL", 3), (4, "SUCCESSFUL", 2)];
        assert_eq!(choose(&history(2, &back), &Back::Last), to(1));
        assert_eq!(
            choose(&history(1, &[(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "SUCCESSFUL", 1)]), &Back::Last),
            Return::Older
        );
    }

    #[test]
    fn what_others_have_put_in_the_place_of_this_runs_release_is_not_taken_back() {
        let of_run = |ours: u32, history: History| choose(&History { ours: [td(ours)].into(), ..history }, &Back::Last);
        let two = [(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2)];
        assert_eq!(of_run(2, history(2, &two)), to(1), "ours is in place");
        let replaced = history(3, &[two[0], two[1], (3, "SUCCESSFUL", 3)]);
        assert!(matches!(of_run(2, replaced), Return::Already { .. }), "a newer release is in place");
        let taken_back = history(1, &[(0, "SUCCESSFUL", 9), two[0], (2, "ROLLBACK_SUCCESSFUL", 2)]);
        assert!(matches!(of_run(2, taken_back), Return::Already { .. }), "ECS took ours back itself");
        let coming = history(3, &[two[0], two[1], (3, "IN_PROGRESS", 3)]);
        assert!(matches!(of_run(2, coming.clone()), Return::Refuse(_)), "a newer release is coming");
        assert!(matches!(of_run(3, coming.clone()), Return::TakeBack(_)), "ours is coming");
        let unknown = History { revisions: vec![], ..coming };
        assert!(matches!(of_run(2, unknown), Return::Refuse(_)), "who knows what is coming");
    }

    #[test]
    fn a_way_back_in_flight_is_followed_and_a_release_put_in_again_is_not_the_way_back() {
        let mut all = vec![(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "IN_PROGRESS", 1)];
        assert!(matches!(choose(&history(1, &all), &Back::Last), Return::Join(_)));
        assert!(matches!(choose(&history(1, &all), &Back::Revision("api:1".into())), Return::Join(_)));
        all[2] = (3, "IN_PROGRESS", 2);
        assert_eq!(choose(&history(2, &all), &Back::Last), to(1));
        all[2] = (3, "ROLLBACK_IN_PROGRESS", 3);
        assert!(matches!(choose(&history(3, &all), &Back::Last), Return::TakeBack(_)));
    }

    #[test]
    fn what_was_tried_and_never_succeeded_is_known_to_have_failed() {
        let history = history(3, &[(1, "SUCCESSFUL", 1), (2, "ROLLBACK_SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)]);
        assert_eq!(
            ["api:1", "api:2", "api:3", "api:4"].map(|name| history.has_failed(name)),
            [false, true, false, false]
        );
    }

    #[test]
    fn what_is_in_flight_is_taken_back_first() {
        let history = history(2, &[(1, "SUCCESSFUL", 1), (2, "IN_PROGRESS", 2)]);
        match choose(&history, &Back::Last) {
            Return::TakeBack(deployment) => assert_eq!(deployment.service_deployment_arn, "sd/2"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_image_is_found_by_digest_among_the_successes() {
        let history = history(3, &[(1, "SUCCESSFUL", 1), (2, "ROLLBACK_SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)]);
        assert_eq!(choose(&history, &Back::Image(image("1"))), to(1));
        assert_eq!(choose(&history, &Back::Image(image("3"))), already());
        assert!(matches!(choose(&history, &Back::Image(image("2"))), Return::Refuse(_)), "it never came up");
        // Beside a container of another image, and named by its digest in the task definition.
        let mut beside = history.clone();
        let pinned = beside.revisions.first_mut().unwrap();
        let mut sidecar = pinned.container_images[0].clone();
        (sidecar.image, sidecar.image_digest) = ("other.example/proxy:v1".to_owned(), None);
        pinned.container_images[0].image = image("1").to_string();
        pinned.container_images[0].image_digest = None;
        pinned.container_images.push(sidecar);
        assert_eq!(choose(&beside, &Back::Image(image("1"))), to(1));
        assert!(matches!(choose(&beside, &Back::Image(image("none"))), Return::Refuse(_)));
        let elsewhere = "other.example/app".parse::<subject::Repository>().unwrap().image(image("1").digest);
        assert!(matches!(choose(&history, &Back::Image(elsewhere)), Return::Refuse(_)));
    }

    #[test]
    fn a_deployment_or_a_moment_says_how_far_back_and_only_a_success_counts() {
        let history = history(
            4,
            &[(1, "SUCCESSFUL", 1), (2, "ROLLBACK_SUCCESSFUL", 2), (3, "SUCCESSFUL", 3), (4, "SUCCESSFUL", 4)],
        );
        let at = |second: i64| choose(&history, &Back::Time(jiff::Timestamp::from_second(second).unwrap()));
        assert_eq!([at(1), at(2), at(3)], [to(1), to(1), to(3)]);
        assert_eq!(at(99), already());
        assert!(matches!(at(0), Return::Refuse(_)));
        let by = |arn: &str| choose(&history, &Back::Deployment(arn.to_owned()));
        assert_eq!(by("sd/3"), to(3));
        assert!(matches!(by("sd/2"), Return::Refuse(_)) && matches!(by("sd/9"), Return::Refuse(_)));
    }

    #[test]
    fn a_revision_is_named_in_short_or_in_full() {
        let history = history(3, &[(1, "SUCCESSFUL", 1), (3, "SUCCESSFUL", 3)]);
        let by = |name: &str| choose(&history, &Back::Revision(name.to_owned()));
        assert_eq!(by("api:3"), already());
        assert_eq!(by(&td(3)), already());
        assert_eq!(by("api:1"), Return::To { task_definition: "api:1".into() });
        assert_eq!(by("api:2"), Return::To { task_definition: "api:2".into() });
    }
}
