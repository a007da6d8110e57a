//! Bad input, for every action, through the launcher as the runner starts it: one clear error that names input, subject,
//! state of the world and remedy, the documented exit code, every declared output, and a world that is as it was.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

mod archives;
mod endpoints;
mod evidence;
mod files;
mod given;
mod killed;
mod place;
mod promotion;
mod served;
mod services;
mod settled;
