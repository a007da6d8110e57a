//! `engine: code-deploy`: the release is registered here, and CodeDeploy moves the traffic; followed by the deployment's own
//! id, and by that of the one that takes it back.

mod info;

use crate::{
    base,
    decide::{Presence, Refusal},
    definition::Definition,
    deploy::{self, Open, refused},
    diagnose, dossier,
    follow::{End, Why},
    history::promised,
    inputs::{Engine, Forth},
    model::{Service, TaskSet},
    outcome::Outcome,
    prove::{Promise, Proof},
    rollout::Rollout,
    verdict::{Verdict, conclude},
    watch::{BUDGET, pace},
};
use aws::AwsError;
use github::{Failure, Runner};
use info::{Info, Patient, end};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use subject::ImageRef;

/// The name of the saved state.
const STATE: &str = "codedeploy";

/// How long a way back may take to appear after the deployment has ended.
const APPEARING: SignedDuration = SignedDuration::from_secs(30);

/// How often the post step asks for a deployment to be taken back.
const ASKED: u32 = 20;

/// What is deployed, and what it is to be proven by.
struct Release {
    task_definition: String,
    promises: Vec<Promise>,
}

/// Puts a release into a service whose controller is CodeDeploy.
///
/// # Errors
/// A [`Failure`] when the world could not be read or written.
pub(crate) async fn deploy(
    rollout: &mut Rollout<'_>,
    forth: &Forth,
    image: Option<&ImageRef>,
    open: Open<'_, '_>,
) -> Result<Outcome, Failure> {
    let failed = |error: AwsError| error.failure("read the service").state("nothing was changed");
    let service = rollout.ecs.service().await.map_err(failed)?;
    let (service, primary) = match able(service) {
        Ok(able) => able,
        Err(refusal) => return Ok(refused(rollout, refusal)),
    };
    let running = rollout.ecs.definition(&primary.task_definition).await.map_err(failed)?;
    let base = base::read(rollout, &forth.base).await?.unwrap_or_else(|| running.clone());
    let overrides = match forth.overrides.clone().with(image, rollout.settings.container.as_deref(), &base) {
        Ok(overrides) => overrides,
        Err(error) => {
            let help = "set `container` to the container that runs the image".to_owned();
            return Ok(refused(rollout, Refusal { why: error.to_string(), help }));
        }
    };
    if let Some(other) = service.task_sets.iter().find(|set| set.status == "ACTIVE") {
        let why = format!("another release is on its way: {}", other.task_definition);
        return Ok(refused(rollout, Refusal { why, help: "wait for its end, or stop it in CodeDeploy".to_owned() }));
    }
    let promises = deploy::promises(rollout, &overrides, open).await?;
    if let Some((_, (image, _))) = promises.iter().find(|(_, (_, presence))| *presence == Presence::Missing) {
        let help = "push the image first, or correct the digest".to_owned();
        return Ok(refused(rollout, Refusal { why: format!("the registry has no image {image}"), help }));
    }
    let promises: Vec<Promise> = promises.into_iter().map(|(promise, _)| promise).collect();
    let registration = base.registration(&overrides, rollout.runner.context().run_url().as_deref());
    let mut outcome = if running.fulfils(&registration) {
        keep(rollout, &primary, &running, promises).await?
    } else if rollout.settings.dry_run {
        let diff = running.diff(&registration);
        diff.iter().flat_map(|diff| diff.lines()).for_each(|line| rollout.runner.info(line));
        Outcome { diff, ..Outcome::new(Verdict::Planned, rollout.settings, rollout.runner.now()) }
    } else {
        let task_definition = prepare(rollout, &base, &registration).await?;
        begin(rollout, (&service, &primary), Release { task_definition, promises }).await?
    };
    outcome.image = image.map(ToString::to_string).or(outcome.image);
    outcome.digest = image.map(|image| image.digest.to_string()).or(outcome.digest);
    outcome.previous_task_definition = Some(primary.task_definition);
    Ok(outcome.of_service(&service))
}

/// Whether CodeDeploy deploys this service, and the task set that has the traffic.
fn able(service: Option<Service>) -> Result<(Service, TaskSet), Refusal> {
    let no = |why: String, help: &str| Refusal { why, help: help.to_owned() };
    let Some(service) = service.filter(|service| service.status == "ACTIVE") else {
        return Err(no("there is no such active service".to_owned(), "correct `cluster`, `service` or `aws-region`"));
    };
    let controller = service.deployment_controller.as_ref().map_or("ECS", |controller| controller.kind.as_str());
    if controller != "CODE_DEPLOY" {
        let why = format!("the service's deployment controller is {controller}, not CODE_DEPLOY");
        return Err(no(why, "leave `engine` at `ecs`"));
    }
    match service.task_sets.iter().find(|set| set.status == "PRIMARY").cloned() {
        Some(primary) => Ok((service, primary)),
        None => Err(no("the service has no primary task set".to_owned(), "let its first deployment end")),
    }
}

