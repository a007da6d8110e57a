//! The commit a run is about.

use github::Runner;
use serde::Deserialize;
use std::{fs, io::Read as _};

/// GitHub's largest event, in bytes ("Webhook events and payloads").
const LARGEST: u64 = 25 << 20;

#[derive(Deserialize)]
struct Event {
    pull_request: Option<PullRequest>,
}

#[derive(Deserialize)]
struct PullRequest {
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

/// The head of a pull request: `GITHUB_SHA` is then a merge that nobody has in his history, and GitHub shows the head's
/// snapshot. `None` for every other event.
#[must_use]
pub fn looked_at(runner: &Runner) -> Option<String> {
    let event = runner.context().event_name.as_deref()?;
    if !event.starts_with("pull_request") || event == "pull_request_target" {
        return None;
    }
    let mut text = Vec::new();
    fs::File::open(runner.env("GITHUB_EVENT_PATH")?).ok()?.take(LARGEST).read_to_end(&mut text).ok()?;
    let event: Event = serde_json::from_slice(&text).ok()?;
    event.pull_request.map(|pull| pull.head.sha)
}
