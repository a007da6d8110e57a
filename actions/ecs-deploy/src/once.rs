//! `mode: run-task`: one task outside the service, such as a migration, from start to a verdict, with its log.

mod judge;

use crate::{
    decide::{self, Refusal, Source},
    definition::{Definition, run_tag},
    deploy::{self, refused},
    dossier,
    inputs::Once,
    model::{Service, Task},
    outcome::{Moment, Outcome},
    rollout::Rollout,
    verdict::Verdict,
};
use aws::AwsError;
use github::{Failure, Runner};
use jiff::Timestamp;
use judge::{Judged, judge};
use serde_json::{Value, json};
use subject::{Digest, ImageRef};

/// The name of the saved state.
const STATE: &str = "task";

/// Log lines that are shown.
const LINES: usize = 5000;

/// A task that was started, as it is followed.
struct Following<'d> {
    arn: String,
    definition: &'d Definition,
    container: String,
    lines: usize,
    token: Option<String>,
}

/// Runs one task.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn run(rollout: &mut Rollout<'_>, once: &Once, image: Option<&ImageRef>) -> Result<Outcome, Failure> {
    let (facts, base) = deploy::observe(rollout, &once.forth).await?;
    let service = match decide::able(facts.service.as_ref(), rollout.settings.roller()) {
        Ok(service) => service.clone(),
        Err(refusal) => return Ok(refused(rollout, refusal)),
    };
    let watched = rollout.settings.container.clone();
    let named = once.forth.overrides.clone().with(image, watched.as_deref(), &base);
    let container =
        base.container(watched.as_deref()).or_else(|error| base.essential().next().map(str::to_owned).ok_or(error));
    let (overrides, container) = match (named, container) {
        (Ok(overrides), Ok(container)) => (overrides, container),
        (Err(error), _) | (_, Err(error)) => {
            let help = "set `container` to the container that does the work".to_owned();
            return Ok(refused(rollout, Refusal { why: error.to_string(), help }));
        }
    };
    let registration = base.registration(&overrides, facts.run_url.as_deref());
    let known =
        [&base].into_iter().chain(&facts.recent).find(|known| known.is_active() && known.fulfils(&registration));
    let source = known.map_or(Source::Register(registration), |known| Source::Reuse(known.arn().to_owned()));
    if rollout.settings.dry_run {
        let outcome = Outcome::new(Verdict::Planned, rollout.settings, rollout.runner.now());
        return Ok(Outcome { cause: Some(format!("would run one task of {}", base.family())), ..outcome });
    }
    let definition = definition(rollout, source).await?;
    let mut outcome = twice(rollout, once, &service, (&definition, container)).await?;
    outcome.image = image.map(ToString::to_string);
    outcome.digest = image.map(|image| image.digest.to_string());
    outcome.task_definition = Some(definition.arn().to_owned());
    Ok(outcome.of_service(&service))
}

/// The definition to run: registered, or one that means the same already.
async fn definition(rollout: &mut Rollout<'_>, source: Source) -> Result<Definition, Failure> {
    let failed = |error: AwsError| error.failure("prepare the task definition").state("no task was started");
    let arn = match source {
        Source::Register(registration) => {
            rollout.note("registering a revision for the task");
            rollout.patiently(async || rollout.ecs.register(&registration).await).await.map_err(failed)?
        }
        Source::Reuse(arn) => arn,
        Source::Again => return Ok(Definition::default()),
    };
    rollout.ecs.definition(&arn).await.map_err(failed)
}

