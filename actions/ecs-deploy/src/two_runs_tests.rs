//! Two runs at one service, and somebody who deploys by hand, in any order of their steps: neither run ever stops what it
//! did not begin. The decisions are the real ones (`decide`, `identity`, `journal`, `follow`); ECS is a model that reads late,
//! cuts connections before and after a call has acted, and does not begin anew what it runs already.

use crate::{
    decide::{Breaker, Facts, InFlight, OnCompeting, Plan, Presence, Release, Source, Wish, decide},
    definition::{Definition, RUN_TAG},
    follow::{Course, Look, Newer, Next, Patience, Rights, Why},
    identity::{DeploymentId, OwnArn, primary, running},
    inputs::Progress,
    journal::{Journal, Phase},
    model::{Deployment, Service, ServiceDeployment, Status},
    overrides::Overrides,
    rollout::FORCED,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use subject::{Digest, ImageRef};

/// Who began a deployment: a run by its number, or somebody by hand.
type Who = Option<usize>;

/// What one call to ECS comes to for its caller.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    Answered,
    /// It acted, and nobody heard.
    Lost,
    /// It never arrived.
    Cut,
}

/// One step of somebody.
#[derive(Debug, Clone)]
enum Act {
    /// A run does what comes next; it reads as it was so many changes ago.
    Run { who: usize, lag: usize, line: Line, hopeless: bool },
    /// A run is killed, and its post step does what is left.
    Post { who: usize, lag: usize },
    /// The newest deployment comes to its end.
    Settle { good: bool },
    /// Somebody deploys an old revision by hand.
    ByHand,
}

/// ECS, and what it looked like after each change.
struct Cloud {
    definitions: Vec<Definition>,
    flying: Vec<(ServiceDeployment, Who)>,
    primary: (usize, String),
    past: Vec<(Service, Vec<ServiceDeployment>)>,
}

impl Cloud {
    fn new() -> Self {
        let mut cloud = Self { definitions: Vec::new(), flying: Vec::new(), primary: (0, String::new()), past: vec![] };
        let first = cloud.register(json!({"family": "f", "containerDefinitions": [
            {"name": "api", "image": image("old").to_string()}]}));
        cloud.update(&first, Forced::Yes, None);
        cloud.settle(true);
        cloud
    }

    fn register(&mut self, mut document: Value) -> String {
        let tags = document.as_object_mut().unwrap().remove("tags");
        let arn = format!("f:{}", self.definitions.len() + 1);
        document["taskDefinitionArn"] = json!(arn);
        document["status"] = json!("ACTIVE");
        let tags = tags.and_then(|tags| serde_json::from_value(tags).ok()).unwrap_or_default();
        self.definitions.push(Definition { document, tags });
        arn
    }

    fn definition(&self, arn: &str) -> Definition {
        self.definitions.iter().find(|one| one.arn() == arn).cloned().unwrap()
    }

    /// Says on a revision which run deploys it.
    fn tag(&mut self, arn: &str, run: &str) {
        let definition = self.definitions.iter_mut().find(|one| one.arn() == arn).unwrap();
        definition.tags = vec![json!({"key": RUN_TAG, "value": run})];
    }

    fn update(&mut self, task_definition: &str, forced: Forced, who: Who) {
        if self.primary.1 == task_definition && forced == Forced::No {
            return;
        }
        for (one, _) in self.flying.iter_mut().filter(|(one, _)| !one.status.is_terminal()) {
            one.status = Status::Stopped;
        }
        let number = self.flying.len() + 1;
        let deployment = ServiceDeployment {
            service_deployment_arn: format!("sd/{number}"),
            created_at: Some(at(number)),
            status: Status::InProgress,
            target_service_revision_arn: Some(format!("service-revision/{number}")),
            ..ServiceDeployment::default()
        };
        self.flying.push((deployment, who));
        self.primary = (number, task_definition.to_owned());
        self.keep();
    }

    fn settle(&mut self, good: bool) {
        let Some((one, _)) = self.flying.last_mut().filter(|(one, _)| !one.status.is_terminal()) else { return };
        one.status = if good { Status::Successful } else { Status::RollbackSuccessful };
        if !good {
            self.primary = (1, "f:1".to_owned());
        }
        self.keep();
    }

