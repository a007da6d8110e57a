//! Elixir and Erlang: what Mix and rebar3 lock.

pub mod mix_lock;
pub mod rebar_lock;
mod terms;

use super::{Format, Reads, is_the_applications};

/// Elixir's and Erlang's formats.
pub const FORMATS: &[Format] = &[
    Format {
        name: "mix.lock",
        claims: |file| file.file_name() == "mix.lock" && is_the_applications(file),
        reads: Reads::Alone(|found| mix_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "rebar.lock",
        claims: |file| file.file_name() == "rebar.lock" && is_the_applications(file),
        reads: Reads::Alone(|found| rebar_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
];
