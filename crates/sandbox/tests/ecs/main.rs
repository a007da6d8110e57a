//! ECS from outside: real images, real processes, real HTTP.

mod failures;
mod rollouts;
mod stops;
mod traffic;
mod wire;
mod world;
