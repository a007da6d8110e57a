//! Why tasks stopped: grouped, told apart into what a retry may cure and what it cannot, with a likely fix.

use crate::model::{Breaker, Container, Task};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// A kind of failure, with the words ECS has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// The registry has no such image.
    ImageMissing,
    /// The registry refused the pull.
    PullDenied,
    /// The pull failed for another reason, which may pass.
    PullFailed,
    /// The image is for another processor or its entry point is not a program.
    NotExecutable,
    /// A secret or parameter could not be read.
    SecretUnavailable,
    /// The log group or driver could not be set up.
    LogsUnavailable,
    /// The container was killed for using too much memory.
    OutOfMemory,
    /// The load balancer or the container's own check called it unhealthy.
    Unhealthy,
    /// The program ended by itself.
    Exited,
    /// Capacity was taken away or could not be had.
    Capacity,
    /// Anything else.
    Other,
}

impl Kind {
    /// Whether starting again gives the same result for certain: then waiting for the circuit breaker is waste.
    #[must_use]
    pub(crate) fn is_hopeless(self) -> bool {
        matches!(
            self,
            Self::ImageMissing
                | Self::PullDenied
                | Self::NotExecutable
                | Self::SecretUnavailable
                | Self::LogsUnavailable
        )
    }

    /// The most likely cure.
    #[must_use]
    pub(crate) fn fix(self) -> &'static str {
        match self {
            Self::ImageMissing => "push the image, or correct the digest; check that no lifecycle policy removed it",
            Self::PullDenied => {
                "allow the execution role ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, \
                 and the repository's policy this account"
            }
            Self::PullFailed => {
                "check the tasks' way to the registry: NAT or VPC endpoints, security groups, rate limits"
            }
            Self::NotExecutable => {
                "build the image for the task's cpuArchitecture, and check that its entry point exists and is executable"
            }
            Self::SecretUnavailable => {
                "check that the secret or parameter exists and that the execution role may read and decrypt it"
            }
            Self::LogsUnavailable => "create the log group, or allow the execution role logs:CreateLogGroup",
            Self::OutOfMemory => "raise the memory of the container or the task, or find the leak",
            Self::Unhealthy => {
                "check path, port and expected codes of the health check, the security groups, and \
                 healthCheckGracePeriodSeconds against the start-up time"
            }
            Self::Exited => "read the container's last log lines below; the program ended by itself",
            Self::Capacity => "check the cluster's capacity, subnets' free addresses and Fargate quotas",
            Self::Other => "read the stop reason and the service events",
        }
    }
}

/// Tasks that stopped for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Group {
    /// The kind.
    pub(crate) kind: Kind,
    /// The reason in ECS's words, without what differs from task to task. Untrusted text.
    pub(crate) reason: String,
    /// The container that failed, where one did.
    pub(crate) container: Option<String>,
    /// Its exit code, absent when it never ran.
    pub(crate) exit_code: Option<i64>,
    /// How many tasks.
    pub(crate) tasks: usize,
    /// One of them.
    pub(crate) example: String,
}

/// What kind of failure one stopped task is; `None` where its end is no failure, such as scaling in.
#[must_use]
pub(crate) fn kind(task: &Task) -> Option<Kind> {
    let reason = task.stopped_reason.as_deref().unwrap_or_default();
    let code = task.stop_code.as_deref().unwrap_or_default();
    let words = task.containers.iter().filter_map(|container| container.reason.as_deref());
    let text = words.fold(reason.to_lowercase(), |text, word| text + "\n" + &word.to_lowercase());
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if code == "UserInitiated" || has(&["scaling activity initiated by"]) {
        return None;
    }
    if has(&["cannotpull", "failed to pull", "pull command failed", "pulling image"]) {
        return Some(pull(&has));
    }
    Some(match () {
        () if has(&[
            "exec format error",
            "executable file not found",
            "no such file or directory",
            "exec user process",
        ]) =>
        {
            Kind::NotExecutable
        }
        () if has(&[
            "unable to pull secrets",
            "fetching secret",
            "secretsmanager",
            "ssm",
            "invalid ssm parameters",
        ]) && has(&["resourceinitializationerror"]) =>
        {
            Kind::SecretUnavailable
        }
        () if has(&[
            "log group does not exist",
            "failed to validate logger args",
            "failed to create cloudwatch log stream",
        ]) =>
        {
            Kind::LogsUnavailable
        }
        () if has(&["outofmemory", "oom"]) => Kind::OutOfMemory,
        () if has(&["failed elb health checks", "failed container health checks", "health check"]) => Kind::Unhealthy,
        () if matches!(code, "SpotInterruption" | "TerminationNotice" | "InfrastructureHealth")
            || has(&["capacity is unavailable", "resource:"]) =>
        {
            Kind::Capacity
        }
        () if code == "EssentialContainerExited" || has(&["essential container in task exited"]) => Kind::Exited,
        // The scheduler ends tasks of a deployment it replaces; that is no failure of theirs.
        () if code == "ServiceSchedulerInitiated" => return None,
        () => Kind::Other,
    })
}

