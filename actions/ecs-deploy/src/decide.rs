//! What to do about a service, from facts and wishes alone.

use crate::{
    configuration,
    definition::Definition,
    identity::{primary, primary_set},
    inputs::{Engine, Progress},
    model::{Service, ServiceDeployment},
    overrides::Overrides,
    rollout::FORCED,
};
use serde_json::{Map, Value};
use subject::ImageRef;

/// What a person wants done when someone else's deployment is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnCompeting {
    /// Change nothing and say whose it is.
    Refuse,
    /// Begin ours all the same; ECS then replaces the other.
    Supersede,
}

/// What a person wants of ECS's deployment circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Breaker {
    /// On, with rollback, for this deployment and later ones.
    Rollback,
    /// As the service has it.
    Keep,
}

/// Whether the registry has the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It answered with the image.
    Present,
    /// It answered that there is none.
    Missing,
    /// It did not answer, or not to us.
    Unknown(String),
}

/// A deployment in flight, with what is known of its origin.
#[derive(Debug, Clone)]
pub(crate) struct InFlight {
    /// The deployment.
    pub(crate) deployment: ServiceDeployment,
    /// What it deploys, where that could be read.
    pub(crate) definition: Option<Definition>,
}

/// Everything a decision is made from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The service, or `None` when there is none of that name.
    pub(crate) service: Option<Service>,
    /// The task definition it runs now.
    pub(crate) definition: Definition,
    /// What is built on, where that is not what runs now.
    pub(crate) base: Option<Definition>,
    /// The newest revisions of the base's family.
    pub(crate) recent: Vec<Definition>,
    /// Deployments that have not ended.
    pub(crate) in_flight: Vec<InFlight>,
    /// Whether the images are there.
    pub(crate) presence: Vec<(ImageRef, Presence)>,
    /// The page of this very run, where there is one.
    pub(crate) run_url: Option<String>,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// What is to be different from the base, its containers known to exist.
    pub(crate) overrides: Overrides,
    /// At least as many tasks.
    pub(crate) tasks: Option<u32>,
    /// How the release comes to its traffic.
    pub(crate) progress: Progress,
    /// About deployments of others.
    pub(crate) on_competing: OnCompeting,
    /// About the circuit breaker.
    pub(crate) breaker: Breaker,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plan {
    /// Nothing: why, and what to do instead.
    Refuse(Refusal),
    /// The service runs that already; only look whether that is true of every task.
    Keep,
    /// A deployment of this image by one of our runs is under way: follow it.
    Adopt {
        /// It.
        deployment: Box<ServiceDeployment>,
        /// The task definition it deploys.
        task_definition: String,
        /// Whether this very run began it, and so may stop it.
        may_stop: bool,
    },
    /// Begin a deployment.
    Release(Box<Release>),
}

/// A deployment to begin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Release {
    /// What to deploy.
    pub(crate) source: Source,
    /// What to send to `UpdateService` besides cluster, service and task definition: only what is to change.
    pub(crate) update: Map<String, Value>,
    /// What differs, for people.
    pub(crate) diff: Option<String>,
    /// Someone else's deployments that this one will replace.
    pub(crate) supersedes: Vec<String>,
}

/// Where the task definition comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// It is registered.
    Register(Value),
    /// A revision that is there already means the same.
    Reuse(String),
    /// The service names it already, and its last deployment did not end well.
    Again,
}

/// A refusal, before anything was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Why, as a whole clause.
    pub(crate) why: String,
    /// What to do.
    pub(crate) help: String,
}

fn refuse(why: impl Into<String>, help: impl Into<String>) -> Plan {
    Plan::Refuse(Refusal { why: why.into(), help: help.into() })
}

