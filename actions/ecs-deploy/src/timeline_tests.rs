//! Recorded and synthesised timelines (`tests/timelines/timelines.json`): what is seen of a deployment, look by look, and
//! what verdict, exit code and headline that comes to.

use crate::{
    diagnose, finish,
    follow::{Course, End, Look, Newer, Next, Patience, Rights, Why},
    inputs::{Goal, OnSuperseded, Settings},
    model::{Revision, ServiceDeployment, Task},
    outcome::Outcome,
    prove::{Promise, Proof},
    report,
    verdict::{Verdict, conclude},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use subject::Digest;

const TIMELINES: &str = include_str!("../tests/timelines/timelines.json");

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// `[second, status, members, newer]`; no status is a read that failed, no newer a look that was not for it.
fn look(entry: &Value, stopped: &[Task]) -> Look {
    let own = entry[1].as_str().map(|status| {
        let mut own = json!({"serviceDeploymentArn": "ours", "status": status});
        own.as_object_mut().unwrap().extend(entry[2].as_object().cloned().unwrap_or_default());
        serde_json::from_value::<ServiceDeployment>(own).unwrap()
    });
    let newer = match entry[3].as_str() {
        None => Newer::Unread,
        Some("") => Newer::No,
        Some(arn) => Newer::Seen(arn.to_owned()),
    };
    let begun = entry[0].as_i64().unwrap() > 0;
    Look { own, newer, hopeless: begun.then(|| diagnose::hopeless(stopped, None)).flatten() }
}

/// Plays a timeline to its end.
fn play(case: &Value) -> (End, Course) {
    let rights = if case["rights"] == "watch" { Rights::Watch } else { Rights::Ours };
    let ten = SignedDuration::from_mins(10);
    let patience = Patience { deadline: at(600), rollback: ten, newer: SignedDuration::from_secs(15) };
    let mut course = Course::new(rights, patience);
    let stopped: Vec<Task> = serde_json::from_value(case.get("stopped").cloned().unwrap_or(json!([]))).unwrap();
    for entry in case["looks"].as_array().unwrap() {
        let now = at(entry[0].as_i64().unwrap());
        if entry[1] == "signal" {
            course.note_stop(Why::Cancelled, now);
        } else if let Next::End(end) = course.step(&look(entry, &stopped), now) {
            return (end, course);
        }
    }
    panic!("{}: no end", case["name"]);
}

fn digest(name: &Value) -> Option<Digest> {
    name.as_str().map(|name| Digest::of(name.as_bytes()))
}

fn proof(case: &Value) -> Proof {
    let task = |task: &Value| {
        let status = task["status"].as_str().unwrap_or("RUNNING");
        json!({"taskArn": "a/t", "lastStatus": status, "containers": [{"name": "api", "imageDigest": digest(&task["run"])}]})
    };
    let tasks: Vec<Value> = case["tasks"].as_array().unwrap().iter().map(task).collect();
    let tasks: Vec<Task> = serde_json::from_value(json!(tasks)).unwrap();
    let recorded = digest(&case["recorded"]).map(|digest| json!([{"containerName": "api", "imageDigest": digest}]));
    let revision: Option<Revision> =
        recorded.map(|images| serde_json::from_value(json!({ "containerImages": images })).unwrap());
    let platforms = [Digest::of(b"platform")].into();
    Promise { container: "api".into(), digest: Digest::of(b"good"), platforms }.judge(&tasks, revision.as_ref())
}

#[test]
fn every_timeline_comes_to_its_verdict_its_exit_code_and_its_headline() {
    let cases: Vec<Value> = serde_json::from_str(TIMELINES).unwrap();
    assert!(cases.len() >= 60, "only {} timelines", cases.len());
    let mut met: BTreeMap<Verdict, usize> = BTreeMap::new();
    for case in &cases {
        let (name, (end, course)) = (&case["name"], play(case));
        let proof = (end == End::Successful).then(|| proof(case));
        let verdict = conclude(&end, course.stopped(), proof.as_ref());
        let mut settings = Settings::of_test(Goal::Resume);
        if case["on_superseded"] == "neutral" {
            settings.on_superseded = OnSuperseded::Neutral;
        }
        let mut outcome = Outcome::new(verdict, &settings, at(0));
        outcome.mode = "deploy";
        outcome.image = Some(format!("registry.example/app@{}", Digest::of(b"good")));
        outcome.cause = finish::cause(&end, proof.as_ref());
        if let Some(Proof::Kept { tasks }) = proof {
            outcome.tasks = tasks;
        }
        let report = report::report(&outcome);
        let found = (report.verdict(), i64::from(report.exit().code()));
        assert_eq!(found, (case["verdict"].as_str().unwrap(), case["exit"].as_i64().unwrap()), "{name}: {end:?}");
        let says = case["says"].as_str().unwrap();
        assert!(report.headline().contains(says), "{name}: `{says}` is not in `{}`", report.headline());
        assert_eq!(report.json()["verdict"], verdict.word(), "{name}");
        assert!(report.summary_markdown().contains(verdict.word()), "{name}");
        *met.entry(verdict).or_default() += 1;
    }
    use Verdict::{Completed, Failed, InProgress, NoOp, Planned, Ready, Refused, Unclear, Written};
    let others = [InProgress, NoOp, Planned, Refused, Completed, Failed, Ready, Unclear, Written];
    let of_a_deployment = Verdict::ALL.into_iter().filter(|verdict| !others.contains(verdict));
    for verdict in of_a_deployment {
        assert!(met.contains_key(&verdict), "no timeline comes to {verdict:?}");
    }
}
