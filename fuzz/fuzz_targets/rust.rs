//! Files of the family `rust`; the first line of the input is the path, which decides who reads it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| -> libfuzzer_sys::Corpus { lockkeeper_fuzz::source(data).into() });