/// Decides what to do about a wished deployment.
#[must_use]
pub(crate) fn decide(facts: &Facts, wish: &Wish) -> Plan {
    let service = match able(facts.service.as_ref(), Roller::by(&wish.progress.engine)) {
        Ok(service) => service,
        Err(refusal) => return Plan::Refuse(refusal),
    };
    if let Some((image, _)) = facts.presence.iter().find(|(_, presence)| *presence == Presence::Missing) {
        return refuse(
            format!("the registry has no image {image}"),
            "push the image first, or correct the digest; nothing can be pulled by this name",
        );
    }
    let configuration = match configuration::wanted(service, wish.breaker, &wish.progress) {
        Ok(configuration) => configuration,
        Err(refusal) => return Plan::Refuse(refusal),
    };
    let base = facts.base.as_ref().unwrap_or(&facts.definition);
    let registration = base.registration(&wish.overrides, facts.run_url.as_deref());
    if let Some(plan) = in_flight(facts, wish, &registration) {
        return plan;
    }
    if let Some(plan) = unlisted(service, facts, wish).or_else(|| other_side(service)) {
        return plan;
    }
    let again = facts.definition.fulfils(&registration);
    let enough = wish.tasks.is_none_or(|tasks| tasks <= service.desired_count);
    if again && enough && facts.in_flight.is_empty() && is_settled(service) {
        return Plan::Keep;
    }
    let supersedes = facts.in_flight.iter().map(|one| one.deployment.service_deployment_arn.clone()).collect();
    let mut update = Map::new();
    update.extend(configuration.map(|configuration| ("deploymentConfiguration".to_owned(), configuration)));
    if let Some(tasks) = wish.tasks.filter(|tasks| *tasks > service.desired_count) {
        update.insert("desiredCount".to_owned(), tasks.into());
    }
    let diff = facts.definition.diff(&registration).filter(|_| !again);
    let source = source(facts, registration, again);
    // A task definition that was asked for before begins no deployment by itself, even when it was taken back since.
    // Nor does one that another run has just begun to deploy, which may not be seen yet: what is begun is to be ours.
    if again || matches!(source, Source::Reuse(_)) {
        update.insert(FORCED.to_owned(), Value::Bool(true));
    }
    Plan::Release(Box::new(Release { source, update, diff, supersedes }))
}

/// A new revision only where none of the newest ones means the same.
fn source(facts: &Facts, registration: Value, again: bool) -> Source {
    let known = facts.base.iter().chain(&facts.recent);
    let mut equal = known.filter(|known| known.is_active() && known.fulfils(&registration));
    match equal.next() {
        _ if again => Source::Again,
        Some(known) => Source::Reuse(known.arn().to_owned()),
        None => Source::Register(registration),
    }
}

/// Who has to roll a service out for what is to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roller {
    /// ECS itself.
    Ecs,
    /// CodeDeploy.
    CodeDeploy,
    /// Whoever: the service is only looked at.
    Anybody,
}

impl Roller {
    /// For a deployment by this engine.
    #[must_use]
    pub(crate) fn by(engine: &Engine) -> Self {
        match engine {
            Engine::Ecs | Engine::LoadBalancer { .. } => Self::Ecs,
            Engine::CodeDeploy { .. } => Self::CodeDeploy,
        }
    }
}

