//! Sends a snapshot to GitHub.

use github::{Exit, Failure};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::time::Duration;
use transport::{Attempt, Limits, Pauses, explain, retry};

/// Largest answer taken, in bytes; a good one has some hundred.
const LARGEST: usize = 1 << 20;

/// Where a snapshot goes, and who sends it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// `https://api.github.com`, or the API of a GitHub Enterprise.
    pub api_url: String,
    /// `owner/name`.
    pub repository: String,
    /// A token with `contents: write`.
    pub token: SecretString,
}

/// GitHub's answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Submitted {
    /// The snapshot's number.
    pub id: u64,
    /// `SUCCESS`, or `ACCEPTED` when it is kept and the graph not changed: the commit is not on the default branch.
    pub result: String,
    /// In words.
    #[serde(default)]
    pub message: String,
}

struct Refused {
    status: u16,
    words: String,
}

enum Trouble {
    Setup(String),
    Lost(String),
    Refused(Refused),
    Malformed(String),
    Invalid(String),
}

/// Sends a snapshot. Sending one twice is the same as once: GitHub keeps the newest of a job.
///
/// # Errors
/// A [`Failure`] that says which permission is missing, or what GitHub does not like.
pub async fn submit(destination: &Destination, snapshot: &[u8]) -> Result<Submitted, Failure> {
    let sent = match transport::client(Limits::default()) {
        Ok(client) => {
            retry(Pauses::default(), || async {
                match send(&client, destination, snapshot.to_vec()).await {
                    Ok(submitted) => Attempt::Done(submitted),
                    Err((trouble, Some(after))) => Attempt::Again { error: trouble, after },
                    Err((trouble, None)) => Attempt::Fatal(trouble),
                }
            })
            .await
        }
        Err(error) => Err(Trouble::Setup(error.to_string())),
    };
    sent.map_err(|trouble| failure(destination, &trouble))
}

/// `Some(pause)` beside a trouble that may pass.
type Unsent = (Trouble, Option<Option<Duration>>);

async fn send(client: &reqwest::Client, to: &Destination, body: Vec<u8>) -> Result<Submitted, Unsent> {
    let url = format!("{}/repos/{}/dependency-graph/snapshots", to.api_url.trim_end_matches('/'), to.repository);
    let request = client
        .post(url)
        .bearer_auth(to.token.expose_secret())
        .header("accept", "application/vnd.github+json")
        .header("content-type", "application/json")
        .header("x-github-api-version", "2022-11-28")
        .body(body);
    let lost = |error: &reqwest::Error| (Trouble::Lost(explain(error)), Some(None));
    let mut response = request.send().await.map_err(|error| lost(&error))?;
    let status = response.status().as_u16();
    let after = response.headers().get("retry-after").and_then(|after| after.to_str().ok()?.parse().ok());
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        if answer.len() + chunk.len() > LARGEST {
            return Err((Trouble::Malformed("too long an answer".to_owned()), None));
        }
        answer.extend_from_slice(&chunk);
    }
    if !(200..300).contains(&status) {
        let passing = status == 429 || status >= 500;
        return Err((
            Trouble::Refused(Refused { status, words: words(&answer) }),
            passing.then_some(after.map(Duration::from_secs)),
        ));
    }
    let submitted: Submitted =
        serde_json::from_slice(&answer).map_err(|error| (Trouble::Malformed(error.to_string()), None))?;
    match submitted.result.as_str() {
        "SUCCESS" | "ACCEPTED" => Ok(submitted),
        _ => Err((Trouble::Invalid(submitted.message), None)),
    }
}

/// What the answer says in its `message`.
fn words(answer: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        message: String,
    }
    serde_json::from_slice::<Problem>(answer).map(|problem| problem.message).unwrap_or_default()
}

fn failure(to: &Destination, trouble: &Trouble) -> Failure {
    let failure = |exit, cause: &str| {
        let failure = Failure::new(exit, "submit the dependency snapshot to").subject(&to.repository).because(cause);
        failure.state("the files are written; GitHub's dependency graph is as it was")
    };
    match trouble {
        Trouble::Setup(cause) | Trouble::Lost(cause) => failure(Exit::Unknown, cause),
        Trouble::Malformed(cause) => failure(Exit::Unknown, &format!("an answer that is none: {cause}")),
        Trouble::Invalid(cause) => failure(Exit::Unknown, &format!("GitHub finds it malformed: {cause}"))
            .help("report this with the file: a snapshot of this action should never be malformed"),
        Trouble::Refused(Refused { status, words }) => {
            let failure = failure(Exit::Unknown, &format!("{status} {words}"));
            match status {
                401 => failure.help("`github-token` is not accepted: pass `${{ github.token }}`"),
                403 | 404 => failure
                    .help("give the job `permissions: contents: write`, and enable the dependency graph in the repository's settings")
                    .help("a pull request from a fork has no such token: leave `submit` off there"),
                _ => failure,
            }
        }
    }
}
