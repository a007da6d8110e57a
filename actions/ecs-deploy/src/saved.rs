//! What main writes down for the post step, as JSON in the job's state.

use github::{Exit, Failure, Runner};
use serde::{Serialize, de::DeserializeOwned};

/// Writes it down, at once; the last one written counts.
pub(crate) fn save<T: Serialize>(runner: &Runner, name: &str, value: &T) {
    // Records are plain data and always serialise.
    if let Ok(text) = serde_json::to_string(value) {
        runner.save_state(name, &text);
    }
}

/// What main wrote down last, if it came so far.
///
/// # Errors
/// When something is written there and cannot be read: a failure that goes on with these words on the state of the world and
/// on what helps.
pub(crate) fn load<T: DeserializeOwned>(
    runner: &Runner,
    name: &str,
    (state, help): (&str, &str),
) -> Result<Option<T>, Failure> {
    let Some(text) = runner.state(name) else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|error| {
        Failure::new(Exit::Unknown, "read what main wrote down").because(error).state(state).help(help)
    })
}