/// Runs it, and once more where the machine was taken from under it.
async fn twice(
    rollout: &mut Rollout<'_>,
    once: &Once,
    service: &Service,
    (definition, container): (&Definition, String),
) -> Result<Outcome, Failure> {
    for attempt in 1_u32.. {
        // From here on a signal is ours to heed: a task that nobody follows must not be left behind.
        if rollout.runner.cancel().is_requested() {
            return Ok(ended(rollout, Verdict::Cancelled, "no task was started".to_owned()));
        }
        let input = request(rollout, once, service, (definition, &container));
        let arn = match start(rollout, &input).await? {
            Ok(arn) => arn,
            Err(reason) => return Ok(ended(rollout, Verdict::Failed, format!("no task was started: {reason}"))),
        };
        let following = Following { arn, definition, container: container.clone(), lines: 0, token: None };
        let judged = follow(rollout, following).await?;
        match judged {
            Some(Judged::Interrupted(reason)) if attempt == 1 => {
                rollout.note(format!("{reason}: the machine was taken away; starting once more"));
            }
            Some(Judged::Completed) => return Ok(ended(rollout, Verdict::Completed, String::new())),
            Some(Judged::Failed(reason) | Judged::Interrupted(reason)) => {
                let mut outcome = ended(rollout, Verdict::Failed, reason);
                let (runner, ecs) = (rollout.runner, &rollout.ecs);
                outcome.diagnosis = dossier::gather(runner, ecs, &rollout.record, definition.arn()).await;
                return Ok(outcome);
            }
            None if rollout.runner.cancel().is_requested() => {
                return Ok(ended(rollout, Verdict::Cancelled, "the task was told to stop".to_owned()));
            }
            None => {
                return Ok(ended(
                    rollout,
                    Verdict::TimedOut,
                    "the time is up, and the task was told to stop".to_owned(),
                ));
            }
        }
    }
    Ok(ended(rollout, Verdict::Failed, "the machine was taken away".to_owned()))
}

fn ended(rollout: &Rollout<'_>, verdict: Verdict, cause: String) -> Outcome {
    let outcome = Outcome::new(verdict, rollout.settings, rollout.runner.now());
    let timeline = rollout.record.timeline.iter();
    let timeline = timeline.map(|(at, what)| Moment { at: Some(*at), what: what.clone() }).collect();
    Outcome { cause: Some(cause).filter(|cause| !cause.is_empty()), timeline, ..outcome }
}

/// What `RunTask` is asked: placed and connected as the service's own tasks are.
fn request(
    rollout: &Rollout<'_>,
    once: &Once,
    service: &Service,
    (definition, container): (&Definition, &str),
) -> Value {
    let runner = rollout.runner;
    let mut input = json!({"cluster": rollout.settings.cluster, "taskDefinition": definition.arn(), "count": 1});
    // The same token is the same task: a lost answer can be asked for again, and another start is another task.
    let seed = format!("{} {} {}", runner.context().run_url().unwrap_or_default(), definition.arn(), runner.now());
    input["clientToken"] = json!(&Digest::of(seed.as_bytes()).hex()[..32]);
    input["startedBy"] = json!(format!("lockkeeper/{}", runner.env("GITHUB_RUN_ID").unwrap_or("local")));
    for (name, value) in [
        ("networkConfiguration", &service.network_configuration),
        ("platformVersion", &service.platform_version),
        ("capacityProviderStrategy", &service.capacity_provider_strategy),
        ("launchType", &service.launch_type),
    ] {
        // The two ways to say where are exclusive.
        let said = name == "launchType" && input.get("capacityProviderStrategy").is_some();
        if !value.is_null() && *value != json!([]) && *value != json!({}) && !said {
            input[name] = value.clone();
        }
    }
    if !once.command.is_empty() {
        input["overrides"] = json!({"containerOverrides": [{"name": container, "command": once.command}]});
    }
    if let Some(tag) = run_tag(runner.context().run_url().as_deref()) {
        input["tags"] = json!([tag]);
    }
    input
}

/// Starts a task; the inner error is why ECS started none.
async fn start(rollout: &mut Rollout<'_>, input: &Value) -> Result<Result<String, String>, Failure> {
    let answer = rollout.patiently(async || rollout.ecs.call("RunTask", input.clone()).await).await;
    let answer = answer.map_err(|error| error.failure("start the task").subject(rollout.settings.subject()))?;
    let Some(arn) = answer["tasks"][0]["taskArn"].as_str().map(str::to_owned) else {
        let reason = answer["failures"][0]["reason"].as_str().unwrap_or("no reason was given");
        return Ok(Err(reason.to_owned()));
    };
    rollout.runner.save_state(STATE, &arn);
    rollout.note(format!("task {arn} was started"));
    Ok(Ok(arn))
}

