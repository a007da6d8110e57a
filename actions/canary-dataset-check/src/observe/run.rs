//! Asks the cases, several at once, and judges each answer as it comes.

use super::{Asked, Reply, Results, Service};
use crate::{
    assertion::{Moment, Scene},
    cases::{Case, Request},
    compare::{Compared, Pair, Raw},
    inputs::Settings,
    judge::{Outcome, hide, judge, together},
    random::Random,
    staleness::Ages,
};
use document::Json;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use github::{Exit, Failure, Runner};
use std::{borrow::Cow, time::Duration};
use tokio::time::Instant;

/// After so many cases in a row without any answer nobody is there any more.
const GIVE_UP: u32 = 100;

/// How often a long run says where it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// Asks every case; `results` has what was found, whatever happens.
pub(super) async fn cases(
    runner: &Runner,
    (service, baseline): (&Service, Option<&Service>),
    settings: &Settings,
    results: &mut Results,
) -> Result<(), Failure> {
    let unreadable = |error: std::io::Error| {
        let failure = Failure::new(Exit::Unknown, "read the dataset").subject(&settings.dataset_path);
        failure.because(error).state("the service was asked some of the cases").help("run the check again")
    };
    results.counts.total = settings.cases();
    let mut choice = settings.choice();
    let (canary, seed) = (&settings.canary, settings.canary.cases.seed);
    results.compared = canary.compare.as_ref().map(|plan| Compared::new(plan.drift.as_ref(), seed));
    results.ages = canary.staleness.as_ref().map(|_| Ages::default());
    let sides = Sides { candidate: service, baseline };
    let mut stream = settings.dataset.stream().map_err(unreadable)?;
    let mut under_way = FuturesUnordered::new();
    let (mut more, mut silent, mut told) = (true, 0, Instant::now());
    loop {
        while more && silent < GIVE_UP && under_way.len() < settings.canary.target.concurrency {
            match stream.next(&settings.canary).map_err(unreadable)? {
                Some(case) if choice.takes() => under_way.push(ask(sides, case, settings)),
                Some(_) => {}
                None => more = false,
            }
        }
        let Some((asked, latencies, pair, moment)) = under_way.next().await else { break };
        silent = if latencies.is_empty() && asked.verdict == super::CaseVerdict::Unanswered { silent + 1 } else { 0 };
        results.add(asked, &latencies);
        beside(settings, results, &pair, moment);
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            runner.info(results.counts.to_string());
        }
    }
    results.finish();
    Ok(())
}

/// The release that is tested, and the one that serves now.
#[derive(Clone, Copy)]
struct Sides<'a> {
    candidate: &'a Service,
    baseline: Option<&'a Service>,
}

type Done = (Asked, Vec<Duration>, Pair, Moment);

/// Asks one case as often as it is to be asked; of both sides, where there are two, in an order that favours neither.
async fn ask(sides: Sides<'_>, case: Case, settings: &Settings) -> Done {
    let (mut outcomes, mut latencies): (Vec<Outcome>, _) = (Vec::new(), Vec::new());
    let (mut pair, mut moment) = (Pair::default(), None);
    let judged = |reply: &Reply| {
        let outcome = judge(case.status, &case.assertions, &settings.canary.everywhere, reply);
        by_contract(outcome, settings, &case.request, reply)
    };
    let baseline = sides.baseline.filter(|_| settings.canary.compare.is_some());
    let line = u64::try_from(case.line).unwrap_or(0);
    let baseline_first = Random::new(settings.canary.cases.seed ^ line).below(2) == 1;
    let keeps_bodies = baseline.is_some() || settings.canary.staleness.is_some();
    let of_the_baseline = async |pair: &mut Pair| {
        if let Some(baseline) = baseline {
            let reply = baseline.ask_case(&case).await;
            (pair.then, pair.then_right) = (body(&reply), right(&judged(&reply)));
            pair.then_raw = raw(&reply);
        }
    };
    if baseline_first {
        of_the_baseline(&mut pair).await;
    }
    for number in 0..settings.canary.cases.repeats {
        let reply = sides.candidate.ask_case(&case).await;
        match &reply {
            Reply::Answer(answer) => {
                latencies.push(answer.took);
                moment = moment.or(Some(answer.at));
            }
            Reply::Late(limit) => latencies.push(*limit),
            _ => {}
        }
        let outcome = judged(&reply);
        if number == 0 && keeps_bodies {
            (pair.now, pair.now_right) = (body(&reply), right(&outcome));
            pair.now_raw = baseline.and_then(|_| raw(&reply));
        }
        outcomes.push(outcome);
    }
    if !baseline_first {
        of_the_baseline(&mut pair).await;
    }
    let (verdict, mismatches) = together(outcomes);
    let asked = Asked { id: case.id, line: case.line, verdict, mismatches, took: Duration::ZERO };
    (asked, latencies, pair, Moment(moment.unwrap_or_default()))
}

fn body(reply: &Reply) -> Option<Json> {
    match reply {
        Reply::Answer(answer) => answer.json().ok().map(Cow::into_owned),
        _ => None,
    }
}

fn raw(reply: &Reply) -> Option<Raw> {
    match reply {
        Reply::Answer(answer) => Some(Raw::new(answer.status, &answer.body)),
        _ => None,
    }
}

fn right(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Passed => Some(true),
        Outcome::Failed(_) => Some(false),
        Outcome::Unanswered(_) => None,
    }
}

/// Takes in what both sides said, and how old it is.
fn beside(settings: &Settings, results: &mut Results, pair: &Pair, moment: Moment) {
    if let Some(compared) = &mut results.compared {
        compared.add(pair, &settings.canary.everywhere, moment);
    }
    if let (Some(plan), Some(ages), Some(body), Some(true)) =
        (&settings.canary.staleness, &mut results.ages, &pair.now, pair.now_right)
    {
        plan.classify(&Scene::new(body, moment, &settings.canary.everywhere), ages);
    }
}

/// What the contract says of an answer, besides.
fn by_contract(outcome: Outcome, settings: &Settings, request: &Request, reply: &Reply) -> Outcome {
    let (Some(contract), Reply::Answer(answer)) = (&settings.contract, reply) else { return outcome };
    let mut found = contract.check(&request.method, &request.path, answer);
    hide(&settings.canary.everywhere, answer, &mut found);
    match outcome {
        Outcome::Passed if found.is_empty() => Outcome::Passed,
        Outcome::Failed(mut mismatches) => {
            mismatches.extend(found);
            Outcome::Failed(mismatches)
        }
        Outcome::Passed => Outcome::Failed(found),
        Outcome::Unanswered(reason) => Outcome::Unanswered(reason),
    }
}
