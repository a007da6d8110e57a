//! Expected values brought up to date: written beside the dataset for people to review, and never in CI.

use crate::{
    assertion::{Moment, Scene, value},
    inputs::Settings,
    observe::{Reply, Service},
};
use document::Json;
use github::{Exit, Failure, Report, Runner};
use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

/// Asks every case once and writes the dataset with what the service says where it said something else before.
pub(crate) fn record(runner: &Runner, settings: &Settings) -> Result<Report, Failure> {
    let refused = |because: &str| {
        let failure = Failure::new(Exit::Unknown, "record").subject(&settings.dataset_path).because(because);
        failure.state("nothing was written")
    };
    // What a machine writes down, nobody has looked at.
    if ["CI", "GITHUB_ACTIONS"].iter().any(|name| runner.env(name).is_some_and(|value| value != "false")) {
        return Err(refused("expected values are recorded by people, never in CI").help("run it on your own machine"));
    }
    if settings.canary.cases.template.is_some() {
        return Err(refused("its cases are made by a template; its records are the expectations"));
    }
    if !settings.canary.everywhere.redacted.is_empty() {
        return Err(refused("what `redact` keeps from being shown would be written down"));
    }
    let failed = |error: io::Error| refused(&error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let done = tokio::task::block_in_place(|| {
        let done = runtime.block_on(async { write(runner, &Service::of(settings)?, settings).await.map_err(failed) });
        drop(runtime);
        done
    });
    let (changed, skipped, path) = done?;
    let path = path.display().to_string();
    let headline =
        format!("{changed} of {} cases say something else now; review and rename {path}", settings.dataset.cases);
    let document = serde_json::json!({ "version": 1, "recorded": path, "changed": changed, "skipped": skipped });
    Ok(Report::new(Exit::Done, "recorded", headline).output("cases", settings.dataset.cases).document(&document))
}

async fn write(runner: &Runner, service: &Service, settings: &Settings) -> io::Result<(u64, u64, PathBuf)> {
    let path = settings.dataset.path();
    let target = path.with_extension("recorded.jsonl");
    let mut lines = BufReader::new(File::open(path)?).lines();
    let mut stream = settings.dataset.stream()?;
    // Beside it first: half a dataset would be a dataset.
    let beside = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut recorded = BufWriter::new(tempfile::NamedTempFile::new_in(beside)?);
    let (mut changed, mut skipped) = (0, 0);
    while let Some(case) = stream.next(&settings.canary)? {
        let line = loop {
            match lines.next().transpose()? {
                Some(line) if line.trim().is_empty() => {}
                Some(line) => break line,
                None => return Err(io::Error::other("it has changed while it was being used")),
            }
        };
        let reply = service.ask_case(&case).await;
        let new = match &reply {
            Reply::Answer(answer) if answer.status == case.status => {
                match (Json::parse(&answer.body), Json::parse(line.as_bytes())) {
                    (Ok(body), Ok(mut tree)) => {
                        update(&mut tree, &body, Moment(answer.at), settings).then(|| tree.to_string())
                    }
                    _ => None,
                }
            }
            _ => {
                skipped += 1;
                runner.warning(format!("{}: no answer with the status {}; left as it is", case.id, case.status));
                None
            }
        };
        changed += u64::from(new.is_some());
        writeln!(recorded, "{}", new.as_deref().unwrap_or(&line))?;
    }
    let recorded = recorded.into_inner().map_err(io::IntoInnerError::into_error)?;
    recorded.persist(&target).map_err(|error| error.error)?;
    Ok((changed, skipped, shown(&target, settings)))
}

/// The file as the user would name it.
fn shown(target: &Path, settings: &Settings) -> PathBuf {
    Path::new(&settings.dataset_path).with_file_name(target.file_name().unwrap_or_default())
}

/// Puts what the body says in the place of each expected value it does not fit; says whether there was one.
fn update(tree: &mut Json, body: &Json, moment: Moment, settings: &Settings) -> bool {
    let scene = Scene::new(body, moment, &settings.canary.everywhere);
    let mut changed = false;
    let Some(Json::Map(values)) = member(tree, "expect").and_then(|expect| member(expect, "values")) else {
        return false;
    };
    for (path, expected) in values {
        let Ok(assertion) = value(path, expected) else { continue };
        // What is near enough stays: an expectation is not the last answer but what is right.
        if let (false, Some(seen)) = (assertion.check(&scene).is_empty(), assertion.selector.one(body)) {
            *expected = seen.clone();
            changed = true;
        }
    }
    changed
}

fn member<'a>(tree: &'a mut Json, name: &str) -> Option<&'a mut Json> {
    match tree {
        Json::Map(members) => members.iter_mut().find(|(key, _)| key == name).map(|(_, value)| value),
        _ => None,
    }
}
