use super::*;
use crate::{
    definition::RUN_TAG,
    model::{Controller, Deployment, Status, TaskSet},
};
use serde_json::json;
use subject::Digest;

const RUN: &str = "https://server/o/r/actions/runs/7/attempts/1";

fn image(text: &str) -> ImageRef {
    let repository: subject::Repository = "registry.example/app".parse().unwrap();
    repository.image(Digest::of(text.as_bytes()))
}

fn definition(running: &str, run: Option<&str>) -> Definition {
    let containers = json!([{"name": "api", "image": image(running).to_string()}]);
    let document = json!({"taskDefinitionArn": format!("td-{running}"), "family": "f", "status": "ACTIVE", "containerDefinitions": containers});
    Definition { document, tags: run.map(|url| json!({"key": RUN_TAG, "value": url})).into_iter().collect() }
}

fn service() -> Service {
    let primary = Deployment {
        id: "ecs-svc/1".into(),
        status: "PRIMARY".into(),
        rollout_state: Some("COMPLETED".into()),
        ..Deployment::default()
    };
    let configuration = json!({"maximumPercent": 200, "minimumHealthyPercent": 100, "alarms": {"enable": false}});
    Service {
        status: "ACTIVE".into(),
        desired_count: 1,
        deployments: vec![primary],
        deployment_configuration: configuration,
        ..Service::default()
    }
}

fn facts() -> Facts {
    Facts {
        service: Some(service()),
        definition: definition("old", None),
        presence: vec![(image("new"), Presence::Present)],
        run_url: Some(RUN.to_owned()),
        ..Facts::default()
    }
}

fn to(name: &str) -> Overrides {
    Overrides::default().with(Some(&image(name)), None, &definition("old", None)).unwrap()
}

fn wish() -> Wish {
    let (on_competing, breaker) = (OnCompeting::Refuse, Breaker::Rollback);
    Wish { overrides: to("new"), tasks: None, on_competing, breaker, progress: Progress::as_is() }
}

fn flying(what: &str, run: Option<&str>, status: Status) -> InFlight {
    let deployment =
        ServiceDeployment { service_deployment_arn: "sd/1".into(), status, ..ServiceDeployment::default() };
    InFlight { deployment, definition: Some(definition(what, run)) }
}

fn refusal(plan: &Plan) -> &str {
    match plan {
        Plan::Refuse(refusal) => &refusal.why,
        other => panic!("not a refusal: {other:?}"),
    }
}

fn release(plan: Plan) -> Release {
    match plan {
        Plan::Release(release) => *release,
        other => panic!("not a release: {other:?}"),
    }
}

