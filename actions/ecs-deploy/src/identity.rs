//! Which deployment is ours. Everyone who gets this wrong reports another's success as their own, or stops it.

use crate::model::{Service, ServiceDeployment, TaskSet};
use std::collections::BTreeSet;

/// The id of a deployment in the service's own view, `ecs-svc/<number>`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct DeploymentId(String);

/// The ARN of a service deployment that has been shown to be ours. The only value the program ever stops.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct OwnArn(String);

impl DeploymentId {
    /// The deployment an update began: PRIMARY in the answer, other than the one that was PRIMARY before the call, and
    /// for the task definition that was asked for. `None` when the update began none.
    #[must_use]
    pub(crate) fn begun(answer: &Service, primary_before: Option<&str>, task_definition: &str) -> Option<Self> {
        let primary = primary(answer)?;
        let ours = Some(primary.id.as_str()) != primary_before && primary.task_definition == task_definition;
        (ours && !primary.id.is_empty()).then(|| Self(primary.id.clone()))
    }

    /// The id of the deployment that goes to `revision`.
    #[must_use]
    pub(crate) fn of_revision(revision: &str) -> Option<Self> {
        let number = revision.rsplit('/').next().filter(|number| !number.is_empty())?;
        Some(Self(format!("ecs-svc/{number}")))
    }

    /// The id as ECS spells it, also the `startedBy` of its tasks.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, which ends the ARN of the deployment's service revision.
    fn number(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether `revision` is this deployment's.
    #[must_use]
    pub(crate) fn has_target(&self, revision: &str) -> bool {
        let number = self.number();
        !number.is_empty() && revision.rsplit('/').next() == Some(number)
    }
}

impl OwnArn {
    /// Finds our deployment among those of the service: the one whose target revision ends in our deployment's number.
    ///
    /// `currentServiceDeployment` of the service is not trusted, because it can be stale, nor is the newest one, because
    /// it can be someone else's. `before` are the ARNs that existed before we began; none of them can be ours.
    #[must_use]
    pub(crate) fn identify(listed: &[ServiceDeployment], id: &DeploymentId, before: &BTreeSet<String>) -> Option<Self> {
        let ours = |one: &&ServiceDeployment| {
            one.target().is_some_and(|target| id.has_target(target)) && !before.contains(&one.service_deployment_arn)
        };
        // A circuit breaker's way back may list the same revision again later: the first is the one we began.
        let earliest = listed.iter().filter(ours).min_by_key(|one| one.created_at)?;
        (!earliest.service_deployment_arn.is_empty()).then(|| Self(earliest.service_deployment_arn.clone()))
    }

    /// A deployment that a person asks to take back by `mode: rollback`, or that an earlier run of ours is recorded to
    /// have begun: theirs by word, not by finding.
    #[must_use]
    pub(crate) fn claimed(deployment: &ServiceDeployment) -> Self {
        Self(deployment.service_deployment_arn.clone())
    }