fn pull(has: &impl Fn(&[&str]) -> bool) -> Kind {
    // Named transient causes first: a throttled pull also says "denied" in some registries.
    if has(&[
        "toomanyrequests",
        "rate limit",
        "i/o timeout",
        "timeout",
        "connection refused",
        "connection reset",
        "tls handshake",
    ]) {
        Kind::PullFailed
    } else if has(&["manifest unknown", "not found", "does not exist", "no such image", "name unknown"]) {
        Kind::ImageMissing
    } else if has(&["denied", "unauthorized", "not authorized", "no basic auth", "forbidden"]) {
        Kind::PullDenied
    } else if has(&["does not match the specified platform", "no matching manifest"]) {
        Kind::NotExecutable
    } else {
        Kind::PullFailed
    }
}

/// The container that failed: the one with the worst end among those that are not mere victims of the stop (137, 143).
fn culprit(task: &Task) -> Option<&Container> {
    let severity = |container: &&Container| match (container.exit_code, container.reason.as_deref()) {
        (_, Some(reason)) if !reason.is_empty() => 3,
        (Some(0 | 137 | 143), _) => 1,
        (Some(_), _) => 4,
        (None, _) => 0,
    };
    task.containers.iter().max_by_key(severity)
}

/// Groups stopped tasks by what went wrong, the commonest first.
#[must_use]
pub(crate) fn group(tasks: &[Task]) -> Vec<Group> {
    let mut groups: BTreeMap<(Kind, String, Option<String>, Option<i64>), Group> = BTreeMap::new();
    for task in tasks {
        let Some(kind) = kind(task) else { continue };
        let culprit = culprit(task);
        let words = culprit.and_then(|container| container.reason.as_deref()).filter(|reason| !reason.is_empty());
        let words = words.or(task.stopped_reason.as_deref()).unwrap_or("no reason was given");
        let reason = normal(words, task.id());
        let container = culprit.map(|container| container.name.clone());
        let exit_code = culprit.and_then(|container| container.exit_code);
        groups
            .entry((kind, reason.clone(), container.clone(), exit_code))
            .or_insert_with(|| Group { kind, reason, container, exit_code, tasks: 0, example: task.task_arn.clone() })
            .tasks += 1;
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.tasks));
    groups
}

/// A reason without the task's own id, addresses and request ids, so that the same reason reads the same.
fn normal(reason: &str, task: &str) -> String {
    let reason = if task.is_empty() { reason.to_owned() } else { reason.replace(task, "<task>") };
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let hex = bare.len() >= 16 && bare.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let address = bare.bytes().filter(|b| *b == b'.').count() == 3
            && bare.bytes().all(|b| b.is_ascii_digit() || b".:".contains(&b));
        if hex && !word.contains("sha256:") || address { word.replace(bare, "<…>") } else { word.to_owned() }
    };
    reason.split_whitespace().map(word).collect::<Vec<_>>().join(" ").chars().take(400).collect()
}

/// So many tasks that end alike, each within so many seconds, are the program's own doing; three may be a bad moment, and
/// are the least that ECS's breaker trips at.
const ALIKE: usize = 4;
const AT_ONCE: SignedDuration = SignedDuration::from_secs(5);

/// A breaker that trips at so many failures is as quick as we are, and ECS's own word for it is better than ours.
const QUICK_BREAKER: u32 = 8;