    fn keep(&mut self) {
        let in_flight = self.flying.iter().any(|(one, _)| !one.status.is_terminal());
        let state = if in_flight { "IN_PROGRESS" } else { "COMPLETED" };
        let newest = Deployment {
            id: format!("ecs-svc/{}", self.primary.0),
            status: "PRIMARY".into(),
            task_definition: self.primary.1.clone(),
            rollout_state: Some(state.into()),
            ..Deployment::default()
        };
        let service = Service {
            status: "ACTIVE".into(),
            desired_count: 1,
            task_definition: self.primary.1.clone(),
            deployments: vec![newest],
            ..Service::default()
        };
        self.past.push((service, self.flying.iter().map(|(one, _)| one.clone()).collect()));
    }

    fn read(&self, lag: usize) -> &(Service, Vec<ServiceDeployment>) {
        &self.past[self.past.len().saturating_sub(1 + lag)]
    }

    /// What each number's deployment deploys.
    fn deploys(&self, deployment: &ServiceDeployment) -> Option<Definition> {
        let target = deployment.target()?;
        let of = |(service, _): &&(Service, Vec<ServiceDeployment>)| {
            primary(service).is_some_and(|newest| target == newest.id.replace("ecs-svc", "service-revision"))
        };
        let (service, _) = self.past.iter().find(of)?;
        Some(self.definition(running(service)))
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Forced {
    Yes,
    No,
}

/// Where a run is.
enum Stage {
    Looking,
    Preparing(Box<Service>, Box<Release>),
    Announced(Journal, Forced),
    Following(Journal, Box<Course>),
    Over(Option<Journal>),
}

struct Run {
    who: usize,
    image: &'static str,
    on_competing: OnCompeting,
    stage: Stage,
}

fn at(second: usize) -> Timestamp {
    Timestamp::from_second(i64::try_from(second).unwrap()).unwrap()
}

fn image(text: &str) -> ImageRef {
    "registry.example/app".parse::<subject::Repository>().unwrap().image(Digest::of(text.as_bytes()))
}

impl Run {
    fn url(&self) -> String {
        format!("https://server.example/o/r/actions/runs/{}", self.who)
    }

    /// One step; gives the ARN of a deployment that it stops.
    fn step(&mut self, cloud: &mut Cloud, lag: usize, line: Line, hopeless: bool) -> Option<OwnArn> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over(None));
        let (next, stopped) = match stage {
            Stage::Looking => (self.look(cloud, lag), None),
            Stage::Preparing(service, release) => (self.prepare(cloud, lag, &service, &release), None),
            Stage::Announced(journal, forced) => (self.begin(cloud, lag, (journal, forced), line), None),
            Stage::Following(journal, course) => follow(cloud, lag, (journal, *course), hopeless),
            over @ Stage::Over(_) => (over, None),
        };
        self.stage = next;
        stopped
    }

    fn look(&self, cloud: &Cloud, lag: usize) -> Stage {
        let (service, listed) = cloud.read(lag);
        let open = listed.iter().filter(|one| !one.status.is_terminal());
        let facts = Facts {
            service: Some(service.clone()),
            definition: cloud.definition(running(service)),
            recent: cloud.definitions.iter().rev().take(3).cloned().collect(),
            in_flight: open.map(|one| InFlight { deployment: one.clone(), definition: cloud.deploys(one) }).collect(),
            presence: vec![(image(self.image), Presence::Present)],
            run_url: Some(self.url()),
            ..Facts::default()
        };
        let overrides = Overrides::default().with(Some(&image(self.image)), None, &facts.definition).unwrap();
        let wish = Wish {
            overrides,
            tasks: None,
            progress: Progress::as_is(),
            on_competing: self.on_competing,
            breaker: Breaker::Keep,
        };
        match decide(&facts, &wish) {
            Plan::Refuse(_) | Plan::Keep => Stage::Over(None),
            Plan::Release(release) => Stage::Preparing(Box::new(service.clone()), release),
            Plan::Adopt { deployment, task_definition, may_stop } => {
                let rights = if may_stop { Rights::Ours } else { Rights::Watch };
                followed(Journal::adopted("s", &deployment, &task_definition, (rights, at(0))))
            }
        }
    }

