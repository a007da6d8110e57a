//! Asks the cases, several at once, and judges each answer as it comes.

use super::{Asked, Reply, Results, Service};
use crate::{
    cases::Case,
    inputs::Settings,
    judge::{Outcome, judge, together},
};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use github::{Exit, Failure, Runner};
use std::time::Duration;
use tokio::time::Instant;

/// After so many cases in a row without any answer nobody is there any more.
const GIVE_UP: u32 = 100;

/// How often a long run says where it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// Asks every case; `results` has what was found, whatever happens.
pub(super) async fn cases(
    runner: &Runner,
    service: &Service,
    settings: &Settings,
    results: &mut Results,
) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        let failure = Failure::new(Exit::Unknown, "read the dataset").subject(&settings.dataset_path);
        failure.because(error).state("the service was asked some of the cases").help("run the check again")
    };
    results.counts.total = settings.dataset.cases;
    let mut stream = settings.dataset.stream().map_err(unreadable)?;
    let mut under_way = FuturesUnordered::new();
    let (mut more, mut silent, mut told) = (true, 0, Instant::now());
    loop {
        while more && silent < GIVE_UP && under_way.len() < settings.canary.target.concurrency {
            match stream.next(&settings.canary).map_err(unreadable)? {
                Some(case) => under_way.push(ask(service, case, settings)),
                None => more = false,
            }
        }
        let Some((asked, latencies)) = under_way.next().await else { break };
        silent = if latencies.is_empty() && asked.verdict == super::CaseVerdict::Unanswered { silent + 1 } else { 0 };
        results.add(asked, &latencies);
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            runner.info(progress(results));
        }
    }
    results.finish();
    Ok(())
}

/// Asks one case as often as it is to be asked.
async fn ask(service: &Service, case: Case, settings: &Settings) -> (Asked, Vec<Duration>) {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut latencies = Vec::new();
    for _ in 0..settings.canary.cases.repeats {
        let reply = service.ask(&case.request).await;
        match &reply {
            Reply::Answer(answer) => latencies.push(answer.took),
            Reply::Late(limit) => latencies.push(*limit),
            _ => {}
        }
        outcomes.push(judge(case.status, &case.assertions, &settings.canary.everywhere, &reply));
    }
    let (verdict, mismatches) = together(outcomes);
    (Asked { id: case.id, line: case.line, verdict, mismatches, took: Duration::ZERO }, latencies)
}

fn progress(results: &Results) -> String {
    let counts = results.counts;
    format!(
        "{} of {} cases: {} passed, {} failed, {} flaky, {} unanswered",
        counts.asked(),
        counts.total,
        counts.passed,
        counts.failed,
        counts.flaky,
        counts.unanswered
    )
}
