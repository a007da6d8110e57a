//! `mode: preflight`: everything that would stop a deployment, or its way back, looked for before anything is begun.

mod answers;
mod decide;

pub(crate) use decide::Check;

use crate::{
    choose::{self, Return},
    decide::{Facts, Plan, Presence, Refusal, Roller, Wish, able},
    definition::Definition,
    deploy::{self, Open},
    history,
    identity::running,
    inputs::{Back as To, Forth},
    model::Service,
    outcome::Outcome,
    rollout::Rollout,
};
use aws::{AwsError, Service as Api};
use decide::{Answer, Back, Group, Read, Seen, table};
use github::Failure;
use serde_json::json;
use std::collections::BTreeSet;
use subject::{ImageRef, Reference};

/// Looks, and prints the table.
///
/// # Errors
/// A [`Failure`] when the service itself could not be read.
pub(crate) async fn run(
    rollout: &mut Rollout<'_>,
    forth: &Forth,
    image: Option<&ImageRef>,
    open: Open<'_, '_>,
) -> Result<Outcome, Failure> {
    let (mut facts, base) = deploy::observe(rollout, forth).await?;
    let named = forth.overrides.clone().with(image, rollout.settings.container.as_deref(), &base);
    let (overrides, unmeant) = match named {
        Ok(overrides) => (overrides, None),
        Err(error) => (forth.overrides.clone(), Some(error.to_string())),
    };
    let mut found = Vec::new();
    for image in answers::needed(&overrides, image) {
        let (presence, platforms) = look_for(&image, open).await?;
        found.extend(platforms);
        facts.presence.push((image, presence));
    }
    let settings = rollout.settings;
    let wish = Wish {
        overrides,
        tasks: None,
        on_competing: settings.on_competing,
        breaker: settings.breaker,
        progress: settings.progress.clone(),
    };
    let able = able(facts.service.as_ref(), rollout.settings.roller()).is_ok();
    let plan = match (unmeant.filter(|_| able), crate::shift::refusal(rollout).await?) {
        (Some(why), _) => Plan::Refuse(Refusal { why, help: deploy::NAME_A_CONTAINER.to_owned() }),
        (None, Some(refusal)) => Plan::Refuse(refusal),
        (None, None) => crate::decide::decide(&facts, &wish),
    };
    let seen = look(rollout, facts, (&base, found), (plan, open)).await;
    let table = table(&seen);
    Ok(told(rollout, table).of(seen.facts.service.as_ref()))
}

/// Whether an image is there, and for which processors, where it says so.
async fn look_for(image: &ImageRef, open: Open<'_, '_>) -> Result<(Presence, BTreeSet<String>), Failure> {
    let evidence = open(&image.repository)?;
    let mut platforms = BTreeSet::new();
    let presence = match evidence.registry().manifest(image).await {
        Ok(manifest) => {
            if let oci::Kind::Index(index) = manifest.kind {
                platforms = answers::architectures(&index);
            }
            Presence::Present
        }
        Err(error) if error.is_not_found() => Presence::Missing,
        Err(error) => Presence::Unknown(error.to_string()),
    };
    Ok((presence, platforms))
}

async fn look(
    rollout: &Rollout<'_>,
    facts: Facts,
    (base, found): (&Definition, Vec<String>),
    (plan, open): (Plan, Open<'_, '_>),
) -> Seen {
    let service = facts.service.clone().unwrap_or_default();
    let alive = able(facts.service.as_ref(), rollout.settings.roller()).is_ok();
    Seen {
        back: if alive { back(rollout, &service, open).await } else { Ok(None) },
        alarms: alarms(rollout, &service).await.map_err(|error| error.to_string()),
        groups: groups(rollout, &service).await.map_err(|error| error.to_string()),
        logs: logs(rollout, base).await.map_err(|error| error.to_string()),
        platforms: (architecture(base), found),
        facts,
        plan,
    }
}

