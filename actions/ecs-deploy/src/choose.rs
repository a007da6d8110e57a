//! Where to go back to, from the service's history alone.

use crate::{
    decide::Refusal,
    inputs::Back,
    model::{Revision, ServiceDeployment, Status},
};
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
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Return {
    /// A deployment is in flight: have ECS take it back.
    TakeBack(Box<ServiceDeployment>),
    /// Deploy this task definition; the revision says which digests it ran, where one is known.
    To {
        /// The task definition.
        task_definition: String,
        /// The service revision that ran it.
        revision: Option<String>,
    },
    /// The service runs that already.
    Already,
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
        Back::Last => last(history),
        Back::Revision(name) if is_same(name, &history.current) && in_flight(history).is_none() => Return::Already,
        Back::Revision(name) => {
            let known = successes(history).find(|(_, revision)| is_same(name, &revision.task_definition));
            let revision = known.map(|(_, revision)| revision.service_revision_arn.clone());
            Return::To { task_definition: name.clone(), revision }
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
                Some((_, revision)) if revision.task_definition == history.current && in_flight(history).is_none() => {
                    Return::Already
                }
                Some((_, revision)) => to(revision),
                None => Return::Refuse(Refusal {
                    why: format!("no successful deployment in the service's history ran {image}"),
                    help: "deploy it with `mode: deploy` and `image`, or name a task definition by `to-revision`"
                        .to_owned(),
                }),
            }
        }
    }
}

fn last(history: &History) -> Return {
    if let Some(deployment) = in_flight(history) {
        return Return::TakeBack(Box::new(deployment.clone()));
    }
    match successes(history).find(|(_, revision)| revision.task_definition != history.current) {
        Some((_, revision)) => to(revision),
        None => Return::Older,
    }
}

fn to(revision: &Revision) -> Return {
    Return::To {
        task_definition: revision.task_definition.clone(),
        revision: Some(revision.service_revision_arn.clone()),
    }
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
        }
    }

    fn to(n: u32) -> Return {
        Return::To { task_definition: td(n), revision: Some(format!("rev/{n}")) }
    }

    #[test]
    fn back_is_the_last_success_that_differs_and_not_the_number_before() {
        for (current, deployments, wanted) in [
            (3, vec![(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)], to(2)),
            (3, vec![(1, "SUCCESSFUL", 1), (2, "ROLLBACK_SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)], to(1)),
            (3, vec![(9, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "SUCCESSFUL", 3)], to(1)),
            (2, vec![(1, "SUCCESSFUL", 1), (2, "SUCCESSFUL", 2), (3, "ROLLBACK_SUCCESSFUL", 3)], to(1)),
            (1, vec![(1, "SUCCESSFUL", 1), (2, "STOPPED", 2)], Return::Older),
            (1, vec![], Return::Older),
        ] {
            assert_eq!(choose(&history(current, &deployments), &Back::Last), wanted, "{deployments:?}");
        }
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
        assert_eq!(choose(&history, &Back::Image(image("3"))), Return::Already);
        assert!(matches!(choose(&history, &Back::Image(image("2"))), Return::Refuse(_)), "it never came up");
        let elsewhere = "other.example/app".parse::<subject::Repository>().unwrap().image(image("1").digest);
        assert!(matches!(choose(&history, &Back::Image(elsewhere)), Return::Refuse(_)));
    }

    #[test]
    fn a_revision_is_named_in_short_or_in_full() {
        let history = history(3, &[(1, "SUCCESSFUL", 1), (3, "SUCCESSFUL", 3)]);
        let by = |name: &str| choose(&history, &Back::Revision(name.to_owned()));
        assert_eq!(by("api:3"), Return::Already);
        assert_eq!(by(&td(3)), Return::Already);
        assert_eq!(by("api:1"), Return::To { task_definition: "api:1".into(), revision: Some("rev/1".into()) });
        assert_eq!(by("api:2"), Return::To { task_definition: "api:2".into(), revision: None });
    }
}
