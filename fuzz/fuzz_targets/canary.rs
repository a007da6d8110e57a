//! A configuration, contract or case of canary-dataset-check.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::canary(data));
