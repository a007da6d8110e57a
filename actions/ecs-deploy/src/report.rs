//! What a run says: headline, outputs, annotations, summary, document.

use crate::{
    outcome::{Dossier, Moment, Outcome},
    verdict::Verdict,
};
use github::{Alert, Annotation, Exit, Report, Summary};

/// The report of an outcome.
#[must_use]
pub(crate) fn report(outcome: &Outcome) -> Report {
    let mut report = Report::new(exit(outcome), outcome.verdict.word(), headline(outcome))
        .output("digest", text(outcome.digest.as_ref()))
        .output("task-definition-arn", text(outcome.task_definition.as_ref()))
        .output("previous-task-definition-arn", text(outcome.previous_task_definition.as_ref()))
        .output("service-deployment-arn", text(outcome.service_deployment.as_ref()))
        .output("rolled-back-to", text(outcome.rolled_back_to.as_ref()))
        .output("superseded-by", text(outcome.superseded_by.as_ref()))
        .output("live-service", text(outcome.live_service.as_ref()))
        .output("console-url", text(outcome.console_url.as_ref()))
        .summary(summary(outcome))
        .document(outcome);
    if let Some(help) = &outcome.help {
        report = report.help(help);
    }
    for group in outcome.diagnosis.iter().flat_map(|dossier| &dossier.groups).take(3) {
        let text = format!("{} task(s) stopped: {}; likely fix: {}", group.tasks, group.reason, group.kind.fix());
        report = report.annotate(Annotation::warning(text));
    }
    for warning in &outcome.warnings {
        report = report.annotate(Annotation::warning(warning.clone()));
    }
    report
}

/// Modes in which a rollback is what was asked for.
const GOING_BACK: [&str; 2] = ["recover", "rollback"];

fn exit(outcome: &Outcome) -> Exit {
    if outcome.verdict == Verdict::Superseded && outcome.neutral_when_superseded {
        return Exit::Done;
    }
    if GOING_BACK.contains(&outcome.mode) { outcome.verdict.exit_of_rollback() } else { outcome.verdict.exit() }
}

fn text(value: Option<&String>) -> &str {
    value.map_or("", String::as_str)
}

/// The line that says it all.
fn headline(outcome: &Outcome) -> String {
    let subject = format!("{}/{}", outcome.cluster.rsplit('/').next().unwrap_or_default(), outcome.service);
    let what = outcome.image.as_deref().unwrap_or("the deployment");
    let why = outcome.cause.as_deref().map(|cause| format!(": {cause}")).unwrap_or_default();
    let back =
        outcome.rolled_back_to.as_deref().map(short).map(|to| format!(", the service is on {to}")).unwrap_or_default();
    match outcome.verdict {
        Verdict::Deployed => format!("{subject} runs {what} in {} task(s)", outcome.tasks),
        Verdict::NoOp if outcome.tasks > 0 => {
            format!("{subject} runs {what} already, in {} task(s){why}", outcome.tasks)
        }
        Verdict::NoOp => format!("{subject} was not changed{why}"),
        Verdict::InProgress => format!("the deployment of {what} to {subject} has come as far as asked, and goes on"),
        Verdict::Completed => format!("the task ran to a good end in {subject}"),
        Verdict::Failed => format!("the task failed in {subject}{why}"),
        Verdict::Ready => format!("nothing stands in the way of a deployment to {subject}"),
        Verdict::Unclear => format!("could not find out whether {subject} can be deployed{why}"),
        Verdict::Written => format!("the least policy for {subject} was written"),
        Verdict::Planned => format!("dry run: nothing was changed in {subject}{why}"),
        Verdict::Refused => format!("refused to change {subject}{why}; nothing was changed"),
        Verdict::RolledBack if GOING_BACK.contains(&outcome.mode) => format!("{subject} was taken back{back}{why}"),
        Verdict::RolledBack => format!("{what} was taken back from {subject}{back}{why}"),
        Verdict::RollbackFailed => format!("the way back of {subject} failed{why}; look at the service now"),
        Verdict::Superseded => format!("the deployment to {subject} was replaced by another{why}"),
        Verdict::Stopped => format!("the deployment to {subject} was stopped without a way back{why}"),
        Verdict::Stalled => {
            format!("the deployment to {subject} goes neither on nor back{why}; there is no release to go back to")
        }
        Verdict::UnverifiedZeroTasks => format!("{subject} accepted {what}, but it is unverified{why}"),
        Verdict::UnverifiedDigest => format!("{subject} runs something, but what is unverified{why}"),
        Verdict::TimedOut => format!("could not see the end of the deployment to {subject}{why}"),
        Verdict::Cancelled => format!("cancelled the deployment to {subject}{why}"),
    }
}

