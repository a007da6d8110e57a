//! The backtest: what this gate would have done to the time that has passed, window by window, and how soon it would have
//! found harm of a known size in it.

use crate::{
    config::{Duty, Guardrail, Limit, Plan, Rule},
    decide::Verdict,
    observe::{Slot, Sources, read},
    preflight, progress, watch,
    watch::Watched,
};
use github::{Alert, Exit, Report, Runner, Summary};
use jiff::SignedDuration;
use signals::Span;

/// Harm that is put into the past: so many times the limit.
const TIMES: [f64; 3] = [2.0, 5.0, 20.0];

/// What the past says of one guardrail.
struct Tried {
    /// Windows with numbers.
    windows: usize,
    /// Of them, those that would have been failed as they were.
    failed: usize,
    /// The highest share of a window.
    highest: Option<f64>,
    /// For each of [`TIMES`]: windows that would have been failed, and the intervals until then, in the middle.
    found: Vec<(usize, Option<usize>)>,
}

/// Judges `hours` of the past.
pub async fn run(runner: &Runner, plan: &Plan, sources: &Sources, hours: u32) -> Report {
    let window = &plan.window;
    let length = i64::from(window.interval) * i64::try_from(window.intervals).unwrap_or(1);
    let last = watch::span(window, preflight::start(window, runner.now()));
    let windows = usize::try_from(i64::from(hours) * 3600 / length).unwrap_or(1).max(1);
    runner.info(format!("judging {windows} windows of {length} s before {}", last.end()));
    let mut kept: Vec<Vec<Vec<Slot>>> = vec![Vec::new(); plan.guardrails.len()];
    let mut unread = Vec::new();
    for index in (0..windows).rev() {
        let back = SignedDuration::from_secs(length * i64::try_from(index).unwrap_or(0));
        let span = Span { start: last.start.saturating_sub(back).unwrap_or(last.start), ..last };
        let answers = tokio::select! {
            biased;
            () = runner.cancel().requested() => break,
            answers = read(plan, sources, &span) => answers,
        };
        for (kept, answer) in kept.iter_mut().zip(answers) {
            match answer {
                Ok(observed) => kept.push(observed.slots),
                Err(error) => unread.push(error.text),
            }
        }
    }
    report(plan, &kept, unread)
}

fn report(plan: &Plan, kept: &[Vec<Vec<Slot>>], mut unread: Vec<String>) -> Report {
    let tried: Vec<Tried> = plan.guardrails.iter().zip(kept).map(|(g, windows)| tried(plan, g, windows)).collect();
    let most = tried.iter().map(|tried| tried.windows).max().unwrap_or(0);
    let failed = plan.guardrails.iter().zip(&tried).filter(|(g, _)| g.duty == Duty::Required);
    let failed = failed.map(|(_, tried)| tried.failed).max().unwrap_or(0);
    let (exit, word) = if most == 0 { (Exit::Unknown, "inconclusive") } else { (Exit::Done, "tested") };
    let headline = format!("a guardrail would have rolled back at most {failed} of {most} past windows");
    let mut columns = vec!["guardrail", "limit", "windows", "rolled back", "highest share"];
    columns.extend(["finds 2×", "finds 5×", "finds 20×"]);
    let rows = plan.guardrails.iter().zip(&tried).map(|(guardrail, tried)| row(plan, guardrail, tried));
    let alert = if most == 0 || failed > 0 { Alert::Warning } else { Alert::Note };
    let mut summary = Summary::new().alert(alert, &headline).table(&columns, rows);
    unread.sort();
    unread.dedup();
    for text in unread.iter().take(5) {
        summary = summary.paragraph(&format!("not read: {text}"));
    }
    Report::new(exit, word, headline).output("rollback", false).summary(summary)
}

fn row(plan: &Plan, guardrail: &Guardrail, tried: &Tried) -> Vec<String> {
    let minutes = |intervals: usize| {
        let seconds = intervals * plan.window.interval as usize;
        if seconds.is_multiple_of(60) { format!("{} min", seconds / 60) } else { format!("{seconds} s") }
    };
    let found = |(count, middle): &(usize, Option<usize>)| match middle {
        Some(intervals) => format!("{count} of {}, half within {}", tried.windows, minutes(*intervals)),
        None => format!("{count} of {}", tried.windows),
    };
    let mut row = vec![
        guardrail.name.clone(),
        progress::limit(guardrail),
        tried.windows.to_string(),
        tried.failed.to_string(),
        tried.highest.map_or_else(|| "–".to_owned(), progress::percent),
    ];
    row.extend((0..TIMES.len()).map(|index| tried.found.get(index).map_or_else(|| "–".to_owned(), found)));
    row
}

/// What one guardrail would have done to these windows, each after those before it.
fn tried(plan: &Plan, guardrail: &Guardrail, windows: &[Vec<Slot>]) -> Tried {
    let known = |slots: &&Vec<Slot>| slots.iter().any(|slot| !matches!(slot, Slot::Gap(_)));
    let known: Vec<&Vec<Slot>> = windows.iter().filter(known).collect();
    let shares = known.iter().filter_map(|slots| {
        let (bad, total) = slots.iter().fold((0.0, 0.0), |(b, t), slot| match *slot {
            Slot::Counts { bad, total } => (b + bad, t + total),
            _ => (b, t),
        });
        (total > 0.0).then(|| bad / total)
    });
    let limit = match guardrail.rule {
        Rule::Share { limit: Limit::At(limit), .. } => Some(limit.as_f64()),
        _ => None,
    };
    let found = |times: &f64| {
        let limit = limit?;
        let mut at: Vec<usize> =
            known.iter().filter_map(|slots| failing(plan, guardrail, &harmed(slots, limit * times))).collect();
        at.sort_unstable();
        Some((at.len(), at.get(known.len() / 2).copied()))
    };
    Tried {
        windows: known.len(),
        failed: known.iter().filter(|slots| failing(plan, guardrail, slots).is_some()).count(),
        highest: shares.reduce(f64::max),
        found: TIMES.iter().filter_map(found).collect(),
    }
}

/// The same traffic with at least this share of it bad; what is left over is carried on, so that counts stay whole.
fn harmed(slots: &[Slot], share: f64) -> Vec<Slot> {
    let mut due = 0.0;
    let one = |slot: &Slot| match *slot {
        Slot::Counts { bad, total } => {
            due += share.min(1.0) * total;
            let more = due.floor().min(total);
            due -= more;
            Slot::Counts { bad: bad.max(more), total }
        }
        other => other,
    };
    slots.iter().map(one).collect()
}

/// The interval (from 1) at which a window would have been failed.
fn failing(plan: &Plan, guardrail: &Guardrail, slots: &[Slot]) -> Option<usize> {
    let terms = watch::terms(plan);
    (1..=slots.len()).find(|&settled| {
        let mut watched = Watched::seen(slots.to_vec());
        watched.judge(guardrail, &terms, settled);
        watched.finding.verdict == Verdict::Fail
    })
}
