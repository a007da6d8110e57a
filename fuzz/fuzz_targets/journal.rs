//! The journal of a rollout, as a killed process left it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::journal(data));
