//! The registry and ECR as a client meets them: raw HTTP against a running sandbox.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

mod client;
mod ecr;
mod hostile;
mod lists;
mod manifests;
mod pulls;
mod pushes;
