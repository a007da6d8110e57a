//! ECS from outside: real images, real processes, real HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

mod binary;
mod failures;
mod rollouts;
mod stops;
mod traffic;
mod wire;
mod world;