    /// The ARN's text.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The newest deployment in the service's own view.
#[must_use]
pub(crate) fn primary(service: &Service) -> Option<&crate::model::Deployment> {
    service.deployments.iter().find(|deployment| deployment.status == "PRIMARY")
}

/// The task set that has the traffic, of a service that CodeDeploy deploys; such a service has no deployments of its own.
#[must_use]
pub(crate) fn primary_set(service: &Service) -> Option<&TaskSet> {
    service.task_sets.iter().find(|set| set.status == "PRIMARY")
}

/// What started the tasks that the service runs now, as their `startedBy` has it; empty where nothing did.
#[must_use]
pub(crate) fn starter(service: &Service) -> &str {
    let set = || primary_set(service).map(|set| set.id.as_str());
    primary(service).map(|primary| primary.id.as_str()).or_else(set).unwrap_or_default()
}

/// The task definition the service runs now: that of its newest deployment, or of the task set that has the traffic. The
/// service's own member is what was last asked for, which after a rollback need not be the same.
#[must_use]
pub(crate) fn running(service: &Service) -> &str {
    let set = || primary_set(service).map(|set| set.task_definition.as_str());
    primary(service).map(|primary| primary.task_definition.as_str()).or_else(set).unwrap_or(&service.task_definition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Deployment;
    use proptest::prelude::*;

    fn service(primary: &str, task_definition: &str) -> Service {
        let deployment = |id: &str, status: &str, task_definition: &str| Deployment {
            id: id.into(),
            status: status.into(),
            task_definition: task_definition.into(),
            ..Deployment::default()
        };
        let deployments =
            vec![deployment("ecs-svc/1", "ACTIVE", "td:1"), deployment(primary, "PRIMARY", task_definition)];
        Service { deployments, ..Service::default() }
    }

    fn listed(arn: &str, target: &str) -> ServiceDeployment {
        ServiceDeployment {
            service_deployment_arn: arn.into(),
            target_service_revision_arn: Some(format!("arn:aws:ecs:r:1:service-revision/c/s/{target}")),
            ..ServiceDeployment::default()
        }
    }

    #[test]
    fn an_update_began_a_deployment_only_when_primary_is_new_and_for_our_revision() {
        let began = |primary: &str, td: &str| DeploymentId::begun(&service(primary, td), Some("ecs-svc/1"), "td:2");
        assert_eq!(began("ecs-svc/2", "td:2"), Some(DeploymentId("ecs-svc/2".into())));
        assert_eq!(began("ecs-svc/1", "td:2"), None, "the same deployment as before");
        assert_eq!(began("ecs-svc/2", "td:9"), None, "someone else's deployment in the answer");
        assert_eq!(DeploymentId::begun(&Service::default(), None, "td:2"), None);
    }

    #[test]
    fn a_deployment_has_the_number_of_the_revision_it_goes_to() {
        let of = |revision: &str| DeploymentId::of_revision(revision).map(|id| id.as_str().to_owned());
        assert_eq!(of("arn:aws:ecs:r:1:service-revision/c/s/22").as_deref(), Some("ecs-svc/22"));
        assert_eq!((of("service-revision/"), of("")), (None, None));
    }

    #[test]
    fn ours_is_found_by_the_number_and_never_by_being_the_newest() {
        let id = DeploymentId("ecs-svc/22".into());
        let all = [listed("newest", "122"), listed("other", "2"), listed("ours", "22")];
        assert_eq!(OwnArn::identify(&all, &id, &BTreeSet::new()), Some(OwnArn("ours".into())));
        assert_eq!(OwnArn::identify(&all[..2], &id, &BTreeSet::new()), None);
        assert_eq!(OwnArn::identify(&all, &id, &BTreeSet::from(["ours".to_owned()])), None, "it was there before us");
    }

    #[test]
    fn what_runs_is_what_the_newest_deployment_says() {
        let asked = Service { task_definition: "td:9".into(), ..service("ecs-svc/2", "td:2") };
        assert_eq!(running(&asked), "td:2");
        assert_eq!(starter(&asked), "ecs-svc/2");
        let none = Service { deployments: vec![], ..asked };
        assert_eq!((running(&none), starter(&none)), ("td:9", ""));
        let set = |id: &str, status: &str, task_definition: &str| TaskSet {
            id: id.into(),
            status: status.into(),
            task_definition: task_definition.into(),
            ..TaskSet::default()
        };
        let task_sets = vec![set("ecs-svc/8", "ACTIVE", "td:8"), set("ecs-svc/7", "PRIMARY", "td:7")];
        let sets = Service { task_sets, ..none };
        assert_eq!((running(&sets), starter(&sets)), ("td:7", "ecs-svc/7"));
    }

    proptest! {
        #[test]
        fn an_arn_is_ours_only_with_our_number_and_only_when_new(
            numbers in prop::collection::vec(0_u32..40, 0..12), mine in 0_u32..40, known in prop::collection::btree_set(0_usize..12, 0..4)
        ) {
            let all: Vec<_> = numbers.iter().enumerate().map(|(n, target)| listed(&format!("arn/{n}"), &target.to_string())).collect();
            let before = known.iter().map(|n| format!("arn/{n}")).collect();
            let found = OwnArn::identify(&all, &DeploymentId(format!("ecs-svc/{mine}")), &before);
            let fits = |n: usize| numbers[n] == mine && !known.contains(&n);
            match found {
                Some(arn) => prop_assert!(fits(arn.as_str()[4..].parse().unwrap())),
                None => prop_assert!(!(0..numbers.len()).any(fits)),
            }
        }
    }
}
