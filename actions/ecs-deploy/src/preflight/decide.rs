//! The go/no-go table, from what was seen alone.

use crate::decide::{Facts, Plan, Presence};
use serde::Serialize;

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// Nothing stands in the way.
    Go,
    /// It could not be found out.
    Unknown,
    /// Something does.
    NoGo,
}

impl Answer {
    /// The word.
    #[must_use]
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Unknown => "unknown",
            Self::NoGo => "no-go",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was asked.
    pub(crate) what: &'static str,
    /// The answer.
    pub(crate) answer: Answer,
    /// Why. May hold untrusted text.
    pub(crate) says: String,
}

/// Something that was read, or why it could not be.
pub(crate) type Read<T> = Result<T, String>;

/// A release to go back to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Back {
    /// Its task definition.
    pub(crate) task_definition: String,
    /// Whether that can still be deployed.
    pub(crate) is_active: bool,
    /// Its images, and whether the registry still has them.
    pub(crate) images: Vec<(String, Presence)>,
}

/// A target group and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its weight in the rule; `None` without a rule that says.
    pub(crate) weight: Option<u32>,
    /// Healthy targets.
    pub(crate) healthy: usize,
}

/// What was seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The service and what is in flight.
    pub(crate) facts: Facts,
    /// What a deployment would come to.
    pub(crate) plan: Plan,
    /// The release to go back to; `None` where history has none.
    pub(crate) back: Read<Option<Back>>,
    /// The service's alarms and their states.
    pub(crate) alarms: Read<Vec<(String, String)>>,
    /// The service's target groups.
    pub(crate) groups: Read<Vec<Group>>,
    /// The architecture tasks run on, and those the image has; empty where it does not say.
    pub(crate) platforms: (String, Vec<String>),
    /// Log groups that the containers write to, and whether they are there.
    pub(crate) logs: Read<Vec<(String, bool)>>,
}

fn go(what: &'static str, says: impl Into<String>) -> Check {
    Check { what, answer: Answer::Go, says: says.into() }
}

fn no(what: &'static str, says: impl Into<String>) -> Check {
    Check { what, answer: Answer::NoGo, says: says.into() }
}

fn unknown(what: &'static str, says: impl Into<String>) -> Check {
    Check { what, answer: Answer::Unknown, says: says.into() }
}

/// The table.
#[must_use]
pub(crate) fn table(seen: &Seen) -> Vec<Check> {
    let mut table = vec![deployable(seen), images(seen), quiet(seen)];
    // Of a service that is not there, nothing else can be asked.
    if seen.facts.service.is_some() {
        table.extend([back(seen), alarms(seen), traffic(seen), architecture(seen), logs(seen)]);
    }
    table
}

/// The worst answer of a table; an empty table has found out nothing.
#[must_use]
pub(crate) fn worst(table: &[Check]) -> Answer {
    table.iter().map(|check| check.answer).max().unwrap_or(Answer::Unknown)
}

fn deployable(seen: &Seen) -> Check {
    const WHAT: &str = "the service can be deployed";
    match &seen.plan {
        Plan::Refuse(refusal) => no(WHAT, format!("{}; {}", refusal.why, refusal.help)),
        Plan::Keep => go(WHAT, "it runs that already"),
        Plan::Adopt { .. } => go(WHAT, "a run of this suite is deploying that already"),
        Plan::Release(release) => go(
            WHAT,
            match &release.source {
                crate::decide::Source::Register(_) => "a new revision would be registered".to_owned(),
                crate::decide::Source::Reuse(arn) => format!("{arn} means the same and would be deployed"),
                crate::decide::Source::Again => "its task definition would be deployed again".to_owned(),
            },
        ),
    }
}

fn images(seen: &Seen) -> Check {
    const WHAT: &str = "the registry has the images";
    presence(WHAT, seen.facts.presence.iter().map(|(image, presence)| (image.to_string(), presence)), "none is changed")
}

fn presence<'a>(what: &'static str, images: impl Iterator<Item = (String, &'a Presence)>, none: &str) -> Check {
    let mut names = Vec::new();
    let mut open = None;
    for (image, presence) in images {
        match presence {
            Presence::Missing => return no(what, format!("{image} is not there")),
            Presence::Unknown(why) => open = Some(format!("{image}: {why}")),
            Presence::Present => names.push(image),
        }
    }
    match open {
        Some(why) => unknown(what, why),
        None if names.is_empty() => go(what, none),
        None => go(what, names.join(", ")),
    }
}

