//! Another tool's bill of materials, or a VEX document.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lockkeeper_fuzz::bill(data));