/// The release runs already: true only if the running tasks say so.
async fn keep(
    rollout: &Rollout<'_>,
    primary: &TaskSet,
    running: &Definition,
    promises: Vec<Promise>,
) -> Result<Outcome, Failure> {
    let promises = if promises.is_empty() { promised(running, None, None).0 } else { promises };
    let proof = rollout.prove(&primary.id, None, &promises).await?;
    let outcome = |verdict| Outcome::new(verdict, rollout.settings, rollout.runner.now());
    Ok(match proof {
        Proof::Kept { tasks } => Outcome { tasks, ..outcome(Verdict::NoOp) },
        Proof::NoTasks => Outcome { cause: Some("no task runs".to_owned()), ..outcome(Verdict::UnverifiedZeroTasks) },
        Proof::Silent => outcome(Verdict::UnverifiedDigest),
        Proof::Broken { seen } => Outcome { cause: Some(seen), ..outcome(Verdict::Refused) },
    })
}

async fn prepare(rollout: &mut Rollout<'_>, base: &Definition, registration: &Value) -> Result<String, Failure> {
    if base.is_active() && base.fulfils(registration) {
        return Ok(base.arn().to_owned());
    }
    rollout.note(format!("registering a revision of {}", base.family()));
    let registered = rollout.patiently(async || rollout.ecs.register(registration).await).await;
    registered.map_err(|error| error.failure("register the task definition").state("the service was not changed"))
}

/// Begins a deployment, follows it, proves it.
async fn begin(
    rollout: &mut Rollout<'_>,
    (service, primary): (&Service, &TaskSet),
    release: Release,
) -> Result<Outcome, Failure> {
    // From here on a signal is ours to heed; until here the kit ends the process, and nothing was changed.
    if rollout.runner.cancel().is_requested() {
        let outcome = Outcome::new(Verdict::Cancelled, rollout.settings, rollout.runner.now());
        return Ok(Outcome { cause: Some("the service was not changed".to_owned()), ..outcome });
    }
    let input = order(rollout, (service, primary), &release.task_definition);
    let answer = rollout.patiently(async || call(rollout, "CreateDeployment", &input).await).await;
    let id = match answer {
        Ok(answer) => answer["deploymentId"].as_str().unwrap_or_default().to_owned(),
        Err(error) if error.code == "DeploymentLimitExceededException" => {
            let help = "wait for its end, or stop it in CodeDeploy".to_owned();
            return Ok(refused(
                rollout,
                Refusal { why: format!("another deployment is in flight: {}", error.message), help },
            ));
        }
        Err(error) => {
            let failure = error.failure("begin the deployment").subject(rollout.settings.subject());
            return Err(failure.state("it may have begun where the answer was lost; see CodeDeploy"));
        }
    };
    rollout.runner.save_state(STATE, &id);
    rollout.note(format!("deployment {id} has begun"));
    let (ended, stopped) = follow(rollout, &id).await?;
    let mut outcome = Outcome::new(Verdict::Cancelled, rollout.settings, rollout.runner.now());
    outcome.deployment_id = Some(id);
    outcome.task_definition = Some(release.task_definition.clone());
    let Some(ended) = ended else {
        outcome.cause =
            Some("the deployment is being taken back by CodeDeploy; the post step follows it to its end".to_owned());
        return Ok(outcome);
    };
    rollout.runner.save_state(STATE, "");
    let mut proof = None;
    if ended == End::Successful {
        let green = rollout.ecs.service().await.ok().flatten().and_then(|service| able(Some(service)).ok());
        let id = green.map(|(_, set)| set.id).unwrap_or_default();
        proof = Some(rollout.prove(&id, None, &release.promises).await?);
    }
    outcome.verdict = conclude(&ended, stopped.as_ref(), proof.as_ref());
    outcome.cause = crate::finish::cause(&ended, proof.as_ref());
    if let Some(Proof::Kept { tasks }) = proof {
        outcome.tasks = tasks;
    }
    if outcome.verdict == Verdict::RolledBack {
        outcome.rolled_back_to = Some(primary.task_definition.clone());
    }
    if outcome.verdict != Verdict::Deployed {
        let (runner, ecs) = (rollout.runner, &rollout.ecs);
        outcome.diagnosis = dossier::gather(runner, ecs, &rollout.record, &release.task_definition).await;
    }
    Ok(outcome.of_record(&rollout.record))
}

