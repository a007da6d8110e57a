//! An HTTP answer, as canary-dataset-check reads it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::answer(data));
