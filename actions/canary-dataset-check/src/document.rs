//! What people and services write, read strictly: JSON with its number tokens and without duplicate keys, YAML as the
//! same tree, and a reader of mappings that keeps every problem with its place.

mod fields;
mod json;
mod locate;
mod parameters;
mod yaml;

pub use fields::Problem;
pub(crate) use fields::{Fields, Reader, kind};
pub use json::{Json, JsonFault};
pub(crate) use json::{number_length, shorten};
pub(crate) use locate::Step;
pub use parameters::Parameter;
pub(crate) use parameters::Parameters;
pub(crate) use yaml::parse as parse_yaml;