/// The release ECS and `mode: rollback` would go back to if the next one fails: the last that succeeded.
async fn back(rollout: &Rollout<'_>, service: &Service, open: Open<'_, '_>) -> Read<Option<Back>> {
    let text = |error: AwsError| error.to_string();
    if rollout.settings.roller() == Roller::CodeDeploy {
        // CodeDeploy keeps the side that has the traffic until the other one has proven itself.
        return definition(rollout, running(service), open).await.map(Some);
    }
    // Where the service is, is where a failing deployment goes back to.
    let mut history = history::read(rollout, service, &To::Revision(String::new())).await.map_err(text)?;
    let Some(revision) = history.revision(&history.current).cloned() else {
        history.current.clear();
        return match choose::choose(&history, &To::Last) {
            Return::To { task_definition } => definition(rollout, &task_definition, open).await.map(Some),
            _ => Ok(None),
        };
    };
    definition(rollout, &revision.task_definition, open).await.map(Some)
}

async fn definition(rollout: &Rollout<'_>, name: &str, open: Open<'_, '_>) -> Read<Back> {
    let definition = rollout.ecs.definition(name).await.map_err(|error| error.to_string())?;
    let mut images = Vec::new();
    for container in definition.names() {
        let Some(Ok(Reference::Image(image))) = definition.image(container).map(str::parse) else { continue };
        let presence = match look_for(&image, open).await {
            Ok((presence, _)) => presence,
            Err(failure) => Presence::Unknown(failure.headline()),
        };
        images.push((image.to_string(), presence));
    }
    Ok(Back { task_definition: definition.arn().to_owned(), is_active: definition.is_active(), images })
}

/// The alarms that would take a deployment back, and their states.
async fn alarms(rollout: &Rollout<'_>, service: &Service) -> Result<Vec<(String, String)>, AwsError> {
    let names = answers::watched(service);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let answer = rollout.ecs.aws.json(Api::CloudWatch, "DescribeAlarms", &json!({"AlarmNames": names})).await?;
    Ok(answers::states(&names, &answer))
}

/// The service's target groups, with their weights where a rule shifts between two.
async fn groups(rollout: &Rollout<'_>, service: &Service) -> Result<Vec<Group>, AwsError> {
    let aws = &rollout.ecs.aws;
    let mut groups = Vec::new();
    for balancer in &service.load_balancers {
        let Some(first) = &balancer.target_group_arn else { continue };
        let advanced = &balancer.advanced_configuration;
        let second = advanced["alternateTargetGroupArn"].as_str();
        let weights = match advanced["productionListenerRule"].as_str() {
            Some(rule) => Some(crate::shift::weights(aws, rule, (first, second.unwrap_or_default())).await?),
            None => None,
        };
        for (arn, weight) in
            [(Some(first.as_str()), weights.map(|it| it.stable)), (second, weights.map(|it| it.candidate))]
        {
            let Some(arn) = arn else { continue };
            groups.push(Group { arn: arn.to_owned(), weight, healthy: crate::shift::healthy(aws, arn).await? });
        }
    }
    Ok(groups)
}

/// The log groups the containers write to in this region, and whether they are there.
async fn logs(rollout: &Rollout<'_>, base: &Definition) -> Result<Vec<(String, bool)>, AwsError> {
    let mut groups = Vec::new();
    for name in answers::log_groups(base, rollout.ecs.aws.region()) {
        let asked = json!({"logGroupNamePrefix": name});
        let answer = rollout.ecs.aws.json(Api::Logs, "DescribeLogGroups", &asked).await?;
        groups.push((name.to_owned(), answers::has_group(&answer, name)));
    }
    Ok(groups)
}

/// The processor tasks run on, in the registry's words; ECS's default is the first.
fn architecture(base: &Definition) -> String {
    match base.document["runtimePlatform"]["cpuArchitecture"].as_str() {
        Some("ARM64") => "arm64",
        _ => "amd64",
    }
    .to_owned()
}

fn told(rollout: &Rollout<'_>, table: Vec<Check>) -> Outcome {
    for check in &table {
        let mark = match check.answer {
            Answer::Go => "ok",
            Answer::Unknown => "??",
            Answer::NoGo => "NO",
        };
        rollout.runner.info(format!("[{mark}] {}: {}", check.what, check.says));
    }
    let (verdict, cause) = answers::verdict(&table);
    Outcome { cause, checks: table, ..Outcome::new(verdict, rollout.settings, rollout.runner.now()) }
}

impl Outcome {
    fn of(self, service: Option<&Service>) -> Self {
        match service {
            Some(service) => self.of_service(service),
            None => self,
        }
    }
}
