//! The story of a replay: read what a run signed for an image, make the same from this workspace, compare value by value.
//!
//! What cannot be had again is taken from what was signed: the moment of stamping and the run itself. Everything else
//! — commit, files, hashes, programs, the contract — must come out the same.

use crate::{
    contract::{Contract, Source},
    decide,
    facts::Run,
    finding::{Code, Finding},
    inputs::{Replay, Settings},
    manifest,
    observe::{self, Scope},
    report, stamp,
    value::shown,
};
use attest::predicate::RELEASE_MANIFEST;
use evidence::Found;
use github::{Failure, Report, Runner};
use jiff::Timestamp;
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};
use subject::ImageRef;

/// More differences than this say no more than these.
const MAX_DIFFERENCES: usize = 100;

/// What a replay came to.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// The image.
    pub(crate) image: ImageRef,
    /// The run that is replayed.
    pub(crate) run_id: String,
    /// The release manifest that run signed.
    pub(crate) recorded: Option<Value>,
    /// Everything that came out differently, or could not be had.
    pub(crate) findings: Vec<Finding>,
}

/// Replays a run's stamp of an image.
pub(crate) async fn run(runner: &Runner, settings: &Settings, task: &Replay) -> Result<Report, Failure> {
    let (evidence, image) = stamp::pin(runner, settings, &task.image).await?;
    let found = evidence.read(&image, &task.keys).await?;
    let (recorded, findings) = recorded(&found, &task.run_id);
    let mut outcome = Replayed { image, run_id: task.run_id.clone(), recorded: None, findings };
    // A run that was attempted again has stamped again; the same workspace cannot have made both, unless they are the same.
    let mut best: Option<(Value, Vec<Finding>)> = None;
    for recorded in recorded {
        let differences = again(runner, settings, &recorded).await;
        if best.as_ref().is_none_or(|(_, known)| differences.len() < known.len()) {
            best = Some((recorded, differences));
        }
    }
    if let Some((recorded, differences)) = best {
        runner.info(format!("run {} signed a release manifest; {} values differ here", task.run_id, differences.len()));
        (outcome.recorded, outcome.findings) = (Some(recorded), differences);
    }
    Ok(report::replayed(settings, &outcome))
}

/// The believed release manifests of a run; where there is none, why not.
fn recorded(found: &[Found], run_id: &str) -> (Vec<Value>, Vec<Finding>) {
    let believed = found.iter().filter_map(|found| found.statement.as_ref().ok());
    let manifests = believed.filter(|believed| believed.statement.predicate_type() == RELEASE_MANIFEST);
    let manifests: Vec<&Value> = manifests.map(|believed| believed.statement.predicate()).collect();
    let run = |predicate: &Value| predicate.pointer("/run/id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let of_run: Vec<Value> = manifests.iter().filter(|it| run(it) == run_id).map(|it| (*it).clone()).collect();
    if !of_run.is_empty() {
        return (of_run, Vec::new());
    }
    let others: BTreeSet<String> = manifests.iter().map(|predicate| run(predicate)).collect();
    let others = match others.is_empty() {
        true => "it carries none that is believed".to_owned(),
        false => format!("those it carries are of {}", others.into_iter().collect::<Vec<_>>().join(", ")),
    };
    let text = format!("cannot be replayed: the image carries no release manifest of run {run_id}; {others}");
    (Vec::new(), vec![Finding::new("release-manifest", Code::Unavailable, text)])
}

/// What comes out differently when the stamp is made again from this workspace.
async fn again(runner: &Runner, settings: &Settings, recorded: &Value) -> Vec<Finding> {
    let contract = &settings.contract;
    let mut facts = observe::facts(runner, contract, &settings.root, Path::new(""), Scope::Everything).await;
    if let Some(moment) = moment(contract, recorded) {
        // Then is now: what was fresh when it was stamped is not stale for being looked at later.
        (facts.now, facts.generated_at) = (moment, Ok(moment));
    }
    let of_run = |name: &str| recorded.pointer(&format!("/run/{name}")).and_then(Value::as_str).map(str::to_owned);
    facts.run = Run { id: of_run("id"), attempt: of_run("attempt"), url: of_run("url") };
    facts.run_sha = None;
    match decide::evaluate(contract, &facts) {
        Ok(made) => differences(recorded, &manifest::predicate(contract, settings.contract_digest, &made, &facts.run)),
        Err(findings) => findings,
    }
}

/// When the stamp was made, as the contract's own field tells it.
fn moment(contract: &Contract, recorded: &Value) -> Option<Timestamp> {
    let clock = contract.fields.iter().find(|field| field.source == Source::Clock)?;
    recorded["fields"][&clock.name].as_str()?.parse().ok()
}

/// Where two predicates differ, value by value; pure.
fn differences(recorded: &Value, made: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut open = vec![(String::new(), Some(recorded), Some(made))];
    while let Some((path, then, now)) = open.pop() {
        if findings.len() == MAX_DIFFERENCES {
            break;
        }
        match (then, now) {
            (Some(then), Some(now)) if then == now => {}
            (Some(Value::Object(then)), Some(Value::Object(now))) => {
                let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
                open.extend(names.into_iter().rev().map(|name| (below(&path, name), then.get(name), now.get(name))));
            }
            (Some(Value::Array(then)), Some(Value::Array(now))) => {
                let indexes = 0..then.len().max(now.len());
                let item = |index: usize| (below(&path, &name(then, now, index)), then.get(index), now.get(index));
                open.extend(indexes.rev().map(item));
            }
            (then, now) => {
                let told = |value: Option<&Value>| value.map_or("nothing".to_owned(), shown);
                let text = format!("is {} here, but that run signed {}", told(now), told(then));
                findings.push(Finding::new(&path, Code::Mismatch, text));
            }
        }
    }
    findings
}

/// An entry of a list by its name, where both lists have the same one there.
fn name(then: &[Value], now: &[Value], index: usize) -> String {
    let of = |list: &[Value]| list.get(index).and_then(|item| item["name"].as_str()).map(str::to_owned);
    of(then).filter(|name| of(now).as_ref() == Some(name)).unwrap_or_else(|| index.to_string())
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_that_differs_is_told_by_its_place() {
        let then = json!({
            "fields": {"a": "1", "gone": 1},
            "inputs": [{"name": "hash", "files": [{"name": "x", "digest": {"sha256": "00"}}]}],
            "list": [1, 2],
        });
        assert_eq!(differences(&then, &then), []);
        let mut now = then.clone();
        now["fields"] = json!({"a": "2", "new": true});
        now["inputs"][0]["files"][0]["digest"]["sha256"] = "11".into();
        now["list"] = json!([1]);
        let told: Vec<String> = differences(&then, &now).iter().map(ToString::to_string).collect();
        let signed =
            |field: &str, here: &str, there: &str| format!("{field} is {here} here, but that run signed {there}");
        let wanted = [
            signed("fields.a", "`2`", "`1`"),
            signed("fields.gone", "nothing", "`1`"),
            signed("fields.new", "`true`", "nothing"),
            signed("inputs.hash.files.x.digest.sha256", "`11`", "`00`"),
            signed("list.1", "nothing", "`2`"),
        ];
        assert_eq!(told, wanted);
    }
}
