//! The two AWS protocols spoken here: AWS JSON (`X-Amz-Target`) and Query (`Action=`, answered in XML).

mod error;
mod form;

pub use error::AwsError;
pub(crate) use error::{JsonVersion, Protocol};
pub use form::Form;
