//! A signed bundle, and the statement in it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::bundle(data));
