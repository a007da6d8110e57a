//! Whole stamps, verifications and replays against a real registry, with real keys, git and HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod declared;
mod labels;
mod replay;
mod sources;
mod stamped;
mod world;
