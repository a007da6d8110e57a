//! Amazon Web Services, as far as the suite needs it: who we are, which region, and signed calls.
//!
//! **Why not a typed SDK client for every service.** A typed client drops what its model does not know: a new member of
//! a task definition would be lost between `DescribeTaskDefinition` and `RegisterTaskDefinition`, and a new status word
//! would become an error. So ECS, CloudWatch and Logs are spoken as what they are, signed JSON documents
//! ([`Aws::json`]), and task definitions stay opaque. The official crates do what must not be written twice:
//! `aws-config` finds credentials, `aws-sigv4` signs, `aws-sdk-sts` takes a role, `aws-sdk-ecr` logs in to a registry.
//! They share this suite's one HTTP client, so that a second TLS stack is never linked.

mod call;
mod connect;
mod ecr;
mod endpoint;
mod error;
mod identity;
mod inputs;
mod query;
mod role;
mod service;
mod smithy;

pub use connect::Aws;
pub use ecr::EcrCredentials;
pub use error::AwsError;
pub use inputs::AwsInputs;
pub use query::Element;
pub use service::Service;
