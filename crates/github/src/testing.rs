//! A runner for tests: an environment made from nothing, a captured log, signals by hand.

use crate::{
    Cancel, Runner,
    log::{Log, Voice},
};
use std::{
    io::Write,
    sync::{Arc, Mutex, PoisonError},
};

/// What a test runner has printed, and the hand that cancels it.
#[derive(Clone)]
pub struct Captured {
    log: Buffer,
    signals: Arc<tokio::sync::watch::Sender<u8>>,
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// Everything printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Sends a signal, as the runner's cancel does.
    pub fn cancel(&self) {
        self.signals.send_modify(|count| *count = count.saturating_add(1));
    }
}

impl Runner {
    /// A runner with exactly this environment, printing workflow commands when `GITHUB_ACTIONS` is `true`.
    pub fn for_test<'a>(env: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Captured) {
        let env: std::collections::BTreeMap<String, String> =
            env.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let voice = if env.get("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
            Voice::Workflow
        } else {
            Voice::Person
        };
        let (signals, cancel) = Cancel::new();
        let log = Buffer::default();
        let captured = Captured { log: log.clone(), signals: Arc::new(signals) };
        (Self::new(env, Log::new(voice, "test", Box::new(log)), cancel), captured)
    }
}
