//! Services whose deployments CodeDeploy makes: what it may order, and how their task sets look.
//!
//! A task set is a revision of the service; shifting traffic between two of them is what the engine does for ECS's own
//! strategies.

use super::{
    arn,
    deployment::ServiceDeployment,
    describe,
    engine::{
        Cause, Hook, HookAction, HookPlan, HookStatus, Hooks, Lifecycle, Native, OnFailure, Plan, RevisionId, Stage,
        Watch, Watching,
    },
    manner::Manner,
    service::Service,
    strategy, weights,
};
use crate::{AwsError, Cloud, wire::epoch};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What CodeDeploy orders.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) task_definition: String,
    pub(crate) plan: Plan,
    /// The two target groups, and the rules that production and test traffic come by.
    pub(crate) groups: [String; 2],
    pub(crate) production_rule: String,
    pub(crate) test_rule: Option<String>,
    /// How many minutes it waits for somebody to let traffic over; none waits for nobody.
    pub(crate) ready_minutes: Option<u32>,
    /// How many minutes blue is kept.
    pub(crate) termination_minutes: u32,
    pub(crate) alarms: Vec<String>,
    pub(crate) on_failure: OnFailure,
    pub(crate) on_alarm: OnFailure,
}

/// How far an ordered deployment has come.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    /// The furthest lifecycle stage on the way forward.
    pub(crate) reached: Lifecycle,
    pub(crate) entered: Vec<(Lifecycle, Timestamp)>,
    /// Whether it waits for somebody to let traffic over.
    pub(crate) is_ready: bool,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) rollback_started_at: Option<Timestamp>,
    pub(crate) updated_at: Timestamp,
    /// Blue and green, as `TaskSet`s with the share of production traffic.
    pub(crate) task_sets: Vec<Value>,
}

/// Who makes a service's deployments: the `type` of its deployment controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controller {
    Ecs,
    CodeDeploy,
    /// Somebody with task sets of their own, which the sandbox has not: such a service has no tasks.
    External,
}

impl Controller {
    /// The controller of a service with these members; none for a word that is none of AWS's.
    pub(super) fn of(controller: Option<&Value>) -> Option<Self> {
        match controller.and_then(|controller| controller["type"].as_str()) {
            None | Some("ECS") => Some(Self::Ecs),
            Some("CODE_DEPLOY") => Some(Self::CodeDeploy),
            Some("EXTERNAL") => Some(Self::External),
            Some(_) => None,
        }
    }

    /// The controller of a service.
    pub(super) fn of_service(service: &Service) -> Self {
        Self::of(service.member("deploymentController")).unwrap_or(Self::Ecs)
    }
}

/// Checks that there is such a service, as `CreateDeploymentGroup` and `CreateDeployment` do.
pub(crate) fn check(cloud: &Cloud, cluster: &str, service: &str) -> Result<(), String> {
    let state = cloud.ecs.state();
    let service = state.service(Some(cluster), service).map_err(|error| error.message)?;
    if Controller::of_service(service) == Controller::CodeDeploy {
        Ok(())
    } else {
        Err("Deployment group's ECS service must be configured for a CODE_DEPLOY deployment controller.".to_owned())
    }
}

/// Whether a deployment of the service is under way.
pub(crate) fn is_busy(cloud: &Cloud, cluster: &str, service: &str) -> bool {
    let state = cloud.ecs.state();
    let service = state.service(Some(cluster), service).ok();
    service.and_then(Service::current).is_some_and(|current| !current.rollout.stage.is_over())
}