#[test]
fn another_image_is_registered_and_the_breaker_goes_with_it_in_the_same_update() {
    let release = release(decide(&facts(), &wish()));
    let Source::Register(registration) = release.source else { panic!("{:?}", release.source) };
    assert_eq!(registration["containerDefinitions"][0]["image"], image("new").to_string());
    assert!(release.diff.unwrap().contains("+"));
    let wanted = json!({"deploymentConfiguration": {
        "maximumPercent": 200, "minimumHealthyPercent": 100, "alarms": {"enable": false},
        "deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    assert_eq!(Value::Object(release.update), wanted, "what the service has is sent back unchanged, nothing else is");
}

#[test]
fn a_breaker_that_is_as_wished_is_not_sent() {
    let thresholds = json!({"enable": true, "rollback": true, "resetOnHealthyTask": false});
    for (present, wish_of, sent) in [
        (thresholds.clone(), Breaker::Rollback, None),
        (json!({"enable": false, "rollback": false}), Breaker::Keep, None),
        (Value::Null, Breaker::Keep, None),
        (
            json!({"enable": true, "rollback": false, "thresholdConfiguration": {"type": "COUNT", "value": 2}}),
            Breaker::Rollback,
            Some(json!({"enable": true, "rollback": true, "thresholdConfiguration": {"type": "COUNT", "value": 2}})),
        ),
    ] {
        let mut facts = facts();
        let configuration = json!({"deploymentCircuitBreaker": present});
        facts.service.as_mut().unwrap().deployment_configuration = configuration;
        let update = release(decide(&facts, &Wish { breaker: wish_of, ..wish() })).update;
        assert_eq!(
            update.get("deploymentConfiguration").map(|c| c["deploymentCircuitBreaker"].clone()),
            sent,
            "{present}"
        );
    }
}

#[test]
fn the_same_image_at_rest_is_kept() {
    let plan = decide(&facts(), &Wish { overrides: to("old"), ..wish() });
    assert_eq!(plan, Plan::Keep);
}

#[test]
fn what_runs_on_fewer_tasks_than_carry_the_traffic_is_not_kept() {
    for (tasks, kept) in [(Some(0), true), (Some(1), true), (Some(2), false)] {
        let plan = decide(&facts(), &Wish { overrides: to("old"), tasks, ..wish() });
        assert_eq!(plan == Plan::Keep, kept, "{tasks:?}");
    }
}

#[test]
fn the_same_image_after_a_failed_deployment_is_deployed_again_by_force() {
    let mut facts = facts();
    facts.service.as_mut().unwrap().deployments[0].rollout_state = Some("FAILED".into());
    let release = release(decide(&facts, &Wish { overrides: to("old"), ..wish() }));
    assert_eq!((release.source, release.update["forceNewDeployment"].clone()), (Source::Again, json!(true)));
}

#[test]
fn what_cannot_be_rolled_out_is_refused_before_anything_changes() {
    let broken = |change: &dyn Fn(&mut Facts)| {
        let mut facts = facts();
        change(&mut facts);
        refusal(&decide(&facts, &wish())).to_owned()
    };
    let of = |change: fn(&mut Service)| broken(&|facts: &mut Facts| change(facts.service.as_mut().unwrap()));
    let controller = |kind: &str| Some(Controller { kind: kind.into() });
    assert!(broken(&|facts| facts.service = None).contains("no such service"));
    assert!(of(|service| service.status = "DRAINING".into()).contains("DRAINING"));
    assert!(of(|service| service.status = "INACTIVE".into()).contains("INACTIVE"));
    assert!(of(|service| service.scheduling_strategy = Some("DAEMON".into())).contains("DAEMON"));
    for kind in ["CODE_DEPLOY", "EXTERNAL"] {
        let why = broken(&|facts| facts.service.as_mut().unwrap().deployment_controller = controller(kind));
        assert!(why.contains(kind));
    }
    assert!(broken(&|facts| facts.presence[0].1 = Presence::Missing).contains("no image"));
    let other = (image("sidecar"), Presence::Missing);
    assert!(broken(&|facts| facts.presence.push(other.clone())).contains("no image"), "each image is looked for");
}

#[test]
fn each_engine_has_its_controller_and_a_look_needs_none() {
    use Roller::{Anybody, CodeDeploy, Ecs};
    let set = |status: &str| TaskSet { status: status.into(), task_definition: "td:7".into(), ..TaskSet::default() };
    let of = |kind: &str, task_sets: Vec<TaskSet>| Service {
        deployment_controller: Some(Controller { kind: kind.into() }),
        task_sets,
        ..service()
    };
    let primary = || vec![set("PRIMARY")];
    for (kind, sets, roller, help) in [
        ("ECS", vec![], Ecs, None),
        ("ECS", vec![], Anybody, None),
        ("ECS", vec![], CodeDeploy, Some("leave `engine` at `ecs`")),
        ("CODE_DEPLOY", primary(), CodeDeploy, None),
        ("CODE_DEPLOY", vec![], CodeDeploy, Some("let its first deployment end")),
        ("CODE_DEPLOY", primary(), Anybody, None),
        ("CODE_DEPLOY", primary(), Ecs, Some("set `engine: code-deploy`")),
        ("EXTERNAL", primary(), Ecs, Some("make the service anew with the controller ECS")),
        ("EXTERNAL", primary(), CodeDeploy, Some("make the service anew with the controller ECS")),
        ("EXTERNAL", primary(), Anybody, None),
    ] {
        let (service, why) = (of(kind, sets), format!("{kind} {roller:?}"));
        match (able(Some(&service), roller), help) {
            (Ok(_), None) => {}
            (Err(refusal), Some(help)) => assert!(refusal.help.contains(help), "{why}: {refusal:?}"),
            (found, _) => panic!("{why}: {:?}", found.map(|_| ())),
        }
    }
    // However it is looked at, it has to be there.
    let gone = Service { status: "INACTIVE".into(), ..of("ECS", vec![]) };
    assert!(able(Some(&gone), Anybody).is_err() && able(None, Anybody).is_err());
    let progress =
        Progress { engine: Engine::CodeDeploy { application: None, group: None, config: None }, ..Progress::as_is() };
    let wish = Wish { progress, ..wish() };
    let plan = |sets| decide(&Facts { service: Some(of("CODE_DEPLOY", sets)), ..facts() }, &wish);
    assert!(matches!(plan(primary()), Plan::Release(_)));
    assert!(refusal(&plan(vec![set("PRIMARY"), set("ACTIVE")])).contains("another release is on its way: td:7"));
    assert!(matches!(plan(vec![set("PRIMARY"), set("DRAINING")]), Plan::Release(_)));
}

#[test]
fn a_registry_that_does_not_answer_is_no_reason_to_refuse() {
    let facts = Facts { presence: vec![(image("new"), Presence::Unknown("no answer in time".into()))], ..facts() };
    assert!(matches!(decide(&facts, &wish()), Plan::Release(_)));
}

#[test]
fn a_foreign_deployment_in_flight_is_refused_by_name_or_superseded_on_request() {
    for (in_flight, whose) in [
        (flying("other", None, Status::InProgress), "not begun by this suite"),
        (flying("other", Some("https://server/run"), Status::Pending), "begun by https://server/run"),
        (flying("new", None, Status::InProgress), "not begun by this suite"),
        (flying("new", Some(RUN), Status::RollbackInProgress), "ROLLBACK_IN_PROGRESS"),
        (InFlight { definition: None, ..flying("new", None, Status::InProgress) }, "not begun by this suite"),
    ] {
        let facts = Facts { in_flight: vec![in_flight], ..facts() };
        let plan = decide(&facts, &wish());
        assert!(refusal(&plan).contains(whose) && refusal(&plan).contains("sd/1"), "{plan:?}");
        let supersede = Wish { on_competing: OnCompeting::Supersede, ..wish() };
        assert_eq!(release(decide(&facts, &supersede)).supersedes, ["sd/1"]);
    }
}

#[test]
fn a_deployment_that_the_service_shows_and_no_list_has_yet_is_refused_or_superseded_on_request() {
    for wanted in ["old", "new"] {
        let mut facts = facts();
        facts.service.as_mut().unwrap().deployments[0].rollout_state = Some("IN_PROGRESS".into());
        let wish = Wish { overrides: to(wanted), ..wish() };
        assert!(refusal(&decide(&facts, &wish)).contains("shows ecs-svc/1 in progress"));
        release(decide(&facts, &Wish { on_competing: OnCompeting::Supersede, ..wish }));
    }
}

#[test]
fn our_own_deployment_of_the_same_image_is_adopted_and_stopped_only_by_the_run_that_began_it() {
    let again = "https://server/o/r/actions/runs/7/attempts/2";
    let other = "https://server/o/r/actions/runs/8/attempts/1";
    for (began, ours) in [(RUN, true), (again, true), (other, false)] {
        let facts = Facts { in_flight: vec![flying("new", Some(began), Status::InProgress)], ..facts() };
        match decide(&facts, &wish()) {
            Plan::Adopt { may_stop, task_definition, deployment, .. } => {
                assert_eq!((may_stop, task_definition.as_str()), (ours, "td-new"));
                assert_eq!(deployment.service_deployment_arn, "sd/1");
            }
            plan => panic!("{began}: {plan:?}"),
        }
    }
}

#[test]
fn a_revision_that_means_the_same_is_deployed_again_instead_of_being_registered_again() {
    let known = |name: &str, status: &str| {
        let mut definition = definition(name, Some("https://server/another/run"));
        definition.document["status"] = json!(status);
        definition
    };
    for (recent, wanted) in [
        (vec![known("new", "ACTIVE")], Some("td-new")),
        (vec![known("other", "ACTIVE"), known("new", "ACTIVE")], Some("td-new")),
        (vec![known("new", "INACTIVE")], None),
        (vec![known("other", "ACTIVE")], None),
        (vec![], None),
    ] {
        let facts = Facts { recent, ..facts() };
        match (release(decide(&facts, &wish())).source, wanted) {
            (Source::Reuse(arn), Some(wanted)) => assert_eq!(arn, wanted),
            (Source::Register(_), None) => {}
            (source, wanted) => panic!("{source:?} instead of {wanted:?}"),
        }
    }
    // It was asked for before and taken back since: only force begins it once more.
    let mut facts = Facts { recent: vec![known("new", "ACTIVE")], ..facts() };
    facts.service.as_mut().unwrap().task_definition = "td-new".into();
    assert_eq!(release(decide(&facts, &wish())).update["forceNewDeployment"], true);
    // A revision that is named and not changed is the one that is deployed.
    let facts = Facts { base: Some(known("promoted", "ACTIVE")), presence: vec![], ..self::facts() };
    let as_it_is = Wish { overrides: Overrides::default(), ..wish() };
    assert_eq!(release(decide(&facts, &as_it_is)).source, Source::Reuse("td-promoted".into()));
}

#[test]
fn the_other_side_of_a_rule_gets_as_many_tasks_as_carry_the_traffic_now_and_never_fewer() {
    for (tasks, wanted) in [(None, None), (Some(1), None), (Some(4), Some(json!(4)))] {
        let update = release(decide(&facts(), &Wish { tasks, ..wish() })).update;
        assert_eq!(update.get("desiredCount").cloned(), wanted, "{tasks:?}");
    }
}
