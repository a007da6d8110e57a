//! The two AWS protocols spoken here: AWS JSON (`X-Amz-Target`) and Query (`Action=`, answered in XML).

mod error;
mod form;
mod json;
mod xml;

pub use error::AwsError;
pub(crate) use error::{JsonVersion, Protocol};
pub use form::Form;
pub(crate) use json::{Input, epoch};
pub(crate) use xml::Xml;