/// Begins a deployment; what it is asked about by.
pub(crate) fn begin(cloud: &Cloud, order: &Order) -> Result<String, AwsError> {
    let now = cloud.clock.now();
    let id = arn::fresh_deployment_id();
    let pace = &cloud.place.pace;
    let patience = strategy::signed(pace.patience);
    let ready = order.ready_minutes.map(|minutes| HookPlan {
        function: None,
        stages: vec![Lifecycle::PostTestTrafficShift],
        timeout: strategy::minutes(minutes, patience),
        on_timeout: HookAction::Rollback,
    });
    let hooks = Hooks { seed: id.clone(), configured: ready.into_iter().collect(), met: Vec::new() };
    let native = Native::new(order.plan, hooks, strategy::minutes(strategy::DAY, patience));
    let rolls_back = order.on_alarm == OnFailure::GoBack;
    let watch = Watch { names: order.alarms.clone(), rolls_back, state: Watching::NotYet };
    let [group, alternate] = &order.groups;
    let mut state = cloud.ecs.state();
    let definition = state.families.usable(&order.task_definition)?.clone();
    let service = state.service_mut(Some(&order.cluster), &order.service)?;
    let own = service.member("loadBalancers").and_then(|balancers| balancers[0]["targetGroupArn"].as_str());
    let other = if own == Some(group) { alternate } else { group };
    let mut advanced = json!({"alternateTargetGroupArn": other, "productionListenerRule": order.production_rule});
    if let Some(rule) = &order.test_rule {
        advanced["testListenerRule"] = rule.clone().into();
    }
    let manner = Manner {
        configuration: service.member("deploymentConfiguration").cloned().unwrap_or_default(),
        native: Some(Native { on_failure: order.on_failure, on_alarm: order.on_alarm, ..native }),
        breaker: None,
        watch: (!order.alarms.is_empty()).then_some(watch),
        bake: strategy::minutes(order.termination_minutes, strategy::signed(pace.minute)),
        advanced: Some(advanced),
    };
    let arn = service.begin(cloud, &definition, (id, manner), now);
    service.task_definition.clone_from(&definition.arn);
    Ok(arn)
}

/// How far a deployment has come, as `operation` sees it; none when the service is gone.
pub(crate) fn progress(cloud: &Cloud, arn: &str, operation: &str) -> Option<Progress> {
    let (cluster, name) = arn::service_of(arn)?;
    let state = cloud.ecs.view(operation);
    let service = state.service(Some(cluster), name).ok()?;
    let deployment = service.deployments.iter().find(|deployment| deployment.arn == arn)?;
    let native = deployment.rollout.native.as_ref()?;
    let waits = |hook: &Hook| hook.status == HookStatus::AwaitingAction;
    let shown = native.given_up_at.unwrap_or(native.lifecycle);
    // A linear shift comes to the stage before it again and again.
    let shifting =
        shown == Lifecycle::PreProductionTrafficShift && native.entered.iter().any(|(stage, _)| *stage > shown);
    let sets = [deployment.rollout.fallback, Some(deployment.rollout.target)];
    Some(Progress {
        stage: deployment.rollout.stage,
        reached: if shifting { Lifecycle::ProductionTrafficShift } else { shown },
        entered: native.entered.clone(),
        is_ready: native.hooks.met.iter().any(waits),
        started_at: deployment.started_at,
        finished_at: deployment.finished_at,
        rollback_started_at: deployment.rollback_started_at,
        updated_at: deployment.updated_at,
        task_sets: sets.into_iter().flatten().filter_map(|id| task_set(cloud, service, deployment, id)).collect(),
    })
}

/// Changes a deployment under way; false when it has ended.
pub(crate) fn change(cloud: &Cloud, arn: &str, change: Change) -> bool {
    let now = cloud.clock.now();
    let mut state = cloud.ecs.state();
    let Some((cluster, name)) = arn::service_of(arn) else { return false };
    let Ok(service) = state.service_mut(Some(cluster), name) else { return false };
    let Some(deployment) = service.deployments.iter_mut().find(|deployment| deployment.arn == arn) else {
        return false;
    };
    deployment.updated_at = now;
    let rollout = &mut deployment.rollout;
    match change {
        Change::Stop(OnFailure::GoBack) => rollout.request_stop(),
        Change::Stop(OnFailure::StayPut) => {
            let halted = rollout.halt();
            if halted {
                deployment.finished_at = Some(now);
                deployment.stopped_at = Some(now);
            }
            halted
        }
        Change::EndReadyWait => rollout.native.as_mut().is_some_and(|native| {
            let waiting = native.hooks.met.iter().find(|hook| hook.status == HookStatus::AwaitingAction);
            let id = waiting.map(|hook| hook.id.clone());
            id.is_some_and(|id| native.hooks.answer(&id, HookAction::Continue).is_ok())
        }),
        Change::EndTerminationWait => {
            let bakes = rollout.native.as_ref().is_some_and(|native| native.lifecycle == Lifecycle::BakeTime);
            if bakes {
                rollout.bake = jiff::SignedDuration::ZERO;
            }
            bakes
        }
    }
}