async fn call(rollout: &Rollout<'_>, operation: &str, input: &Value) -> Result<Value, AwsError> {
    rollout.ecs.aws.json(aws::Service::CodeDeploy, operation, input).await
}

/// What `CreateDeployment` is asked: the task definition, served as it is now, and taken back when it fails.
fn order(rollout: &Rollout<'_>, (service, primary): (&Service, &TaskSet), task_definition: &str) -> Value {
    let (cluster, name) = (rollout.settings.cluster.rsplit('/').next().unwrap_or_default(), &rollout.settings.service);
    let served = primary.load_balancers.iter().chain(&service.load_balancers).find(|one| one.container_name.is_some());
    let mut properties = json!({"TaskDefinition": task_definition});
    if let Some(served) = served {
        properties["LoadBalancerInfo"] =
            json!({"ContainerName": served.container_name, "ContainerPort": served.container_port});
    }
    let target = json!({"TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}});
    let spec = json!({"version": 1, "Resources": [target]});
    let events = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"];
    let mut input = json!({
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": spec.to_string()}},
        "autoRollbackConfiguration": {"enabled": true, "events": events},
    });
    if let Engine::CodeDeploy { application, group, config } = &rollout.settings.progress.engine {
        // The names the console gives.
        let application = application.clone().unwrap_or_else(|| format!("AppECS-{cluster}-{name}"));
        input["applicationName"] = json!(application);
        input["deploymentGroupName"] = json!(group.clone().unwrap_or_else(|| format!("DgpECS-{cluster}-{name}")));
        if let Some(config) = config {
            input["deploymentConfigName"] = json!(config);
        }
    }
    if let Some(url) = rollout.runner.context().run_url() {
        input["description"] = json!(url.chars().take(512).collect::<String>());
    }
    input
}

/// Follows a deployment to its end, or to that of its way back; no end where a signal came first and time ran out.
async fn follow(rollout: &mut Rollout<'_>, id: &str) -> Result<(Option<End>, Option<Why>), Failure> {
    let began = rollout.runner.now();
    let mut deadline = began.saturating_add(rollout.settings.wait).unwrap_or(Timestamp::MAX);
    let (mut stopped, mut ended_at, mut cancelled_at): (Option<Why>, Option<Timestamp>, Option<Timestamp>) =
        (None, None, None);
    let mut told = String::new();
    for tick in 0_u64.. {
        let now = rollout.runner.now();
        if let Some(own) = read(rollout, id).await? {
            let back = match &own.rollback_info.rollback_deployment_id {
                Some(back) => read(rollout, back).await?,
                None => None,
            };
            tell(rollout, &own, back.as_ref(), &mut told);
            if own.has_ended() {
                ended_at.get_or_insert(now);
            }
            let gone = ended_at.is_some_and(|at| now.duration_since(at) >= APPEARING);
            let patient = if gone { Patient::Gone } else { Patient::Waits };
            if let Some(end) = end(&own, back.as_ref(), stopped.as_ref(), patient) {
                return Ok((Some(end), stopped));
            }
            if own.instance_termination_wait_time_started && stopped.is_none() {
                // All of the traffic has moved; how long the old tasks stay is the group's to say.
                deadline = Timestamp::MAX;
            }
        }
        let hopeless = if tick.is_multiple_of(2) && stopped.is_none() { hopeless(rollout).await } else { None };
        let late = (now >= deadline && stopped.is_none()).then_some(Why::Deadline);
        let cancelled = rollout.runner.cancel().is_requested() && stopped != Some(Why::Cancelled);
        let why = if cancelled { Some(Why::Cancelled) } else { hopeless.map(Why::Hopeless).or(late) };
        if let Some(why) = why {
            if stop(rollout, id, &why).await {
                deadline = now.saturating_add(rollout.settings.wait).unwrap_or(Timestamp::MAX);
                stopped = Some(why);
            }
        } else if now >= deadline {
            return Ok((Some(End::Unseen), stopped));
        }
        if rollout.runner.cancel().is_requested() {
            cancelled_at.get_or_insert(now);
        }
        if !wait(rollout, began, cancelled_at).await {
            return Ok((None, stopped));
        }
    }
    Ok((Some(End::Unseen), stopped))
}

/// Waits for the next look; says no where a cancelled run has used up its time.
async fn wait(rollout: &Rollout<'_>, began: Timestamp, cancelled_at: Option<Timestamp>) -> bool {
    if let Some(since) = cancelled_at {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        let spent = rollout.runner.now().duration_since(since);
        return SignedDuration::try_from(BUDGET).is_ok_and(|budget| spent < budget);
    }
    let elapsed = rollout.runner.now().duration_since(began);
    let _ = rollout.runner.sleep(pace(elapsed, rollout.settings.poll)).await;
    true
}

/// A deployment; `None` where it cannot be read for a reason that may pass.
async fn read(rollout: &Rollout<'_>, id: &str) -> Result<Option<Info>, Failure> {
    match call(rollout, "GetDeployment", &json!({"deploymentId": id})).await {
        Ok(mut answer) => Ok(serde_json::from_value(answer["deploymentInfo"].take()).ok()),
        Err(error) if error.is_throttling() || error.is_transient() => Ok(None),
        Err(error) => Err(error.failure("follow the deployment").subject(id).state("it may still be in flight")),
    }
}

fn tell(rollout: &mut Rollout<'_>, own: &Info, back: Option<&Info>, told: &mut String) {
    let back = back.map(|back| format!(", {} takes it back: {}", back.deployment_id, back.status)).unwrap_or_default();
    let waiting = if own.instance_termination_wait_time_started { ", all of the traffic has moved" } else { "" };
    let text = format!("deployment {}{waiting}{back}", own.status);
    if *told != text {
        rollout.note(text.clone());
        *told = text;
    }
}

/// A cause among the stopped tasks of the new side that no retry will cure.
async fn hopeless(rollout: &mut Rollout<'_>) -> Option<String> {
    let service = rollout.ecs.service().await.ok()??;
    let green = service.task_sets.iter().find(|set| set.status == "ACTIVE")?.id.clone();
    let stopped = rollout.ecs.stopped().await.ok()?;
    let fresh: Vec<String> = stopped.into_iter().filter(|arn| rollout.record.seen.insert(arn.clone())).collect();
    for task in rollout.ecs.tasks(&fresh).await.ok()? {
        if task.started_by.as_deref() == Some(green.as_str()) {
            rollout.record.stopped.insert(task.task_arn.clone(), task);
        }
    }
    let stopped: Vec<_> = rollout.record.stopped.values().cloned().collect();
    diagnose::hopeless(&stopped, None)
}

/// Has CodeDeploy take our deployment back; says whether it was heard, or need not be.
async fn stop(rollout: &mut Rollout<'_>, id: &str, why: &Why) -> bool {
    rollout.note(format!("taking back {id}: {}", why.text()));
    match call(rollout, "StopDeployment", &json!({"deploymentId": id, "autoRollbackEnabled": true})).await {
        Ok(_) => true,
        Err(error) if error.code == "DeploymentAlreadyCompletedException" => true,
        Err(error) => {
            rollout.runner.warning(format!("failed to take back {id}: {error}"));
            false
        }
    }
}

/// Whether main left a deployment in flight.
#[must_use]
pub(crate) fn is_left(runner: &Runner) -> bool {
    runner.state(STATE).is_some()
}

/// What the post step makes of a deployment that main did not see to its end: it is taken back.
///
/// # Errors
/// A [`Failure`] when the deployment is not known to have ended.
pub(crate) async fn post(rollout: &mut Rollout<'_>) -> Result<(), Failure> {
    let Some(id) = rollout.runner.state(STATE).map(str::to_owned) else { return Ok(()) };
    rollout.runner.info(format!("main did not see the end of deployment {id}; looking"));
    let state = read(rollout, &id).await?;
    if state.is_none_or(|own| !own.has_ended()) {
        let mut asked = 1;
        while !stop(rollout, &id, &Why::Cancelled).await {
            if asked == ASKED {
                let failure = Failure::new(github::Exit::Unknown, "take back the deployment").subject(&id);
                return Err(failure.state("it goes on").help("stop it in CodeDeploy"));
            }
            asked += 1;
            let _ = rollout.runner.sleep(std::time::Duration::from_secs(1)).await;
        }
    }
    let said = match follow(rollout, &id).await?.0 {
        Some(End::RolledBack { .. }) => "was taken back",
        Some(End::Successful) => "had succeeded before it could be taken back; it stays",
        Some(End::Stopped { .. }) => "was stopped where it was",
        Some(End::Superseded { .. } | End::RollbackFailed { .. } | End::Unseen) | None => {
            let failure = Failure::new(github::Exit::Unknown, "see the deployment to its end").subject(&id);
            return Err(failure.state("it may still be in flight").help("look at it in CodeDeploy"));
        }
    };
    rollout.runner.save_state(STATE, "");
    rollout.runner.notice(format!("{}: deployment {id} {said}", rollout.settings.subject()));
    Ok(())
}
