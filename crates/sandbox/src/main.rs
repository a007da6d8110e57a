//! `lockkeeper-sandbox`: the laptop cloud as a program.
fn main() {}
