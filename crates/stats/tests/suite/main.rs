//! What the statistics are worth: beside values others published, and in simulated releases.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "what a test relies on fails it; figures are for people")]

mod calibration;
mod curves;
mod peers;
mod power;
mod published;
mod random;
mod releases;
mod tables;