/// What may be done to a deployment under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Stop(OnFailure),
    /// Traffic may go over.
    EndReadyWait,
    /// Blue may go.
    EndTerminationWait,
}

/// The `taskSets` of a service: the primary first.
pub(super) fn of_service(cloud: &Cloud, service: &Service) -> Vec<Value> {
    let Some(current) = service.current() else { return Vec::new() };
    let rollout = &current.rollout;
    let over = rollout.stage.is_over() && !matches!(rollout.stage, Stage::Stopped(_));
    let others = if over { Vec::new() } else { vec![rollout.target, rollout.fallback.unwrap_or(rollout.target)] };
    let primary = primary(current);
    let mut ids = vec![primary];
    ids.extend(others.into_iter().filter(|id| *id != primary));
    ids.dedup();
    ids.into_iter().filter_map(|id| task_set(cloud, service, current, id)).collect()
}

/// The task set that has the production traffic.
fn primary(deployment: &ServiceDeployment) -> RevisionId {
    deployment.rollout.serving().unwrap_or(deployment.rollout.primary())
}

fn task_set(cloud: &Cloud, service: &Service, deployment: &ServiceDeployment, id: RevisionId) -> Option<Value> {
    let revision = service.revision(id)?;
    let [running, pending, wanted] = describe::counts(cloud, service, id);
    let share = super::shifting::shares(&deployment.rollout, id).map_or(100.0, |(production, _)| production.percent());
    // The first task set is not steady before its targets are healthy.
    let settled = deployment.rollout.native.is_some() || deployment.rollout.stage.is_over();
    let steady = settled && running == service.desired as usize && pending == 0;
    let balancers = service.member("loadBalancers").and_then(Value::as_array).cloned().unwrap_or_default();
    let balancers = balancers.into_iter().zip(&revision.placements).map(|(mut balancer, placement)| {
        balancer["targetGroupArn"] = placement.group.clone().into();
        balancer
    });
    let mut set = json!({
        "id": revision.deployment_id(),
        "taskSetArn": cloud.place.arn("ecs", &format!("task-set/{}/{}/{}", service.cluster, service.name, revision.deployment_id())),
        "serviceArn": service.arn,
        "clusterArn": cloud.place.arn("ecs", &format!("cluster/{}", service.cluster)),
        "startedBy": "CODE_DEPLOY",
        "status": if primary(deployment) == id { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": revision.task_definition,
        "computedDesiredCount": wanted,
        "pendingCount": pending,
        "runningCount": running,
        "createdAt": epoch(revision.created_at),
        "updatedAt": epoch(revision.updated_at),
        "loadBalancers": balancers.collect::<Vec<_>>(),
        "serviceRegistries": [],
        "scale": {"value": share_of_tasks(service, wanted), "unit": "PERCENT"},
        "stabilityStatus": if steady { "STEADY_STATE" } else { "STABILIZING" },
        "stabilityStatusAt": epoch(revision.updated_at),
        "tags": [],
    });
    for member in ["launchType", "platformVersion", "networkConfiguration"] {
        if let Some(value) = revision.members.get(member) {
            set[member] = value.clone();
        }
    }
    // Not a member of a task set, but of what CodeDeploy tells about it.
    set["trafficWeight"] = share.into();
    Some(set)
}

fn share_of_tasks(service: &Service, wanted: usize) -> f64 {
    if service.desired == 0 || wanted > 0 { 100.0 } else { 0.0 }
}

/// A task set as ECS shows it.
pub(super) fn plain(mut set: Value) -> Value {
    if let Some(set) = set.as_object_mut() {
        set.remove("trafficWeight");
    }
    set
}

/// Whether the cause of an end is a person's.
pub(crate) fn was_asked_for(cause: Cause) -> bool {
    matches!(cause, Cause::Request | Cause::HookTimedOut | Cause::Superseded)
}

/// Whether what traffic is shifted with is in order: CodeDeploy puts its target groups into the rules itself.
pub(super) fn are_routable(cloud: &Cloud, service: &Service) -> bool {
    Controller::of_service(service) == Controller::CodeDeploy || weights::are_routable(cloud, service)
}
