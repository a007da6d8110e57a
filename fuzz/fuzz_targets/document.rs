//! A policy or plan in YAML or JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::document(data));
