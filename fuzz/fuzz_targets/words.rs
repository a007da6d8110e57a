//! A version, a marker, a licence, a package URL.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::words(data));