/// Follows a task to its end; `None` where it was told to stop, because the time is up or the run was cancelled.
async fn follow(rollout: &mut Rollout<'_>, mut following: Following<'_>) -> Result<Option<Judged>, Failure> {
    let began = rollout.runner.now();
    let until = began.saturating_add(rollout.settings.wait).unwrap_or(Timestamp::MAX);
    let mut status = String::new();
    loop {
        let task = match rollout.ecs.tasks(std::slice::from_ref(&following.arn)).await {
            Ok(tasks) => tasks.into_iter().next(),
            Err(error) if error.is_throttling() || error.is_transient() => None,
            Err(error) => {
                return Err(error.failure("follow the task").subject(&following.arn).state("it may still run"));
            }
        };
        following.log(rollout).await;
        if let Some(task) = task {
            if status != task.last_status {
                rollout.note(format!("task {}", task.last_status));
                status.clone_from(&task.last_status);
            }
            if task.last_status == "STOPPED" {
                // What was written last arrives last.
                following.log(rollout).await;
                rollout.runner.save_state(STATE, "");
                return Ok(Some(conclude(rollout, &following, task)));
            }
        }
        let now = rollout.runner.now();
        let pause = crate::watch::pace(now.duration_since(began), rollout.settings.poll);
        if now >= until || rollout.runner.sleep(pause).await.is_err() {
            stop(rollout, &following.arn).await?;
            return Ok(None);
        }
    }
}

fn conclude(rollout: &mut Rollout<'_>, following: &Following<'_>, task: Task) -> Judged {
    let watched = rollout.settings.container.as_deref();
    let judged = judge(&task, following.definition, watched);
    rollout.record.stopped.insert(task.task_arn.clone(), task);
    judged
}

async fn stop(rollout: &mut Rollout<'_>, arn: &str) -> Result<(), Failure> {
    rollout.note(format!("stopping {arn}"));
    let input =
        json!({"cluster": rollout.settings.cluster, "task": arn, "reason": "stopped by the run that started it"});
    let stopped = rollout.ecs.call("StopTask", input).await;
    stopped.map_err(|error| error.failure("stop the task").subject(arn).state("it may still run"))?;
    rollout.runner.save_state(STATE, "");
    Ok(())
}

impl Following<'_> {
    /// Shows what the watched container has written since; a log that is not there yet is no error.
    async fn log(&mut self, rollout: &Rollout<'_>) {
        let id = self.arn.rsplit('/').next().unwrap_or_default();
        let region = rollout.ecs.aws.region();
        let Some((group, stream)) = dossier::stream(self.definition, &self.container, id, region) else { return };
        let mut input = json!({"logGroupName": group, "logStreamName": stream, "startFromHead": true, "limit": 1000});
        if let Some(token) = &self.token {
            input["nextToken"] = json!(token);
        }
        let Ok(answer) = rollout.ecs.aws.json(aws::Service::Logs, "GetLogEvents", &input).await else { return };
        for line in answer["events"].as_array().into_iter().flatten().filter_map(|event| event["message"].as_str()) {
            self.lines += 1;
            if self.lines <= LINES {
                let line: String = line.trim_end().chars().take(2000).collect();
                rollout.runner.info(format!("log: {line}"));
            }
        }
        self.token = answer["nextForwardToken"].as_str().map(str::to_owned).or(self.token.take());
    }
}

/// What the post step makes of a task that main did not see to its end.
///
/// # Errors
/// A [`Failure`] when it could not be stopped.
pub(crate) async fn post(runner: &Runner, rollout: &mut Rollout<'_>) -> Result<(), Failure> {
    let Some(arn) = runner.state(STATE).map(str::to_owned) else { return Ok(()) };
    stop(rollout, &arn).await?;
    runner.notice(format!("main did not see the end of {arn}; it was told to stop"));
    Ok(())
}

/// Whether main left a task running.
#[must_use]
pub(crate) fn is_left(runner: &Runner) -> bool {
    runner.state(STATE).is_some()
}
