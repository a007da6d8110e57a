//! The contract that the service itself serves, beside the one it promised.

use super::{ProbeResult, ProbeState, Reply, Service};
use crate::{
    cases::Request,
    contract::{Contract, Extra, breaking},
};
use std::time::Instant;

/// Breaking changes told; a contract of something else breaks everything.
const MOST_TOLD: usize = 10;

/// Asks for the served contract at `path` and looks for what it breaks of `promised`.
pub(super) async fn compare(service: &Service, path: &str, promised: &Contract) -> ProbeResult {
    let started = Instant::now();
    let state = match service.ask(&Request::get(path)).await {
        Reply::Answer(answer) if answer.status == 200 => match Contract::read(&answer.body, Extra::Ignored) {
            Ok(served) => verdict(&breaking(promised, &served)),
            Err(problems) => ProbeState::Bad(format!("it {}", problems.join("; "))),
        },
        Reply::Answer(answer) => ProbeState::Bad(format!("status: expected 200, seen {}", answer.status)),
        Reply::Redirected => ProbeState::Bad("a redirect, which is not followed".to_owned()),
        Reply::Broken(reason) | Reply::Ended(reason, _) => ProbeState::Bad(format!("the answer {reason}")),
        Reply::Late(limit) => ProbeState::Silent(format!("no answer within {} ms", limit.as_millis())),
        Reply::Unreachable(reason) => ProbeState::Silent(format!("no answer: {reason}")),
    };
    let question = format!("GET {path}");
    ProbeResult { name: "contract".to_owned(), question, state, attempts: 1, took: started.elapsed() }
}

fn verdict(breaking: &[String]) -> ProbeState {
    if breaking.is_empty() {
        return ProbeState::Good;
    }
    let told = breaking.iter().take(MOST_TOLD).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = breaking.len().saturating_sub(MOST_TOLD);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    ProbeState::Bad(format!("it breaks its users: {told}{more}"))
}