/// `family:revision` of an ARN.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn summary(outcome: &Outcome) -> Summary {
    let mut summary = Summary::new().table(&["", ""], facts(outcome));
    if !outcome.checks.is_empty() {
        let row = |check: &crate::preflight::Check| {
            vec![check.what.to_owned(), check.answer.word().to_owned(), check.says.clone()]
        };
        summary = summary.table(&["check", "answer", "why"], outcome.checks.iter().map(row));
    }
    if let Some(policy) = &outcome.policy {
        summary = summary.code("json", &format!("{policy:#}"));
    }
    if let Some(help) = &outcome.help {
        summary = summary.alert(Alert::Tip, help);
    }
    for warning in &outcome.warnings {
        summary = summary.alert(Alert::Warning, warning);
    }
    if let Some(dossier) = &outcome.diagnosis {
        summary = summary.extend(diagnosis(dossier));
        if !dossier.alarms.is_empty() {
            summary = summary.heading("Alarms").table(&["after", "what"], moments(&dossier.alarms, outcome));
        }
    }
    if !outcome.timeline.is_empty() {
        summary = summary.heading("Timeline").table(&["after", "what"], moments(&outcome.timeline, outcome));
    }
    if !outcome.events.is_empty() {
        let events = Summary::new().table(&["after", "event"], moments(&outcome.events, outcome));
        summary = summary.details("Service events", events);
    }
    if let Some(diff) = &outcome.diff {
        summary = summary.details("Task definition", Summary::new().code("diff", diff));
    }
    match &outcome.console_url {
        Some(url) => summary.link("The service in the console", url),
        None => summary,
    }
}

fn facts(outcome: &Outcome) -> Vec<Vec<String>> {
    let code = |value: Option<&String>| value.map(|value| format!("`{}`", value.replace('`', "'")));
    let rows = [
        ("verdict", Some(format!("`{}`", outcome.verdict.word()))),
        ("service", Some(format!("`{}` in `{}`", outcome.service, outcome.cluster))),
        ("image", code(outcome.image.as_ref())),
        ("task definition", code(outcome.task_definition.as_ref())),
        ("before", code(outcome.previous_task_definition.as_ref())),
        ("taken away", code(outcome.removed.as_ref().map(|removed| &removed.image))),
        ("has the traffic", code(outcome.live_service.as_ref())),
        ("back on", code(outcome.rolled_back_to.as_ref())),
        ("deployment", code(outcome.service_deployment.as_ref())),
        ("tasks proven to run the digest", (outcome.tasks > 0).then(|| outcome.tasks.to_string())),
        ("why", outcome.cause.clone()),
        ("statement", code(outcome.statement.as_ref())),
    ];
    rows.into_iter().filter_map(|(name, value)| Some(vec![name.to_owned(), value?])).collect()
}

fn moments(moments: &[Moment], outcome: &Outcome) -> Vec<Vec<String>> {
    let row = |moment: &Moment| {
        let seconds = moment.at.map(|at| at.duration_since(outcome.started_at).as_secs_f64());
        vec![seconds.map(|seconds| format!("{seconds:.1} s")).unwrap_or_default(), moment.what.clone()]
    };
    moments.iter().map(row).collect()
}

fn diagnosis(dossier: &Dossier) -> Summary {
    let mut summary = Summary::new().heading("Why");
    let row = |group: &crate::diagnose::Group| {
        let exit = group.exit_code.map(|code| code.to_string()).unwrap_or_default();
        let container = group.container.clone().unwrap_or_default();
        vec![group.tasks.to_string(), container, exit, group.reason.clone(), group.kind.fix().to_owned()]
    };
    if !dossier.groups.is_empty() {
        let columns = ["tasks", "container", "exit code", "reason", "likely fix"];
        summary = summary.table(&columns, dossier.groups.iter().map(row));
    }
    for tail in &dossier.logs {
        let title = format!("Last log lines of {} in task {}", tail.container, tail.task);
        summary = summary.details(&title, Summary::new().code("text", &tail.lines.join("\n")));
    }
    if !dossier.targets.is_empty() {
        let row =
            |target: &crate::outcome::Target| vec![target.id.clone(), target.state.clone(), target.reason.clone()];
        summary = summary.table(&["target", "state", "reason"], dossier.targets.iter().map(row));
    }
    summary
}
