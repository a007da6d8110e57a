//! A JSONPath, and the JSON it is put to.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::query(data));