    fn prepare(&self, cloud: &mut Cloud, lag: usize, service: &Service, release: &Release) -> Stage {
        let (task_definition, registered) = match &release.source {
            Source::Register(registration) => (cloud.register(registration.clone()), true),
            Source::Reuse(arn) => {
                cloud.tag(arn, &self.url());
                (arn.clone(), false)
            }
            Source::Again => (running(service).to_owned(), false),
        };
        let journal = Journal {
            phase: Phase::Beginning,
            service: "s".into(),
            task_definition,
            previous: running(service).to_owned(),
            primary_before: primary(service).map(|primary| primary.id.clone()),
            known_before: cloud.read(lag).1.iter().map(|one| one.service_deployment_arn.clone()).collect(),
            began: 0,
            id: None,
            arn: None,
            may_stop: true,
            registered,
        };
        let forced = if release.update.contains_key(FORCED) { Forced::Yes } else { Forced::No };
        Stage::Announced(journal, forced)
    }

    fn begin(&self, cloud: &mut Cloud, lag: usize, (mut journal, forced): (Journal, Forced), line: Line) -> Stage {
        if line != Line::Cut {
            cloud.update(&journal.task_definition, forced, Some(self.who));
        }
        let find = |service: &Service| {
            DeploymentId::begun(service, journal.primary_before.as_deref(), &journal.task_definition)
        };
        let answer = (line == Line::Answered).then(|| cloud.read(0).0.clone());
        journal.id = answer.as_ref().and_then(find).or_else(|| find(&cloud.read(lag).0));
        if journal.id.is_none() {
            return Stage::Over(Some(journal));
        }
        let heard = if forced == Forced::Yes && answer.is_some() { Heard::Surely } else { Heard::Perhaps };
        self.doubt(cloud, &mut journal, heard);
        followed(journal)
    }

    fn doubt(&self, cloud: &Cloud, journal: &mut Journal, heard: Heard) {
        if heard == Heard::Perhaps {
            let definition = cloud.definition(&journal.task_definition);
            journal.doubt(definition.run_url(), Some(&self.url()));
        }
    }