fn quiet(seen: &Seen) -> Check {
    const WHAT: &str = "no other deployment is in flight";
    match seen.facts.in_flight.first() {
        None => go(WHAT, "none is"),
        Some(one) => no(WHAT, format!("{} is {}", one.deployment.service_deployment_arn, one.deployment.status.word())),
    }
}

/// ECS goes back to the last release that succeeded; without one a failing deployment stalls.
fn back(seen: &Seen) -> Check {
    const WHAT: &str = "there is a release to go back to";
    match &seen.back {
        Err(why) => unknown(WHAT, why.clone()),
        Ok(None) => no(WHAT, "no deployment of the last 90 days succeeded: a failing one would stall"),
        Ok(Some(back)) if !back.is_active => {
            no(WHAT, format!("{} is inactive and cannot be deployed any more", back.task_definition))
        }
        Ok(Some(back)) => {
            let images = back.images.iter().map(|(image, presence)| (image.clone(), presence));
            let check = presence(WHAT, images, "");
            let says = match check.answer {
                Answer::Go => back.task_definition.clone(),
                _ => format!("{}: {}", back.task_definition, check.says),
            };
            Check { says, ..check }
        }
    }
}

/// An alarm that is on already when a deployment begins is ignored for all of it.
fn alarms(seen: &Seen) -> Check {
    const WHAT: &str = "no alarm is on already";
    let alarms = match &seen.alarms {
        Err(why) => return unknown(WHAT, why.clone()),
        Ok(alarms) => alarms,
    };
    let on: Vec<&str> = alarms.iter().filter(|(_, state)| state == "ALARM").map(|(name, _)| name.as_str()).collect();
    if !on.is_empty() {
        return no(WHAT, format!("{} is on: ECS would ignore its alarms for the whole deployment", on.join(", ")));
    }
    match alarms.iter().find(|(_, state)| state != "OK") {
        Some((name, state)) => unknown(WHAT, format!("{name} is {state}")),
        None if alarms.is_empty() => go(WHAT, "the service has none"),
        None => go(WHAT, format!("{} are OK", alarms.len())),
    }
}

/// Traffic that goes to a group with nobody healthy is an outage already, or the wrong group is live.
fn traffic(seen: &Seen) -> Check {
    const WHAT: &str = "traffic goes to healthy targets";
    let groups = match &seen.groups {
        Err(why) => return unknown(WHAT, why.clone()),
        Ok(groups) => groups,
    };
    if let Some(group) = groups.iter().find(|group| group.weight.is_none_or(|weight| weight > 0) && group.healthy == 0)
    {
        return no(WHAT, format!("{} has no healthy target", group.arn));
    }
    let weighed: Vec<u32> = groups.iter().filter_map(|group| group.weight).collect();
    match weighed.iter().filter(|weight| **weight > 0).count() {
        0 if !weighed.is_empty() => no(WHAT, "every weight of the rule is 0"),
        2.. => no(WHAT, "the rule sends traffic to both target groups, as a shift leaves it that did not end"),
        _ if groups.is_empty() => go(WHAT, "the service has no target group"),
        _ => go(WHAT, format!("{} healthy", groups.iter().map(|group| group.healthy).sum::<usize>())),
    }
}

fn architecture(seen: &Seen) -> Check {
    const WHAT: &str = "the image is for the tasks' processor";
    let (wanted, found) = &seen.platforms;
    match () {
        () if found.is_empty() => go(WHAT, format!("the image does not say; tasks run on {wanted}")),
        () if found.contains(wanted) => go(WHAT, wanted.clone()),
        () => no(WHAT, format!("tasks run on {wanted}, the image is for {}", found.join(", "))),
    }
}

fn logs(seen: &Seen) -> Check {
    const WHAT: &str = "the log groups exist";
    match &seen.logs {
        Err(why) => unknown(WHAT, why.clone()),
        Ok(groups) => match groups.iter().find(|(_, there)| !there) {
            Some((name, _)) => no(WHAT, format!("{name} does not exist")),
            None => go(WHAT, groups.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")),
        },
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