/// Whether this service is there and rolled out by whoever has to, so that there is something to begin and follow.
///
/// # Errors
/// The reason why not.
pub(crate) fn able(service: Option<&Service>, roller: Roller) -> Result<&Service, Refusal> {
    let no = |why: String, help: &str| Err(Refusal { why, help: help.to_owned() });
    let Some(service) = service else {
        return no("there is no such service".to_owned(), "correct `cluster`, `service` or `aws-region`");
    };
    if service.status != "ACTIVE" {
        return no(format!("the service is {}", service.status), "create it again, or correct `service`");
    }
    let controller = service.deployment_controller.as_ref().map_or("ECS", |controller| controller.kind.as_str());
    match (roller, controller) {
        (Roller::Anybody, _) => return Ok(service),
        (Roller::Ecs, "ECS") => {}
        (Roller::CodeDeploy, "CODE_DEPLOY") => {
            return match primary_set(service) {
                Some(_) => Ok(service),
                None => no("the service has no primary task set".to_owned(), "let its first deployment end"),
            };
        }
        (Roller::CodeDeploy, "ECS") => {
            let why = "the service's deployment controller is ECS, not CODE_DEPLOY".to_owned();
            return no(why, "leave `engine` at `ecs`");
        }
        (Roller::Ecs, "CODE_DEPLOY") => {
            let why = "the service's deployment controller is CODE_DEPLOY, not ECS".to_owned();
            return no(why, "set `engine: code-deploy`");
        }
        (Roller::Ecs | Roller::CodeDeploy, _) => {
            let why = format!("the service's deployment controller is {controller}, neither ECS nor CODE_DEPLOY");
            return no(why, "let whoever made it deploy it, or make the service anew with the controller ECS");
        }
    }
    if service.scheduling_strategy.as_deref() == Some("DAEMON") {
        return no(
            "the service schedules one task per instance (DAEMON)".to_owned(),
            "deploy daemon services by other means",
        );
    }
    Ok(service)
}

/// What deployments in flight make of the wish; `None` when there are none, or they are to be replaced.
fn in_flight(facts: &Facts, wish: &Wish, registration: &Value) -> Option<Plan> {
    let newest = facts.in_flight.iter().max_by_key(|one| one.deployment.created_at)?;
    let run_url = newest.definition.as_ref().and_then(Definition::run_url);
    let same = newest.definition.as_ref().is_some_and(|definition| definition.fulfils(registration));
    if let (Some(url), Some(definition), true, false) =
        (run_url, &newest.definition, same, newest.deployment.status.is_rollback())
    {
        return Some(Plan::Adopt {
            deployment: Box::new(newest.deployment.clone()),
            task_definition: definition.arn().to_owned(),
            may_stop: facts.run_url.as_deref().is_some_and(|ours| same_run(ours, url)),
        });
    }
    if wish.on_competing == OnCompeting::Supersede {
        return None;
    }
    let whose = run_url.map_or_else(|| "not begun by this suite".to_owned(), |url| format!("begun by {url}"));
    let (arn, status) = (&newest.deployment.service_deployment_arn, newest.deployment.status.word());
    Some(refuse(
        format!("another deployment is in flight: {arn} is {status}, {whose}"),
        "wait for its end, take it back with `mode: rollback`, or set `on-competing: supersede` to replace it",
    ))
}

/// A deployment that the service shows in progress and no list has yet: lists lag behind.
fn unlisted(service: &Service, facts: &Facts, wish: &Wish) -> Option<Plan> {
    let primary = primary(service).filter(|primary| primary.rollout_state.as_deref() == Some("IN_PROGRESS"))?;
    let hidden = facts.in_flight.is_empty() && wish.on_competing == OnCompeting::Refuse;
    hidden.then(|| {
        refuse(
            format!("another deployment is in flight: the service shows {} in progress", primary.id),
            "wait for its end, or set `on-competing: supersede` to replace it",
        )
    })
}

/// A release that CodeDeploy is bringing in; it deploys one at a time.
fn other_side(service: &Service) -> Option<Plan> {
    let other = service.task_sets.iter().find(|set| set.status == "ACTIVE")?;
    Some(refuse(
        format!("another release is on its way: {}", other.task_definition),
        "wait for its end, or take it back with `mode: recover` where a run of this suite began it",
    ))
}

/// Attempts of one run are one run.
#[must_use]
pub(crate) fn same_run(one: &str, other: &str) -> bool {
    let run = |url: &str| url.split("/attempts/").next().map(str::to_owned);
    run(one) == run(other)
}

/// Whether the newest deployment of the service has come to a good end.
fn is_settled(service: &Service) -> bool {
    let state = primary(service).and_then(|deployment| deployment.rollout_state.as_deref());
    // The state is absent behind a Classic Load Balancer; with nothing in flight there is nothing to repeat.
    service.deployments.len() <= 1 && state.is_none_or(|state| state == "COMPLETED")
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
