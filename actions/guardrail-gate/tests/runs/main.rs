//! Whole runs of the binary against real servers: a real Prometheus, the project's sandbox, and servers that misbehave.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "what a test relies on fails it; a skipped one says so")]

mod baselines;
mod cancel;
mod cloudwatch;
mod endpoints;
mod evidence;
mod examples;
mod gate;
mod history;
mod hostile;
mod modes;
mod presets;
mod prometheus;
mod scripted;
mod vendors;