/// The first cause among stopped tasks that no retry will cure.
#[must_use]
pub(crate) fn hopeless(tasks: &[Task], breaker: Option<&Breaker>) -> Option<String> {
    let groups = group(tasks);
    if let Some(group) = groups.iter().find(|group| group.kind.is_hopeless()) {
        return Some(group.reason.clone());
    }
    if breaker.is_some_and(|breaker| breaker.status != "DISABLED" && breaker.threshold <= QUICK_BREAKER) {
        return None;
    }
    let at_once: Vec<Task> = tasks.iter().filter(|task| ended_at_once(task)).cloned().collect();
    let mut alike = group(&at_once).into_iter().filter(|group| group.kind == Kind::Exited && group.tasks >= ALIKE);
    let group = alike.find(|group| group.exit_code.is_some_and(|code| code != 0))?;
    let (container, code) = (group.container.unwrap_or_default(), group.exit_code.unwrap_or_default());
    Some(format!("container `{container}` ended with exit code {code} at once, {} times in a row", group.tasks))
}

fn ended_at_once(task: &Task) -> bool {
    let (Some(started), Some(stopping)) = (task.started_at, task.stopping_at) else { return false };
    stopping.duration_since(started) < AT_ONCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn task(id: &str, code: &str, reason: &str, container: (Option<i64>, &str)) -> Task {
        serde_json::from_value(json!({
            "taskArn": format!("arn:aws:ecs:r:1:task/c/{id}"), "stopCode": code, "stoppedReason": reason,
            "containers": [{"name": "api", "exitCode": container.0, "reason": container.1}]
        }))
        .unwrap()
    }

    /// Reasons as ECS writes them (developer guide, "Stopped tasks error messages", and threads of the field).
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn every_known_reason_has_its_kind() {
        let exited = "Essential container in task exited";
        for (code, reason, container, wanted) in [
            (
                "TaskFailedToStart",
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref a/b@sha256:1: a/b@sha256:1: not found",
                "",
                Some(Kind::ImageMissing),
            ),
            (
                "TaskFailedToStart",
                "CannotPullContainerError: Error response from daemon: manifest for a:b not found: manifest unknown",
                "",
                Some(Kind::ImageMissing),
            ),
            (
                "TaskFailedToStart",
                "CannotPullContainerError: pull access denied for a/b, repository does not exist or may require 'docker login': denied",
                "",
                Some(Kind::ImageMissing),
            ),
            (
                "TaskFailedToStart",
                "CannotPullContainerError: AccessDeniedException: User is not authorized to perform: ecr:BatchGetImage",
                "",
                Some(Kind::PullDenied),
            ),
            (
                "TaskFailedToStart",
                "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit; access denied",
                "",
                Some(Kind::PullFailed),
            ),
            (
                "TaskFailedToStart",
                "CannotPullContainerError: context canceled: dial tcp 10.0.0.1:443: i/o timeout",
                "",
                Some(Kind::PullFailed),
            ),
            (
                "TaskFailedToStart",
                "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64': does not match the specified platform",
                "",
                Some(Kind::NotExecutable),
            ),
            ("EssentialContainerExited", exited, "exec /app: exec format error", Some(Kind::NotExecutable)),
            (
                "TaskFailedToStart",
                "CannotStartContainerError",
                "OCI runtime create failed: exec: \"app\": executable file not found in $PATH",
                Some(Kind::NotExecutable),
            ),
            (
                "TaskFailedToStart",
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: fetching secret data from SecretsManager: AccessDeniedException",
                "",
                Some(Kind::SecretUnavailable),
            ),
            (
                "TaskFailedToStart",
                "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: The specified log group does not exist.",
                "",
                Some(Kind::LogsUnavailable),
            ),
            (
                "EssentialContainerExited",
                exited,
                "OutOfMemoryError: Container killed due to memory usage",
                Some(Kind::OutOfMemory),
            ),
            (
                "ServiceSchedulerInitiated",
                "Task failed ELB health checks in (target-group arn:x)",
                "",
                Some(Kind::Unhealthy),
            ),
            ("EssentialContainerExited", exited, "", Some(Kind::Exited)),
            ("SpotInterruption", "Your Spot Task was interrupted.", "", Some(Kind::Capacity)),
            ("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)", "", None),
            ("UserInitiated", "Task stopped by user", "", None),
            ("ServiceSchedulerInitiated", "", "", None),
            ("TaskFailedToStart", "something new", "", Some(Kind::Other)),
        ] {
            assert_eq!(kind(&task("t", code, reason, (Some(1), container))), wanted, "{reason} {container}");
        }
    }

    #[test]
    fn only_what_no_retry_cures_is_hopeless() {
        let crash = task("1", "EssentialContainerExited", "Essential container in task exited", (Some(1), ""));
        let away = task("2", "TaskFailedToStart", "CannotPullContainerError: i/o timeout", (None, ""));
        assert_eq!(hopeless(&[crash.clone(), away, crash.clone()], None), None);
        let format = task("3", "EssentialContainerExited", "x", (Some(1), "exec /app: exec format error"));
        assert_eq!(hopeless(&[crash, format], None).unwrap(), "exec /app: exec format error");
    }

    #[test]
    fn a_program_that_ends_at_once_again_and_again_is_not_waited_for() {
        let crash = |id: &str, seconds: f64, code: i64| {
            let mut crash =
                task(id, "EssentialContainerExited", "Essential container in task exited", (Some(code), ""));
            let at =
                |seconds: f64| jiff::Timestamp::from_second(1000).unwrap() + SignedDuration::from_secs_f64(seconds);
            (crash.started_at, crash.stopping_at) = (Some(at(0.0)), Some(at(seconds)));
            crash
        };
        let times = |count: usize, seconds: f64, code: i64| -> Vec<Task> {
            (0..count).map(|n| crash(&n.to_string(), seconds, code)).collect()
        };
        assert_eq!(hopeless(&times(3, 0.2, 3), None), None, "the breaker's least");
        assert_eq!(
            hopeless(&times(4, 0.2, 3), None).unwrap(),
            "container `api` ended with exit code 3 at once, 4 times in a row"
        );
        assert_eq!(hopeless(&times(4, 6.0, 3), None), None, "it had run for a while");
        for (status, threshold, waited) in [("MONITORING", 3, true), ("MONITORING", 13, false), ("DISABLED", 0, false)]
        {
            let breaker = Breaker { status: status.into(), failure_count: 2, threshold };
            assert_eq!(hopeless(&times(4, 0.2, 3), Some(&breaker)).is_none(), waited, "{status} {threshold}");
        }
        assert_eq!(hopeless(&times(4, 0.2, 0), None), None, "it came to a good end");
        assert_eq!(hopeless(&[times(3, 0.2, 3), times(3, 0.2, 4)].concat(), None), None, "not alike");
    }

    #[test]
    fn tasks_that_stopped_alike_are_one_group_and_the_commonest_comes_first() {
        let pulled = |id: &str| {
            task(
                id,
                "TaskFailedToStart",
                &format!("CannotPullContainerError: i/o timeout from 10.0.0.7:443 for {id}"),
                (None, ""),
            )
        };
        let crash = task("9", "EssentialContainerExited", "Essential container in task exited", (Some(3), ""));
        let groups = group(&[crash, pulled("00000000000000aa"), pulled("00000000000000bb")]);
        let seen: Vec<_> = groups.iter().map(|g| (g.kind, g.tasks, g.exit_code)).collect();
        assert_eq!(seen, [(Kind::PullFailed, 2, None), (Kind::Exited, 1, Some(3))]);
        assert_eq!(groups[0].reason, "CannotPullContainerError: i/o timeout from <…> for <task>");
    }

    #[test]
    fn the_culprit_is_the_container_that_failed_and_not_one_killed_with_it() {
        let task: Task = serde_json::from_value(json!({
            "taskArn": "t", "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited",
            "containers": [{"name": "sidecar", "exitCode": 137}, {"name": "api", "exitCode": 2}, {"name": "init", "exitCode": 0}]
        }))
        .unwrap();
        let groups = group(&[task]);
        assert_eq!((groups[0].container.as_deref(), groups[0].exit_code), (Some("api"), Some(2)));
    }
}
