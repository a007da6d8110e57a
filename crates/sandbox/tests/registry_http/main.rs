//! The registry and ECR as a client meets them: raw HTTP against a running sandbox.

mod client;
mod ecr;
mod hostile;
mod lists;
mod manifests;
mod pulls;
mod pushes;