    /// The post step of a run that is gone.
    fn post(&mut self, cloud: &Cloud, lag: usize) -> Option<OwnArn> {
        let stage = std::mem::replace(&mut self.stage, Stage::Over(None));
        let (Stage::Announced(mut journal, _) | Stage::Following(mut journal, _) | Stage::Over(Some(mut journal))) =
            stage
        else {
            return None;
        };
        let (service, listed) = cloud.read(lag);
        if journal.id.is_none() {
            journal.id = DeploymentId::begun(service, journal.primary_before.as_deref(), &journal.task_definition);
            self.doubt(cloud, &mut journal, Heard::Perhaps);
        }
        let id = journal.id.clone()?;
        journal.arn = journal.arn.take().or_else(|| OwnArn::identify(listed, &id, &journal.known_before));
        journal.arn.filter(|_| journal.may_stop)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heard {
    Surely,
    Perhaps,
}

fn followed(journal: Journal) -> Stage {
    let ten = SignedDuration::from_mins(10);
    let patience = Patience { deadline: Timestamp::MAX, rollback: ten, newer: SignedDuration::ZERO };
    let course = Course::new(journal.rights(), patience);
    Stage::Following(journal, Box::new(course))
}

fn follow(
    cloud: &Cloud,
    lag: usize,
    (mut journal, mut course): (Journal, Course),
    hopeless: bool,
) -> (Stage, Option<OwnArn>) {
    let listed = &cloud.read(lag).1;
    if let (None, Some(id)) = (&journal.arn, &journal.id) {
        journal.arn = OwnArn::identify(listed, id, &journal.known_before);
    }
    let own = journal.arn.as_ref().and_then(|arn| listed.iter().find(|one| one.service_deployment_arn == arn.as_str()));
    let why = hopeless.then(|| "a cause".to_owned());
    let look = Look { own: own.cloned(), newer: Newer::Unread, hopeless: why };
    match course.step(&look, at(0)) {
        Next::Wait => (Stage::Following(journal, Box::new(course)), None),
        Next::End(_) => (Stage::Over(None), None),
        Next::Stop(why) => {
            assert!(matches!(why, Why::Hopeless(_)));
            let stopped = journal.arn.clone();
            (Stage::Following(journal, Box::new(course)), stopped)
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    let line = prop_oneof![6 => Just(Line::Answered), 1 => Just(Line::Lost), 1 => Just(Line::Cut)];
    prop_oneof![
        12 => (0_usize..2, 0_usize..3, line, prop::bool::weighted(0.3))
            .prop_map(|(who, lag, line, hopeless)| Act::Run { who, lag, line, hopeless }),
        1 => (0_usize..2, 0_usize..3).prop_map(|(who, lag)| Act::Post { who, lag }),
        1 => any::<bool>().prop_map(|good| Act::Settle { good }),
        1 => Just(Act::ByHand),
    ]
}

fn run(who: usize, image: &'static str, supersedes: bool) -> Run {
    let on_competing = if supersedes { OnCompeting::Supersede } else { OnCompeting::Refuse };
    Run { who, image, on_competing, stage: Stage::Looking }
}

/// Plays all of it; gives what was stopped, by whom, and who had begun it.
fn play(mut runs: [Run; 2], acts: &[Act]) -> Vec<(usize, String, Who)> {
    let (mut cloud, mut stops) = (Cloud::new(), Vec::new());
    for act in acts {
        let (who, stopped) = match act {
            Act::Run { who, lag, line, hopeless } => (*who, runs[*who].step(&mut cloud, *lag, *line, *hopeless)),
            Act::Post { who, lag } => (*who, runs[*who].post(&cloud, *lag)),
            Act::Settle { good } => {
                cloud.settle(*good);
                continue;
            }
            Act::ByHand => {
                cloud.update("f:1", Forced::Yes, None);
                continue;
            }
        };
        if let Some(arn) = stopped {
            let begun_by = cloud.flying.iter().find(|(one, _)| one.service_deployment_arn == arn.as_str());
            stops.push((who, arn.as_str().to_owned(), begun_by.and_then(|(_, who)| *who)));
            if cloud.flying.last().is_some_and(|(one, _)| one.service_deployment_arn == arn.as_str()) {
                cloud.settle(false);
            }
        }
    }
    stops
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn neither_of_two_runs_ever_stops_what_it_did_not_begin(
        same in any::<bool>(), supersede in any::<[bool; 2]>(), acts in prop::collection::vec(act(), 4..40)
    ) {
        let other = if same { "a" } else { "b" };
        for (who, arn, begun_by) in play([run(0, "a", supersede[0]), run(1, other, supersede[1])], &acts) {
            prop_assert_eq!(begun_by, Some(who), "run {} stopped {}", who, arn);
        }
    }
}

/// The property is about something: an ordinary run that sees a cause does stop its own.
#[test]
fn a_run_stops_its_own_for_a_cause_and_so_does_its_post_step() {
    let step = |hopeless| Act::Run { who: 0, lag: 0, line: Line::Answered, hopeless };
    let runs = || [run(0, "a", false), run(1, "b", false)];
    let begun = [step(false), step(false), step(false)];
    let stops = |last: Act| play(runs(), &[&begun[..], &[last]].concat());
    assert_eq!(stops(step(true)), [(0, "sd/2".to_owned(), Some(0))]);
    assert_eq!(stops(Act::Post { who: 0, lag: 0 }), [(0, "sd/2".to_owned(), Some(0))]);
    let lost = Act::Run { who: 0, lag: 0, line: Line::Lost, hopeless: false };
    let acts = [step(false), step(false), lost, Act::Post { who: 0, lag: 0 }];
    assert_eq!(play(runs(), &acts), [(0, "sd/2".to_owned(), Some(0))]);
    // A revision that is there already is deployed by force, so that what its update begins is ours for certain.
    let other = Act::Run { who: 1, lag: 0, line: Line::Answered, hopeless: false };
    let again = Act::Run { who: 1, lag: 0, line: Line::Answered, hopeless: true };
    let first =
        [step(false), step(false), step(false), Act::Settle { good: true }, Act::ByHand, Act::Settle { good: true }];
    let acts = [&first[..], &[other.clone(), other.clone(), other, again]].concat();
    assert_eq!(play([run(0, "a", false), run(1, "a", false)], &acts), [(1, "sd/4".to_owned(), Some(1))]);
}
