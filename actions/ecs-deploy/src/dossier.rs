//! Gathering why a deployment failed. Whatever cannot be read is left out: a diagnosis never fails a run.

use crate::{
    definition::Definition,
    diagnose::{self, Group},
    observe::Ecs,
    outcome::{Dossier, Moment, Tail, Target},
    watch::Record,
};
use aws::Service as Api;
use github::Runner;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// Log lines kept of a container.
const LINES: usize = 30;
/// Longest log line kept, in characters.
const LINE: usize = 500;
/// Alarms whose history is read.
const ALARMS: usize = 5;
/// Different failures whose logs are read.
const LOGS: usize = 3;

/// The dossier of a failed deployment; `None` where nothing was found.
pub(crate) async fn gather(runner: &Runner, ecs: &Ecs, record: &Record, task_definition: &str) -> Option<Dossier> {
    let stopped: Vec<_> = record.stopped.values().cloned().collect();
    let groups = diagnose::group(&stopped);
    let mut dossier = Dossier { groups, ..Dossier::default() };
    if !dossier.groups.is_empty() {
        match ecs.definition(task_definition).await {
            Ok(definition) => dossier.logs = logs(runner, ecs, &definition, &dossier.groups).await,
            Err(error) => runner.detail(format!("no logs for the diagnosis: {error}")),
        }
    }
    for group in &record.target_groups {
        match targets(ecs, group).await {
            Ok(targets) => dossier.targets.extend(targets),
            Err(error) => runner.detail(format!("no target health for the diagnosis: {error}")),
        }
    }
    match alarms(ecs, record).await {
        Ok(alarms) => dossier.alarms = alarms,
        Err(error) => runner.detail(format!("no history of the alarms for the diagnosis: {error}")),
    }
    let found = !dossier.groups.is_empty() || !dossier.targets.is_empty() || !dossier.alarms.is_empty();
    found.then_some(dossier)
}

/// What the alarms that went off have done since our deployment began, oldest first.
async fn alarms(ecs: &Ecs, record: &Record) -> Result<Vec<Moment>, aws::AwsError> {
    let Some(own) = &record.last else { return Ok(Vec::new()) };
    let names = own.alarms.as_ref().map(|alarms| alarms.triggered_alarm_names.as_slice()).unwrap_or_default();
    let mut moments = Vec::new();
    for name in names.iter().take(ALARMS) {
        let mut input = json!({"AlarmName": name, "HistoryItemType": "StateUpdate", "MaxRecords": 20});
        if let Some(began) = own.created_at {
            input["StartDate"] = json!(began.as_second());
        }
        let answer = ecs.aws.json(Api::CloudWatch, "DescribeAlarmHistory", &input).await?;
        for item in answer["AlarmHistoryItems"].as_array().into_iter().flatten() {
            let at = item["Timestamp"].as_f64().and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
            let at = at.and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok());
            let said = item["HistorySummary"].as_str().unwrap_or_default();
            moments.push(Moment { at, what: format!("{name}: {said}") });
        }
    }
    moments.sort_by_key(|moment| moment.at);
    Ok(moments)
}

async fn logs(runner: &Runner, ecs: &Ecs, definition: &Definition, groups: &[Group]) -> Vec<Tail> {
    let mut tails = Vec::new();
    for group in groups.iter().filter(|group| group.container.is_some()).take(LOGS) {
        let (Some(container), task) = (&group.container, group.example.rsplit('/').next().unwrap_or_default()) else {
            continue;
        };
        let Some((log_group, stream)) = stream(definition, container, task, ecs.aws.region()) else { continue };
        let input = json!({"logGroupName": log_group, "logStreamName": stream, "limit": LINES, "startFromHead": false});
        match ecs.aws.json(Api::Logs, "GetLogEvents", &input).await {
            Ok(answer) => {
                let events = answer["events"].as_array().cloned().unwrap_or_default();
                let lines = events.iter().filter_map(|event| event["message"].as_str());
                let lines: Vec<String> = lines.map(|line| line.trim_end().chars().take(LINE).collect()).collect();
                if !lines.is_empty() {
                    tails.push(Tail { container: container.clone(), task: task.to_owned(), lines });
                }
            }
            Err(error) => runner.detail(format!("no log of {container} in task {task}: {error}")),
        }
    }
    tails
}

/// Log group and stream of a container, where it logs to CloudWatch in the region at hand:
/// `<prefix>/<container>/<task id>` (ECS developer guide, "awslogs log driver").
pub(crate) fn stream(definition: &Definition, container: &str, task: &str, region: &str) -> Option<(String, String)> {
    let containers = definition.document["containerDefinitions"].as_array()?;
    let configuration = &containers.iter().find(|one| one["name"] == container)?["logConfiguration"];
    let option = |name: &str| configuration["options"][name].as_str();
    let here = option("awslogs-region").is_none_or(|logged| logged == region);
    if configuration["logDriver"] != "awslogs" || !here {
        return None;
    }
    Some((option("awslogs-group")?.to_owned(), format!("{}/{container}/{task}", option("awslogs-stream-prefix")?)))
}

async fn targets(ecs: &Ecs, group: &str) -> Result<Vec<Target>, aws::AwsError> {
    let answer = ecs.aws.load_balancing("DescribeTargetHealth", &[("TargetGroupArn", group)]).await?;
    let unhealthy = answer.members(&["TargetHealthDescriptions"]).filter_map(|member| {
        let text = |path: &[&str]| member.text_at(path).unwrap_or_default();
        let state = text(&["TargetHealth", "State"]).to_owned();
        let reason = format!("{} {}", text(&["TargetHealth", "Reason"]), text(&["TargetHealth", "Description"]));
        let id = format!("{}:{}", text(&["Target", "Id"]), text(&["Target", "Port"]));
        (state != "healthy").then(|| Target { id, state, reason: reason.trim().to_owned() })
    });
    Ok(unhealthy.take(50).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_stream_is_prefix_container_task_and_only_in_our_region() {
        let options = |region: &str, driver: &str| {
            let options = json!({"awslogs-group": "/ecs/api", "awslogs-region": region, "awslogs-stream-prefix": "p"});
            let containers = json!([{"name": "api", "logConfiguration": {"logDriver": driver, "options": options}}]);
            Definition { document: json!({ "containerDefinitions": containers }), tags: vec![] }
        };
        let of = |region, driver| stream(&options(region, driver), "api", "t1", "eu-west-1");
        assert_eq!(of("eu-west-1", "awslogs"), Some(("/ecs/api".into(), "p/api/t1".into())));
        assert_eq!(of("us-east-1", "awslogs"), None);
        assert_eq!(of("eu-west-1", "awsfirelens"), None);
    }
}
