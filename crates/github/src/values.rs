//! Value parsers for inputs that are not plain text.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use secrecy::SecretString;

/// `true` or `false` in the six spellings of YAML 1.2's core schema, which are the ones the runner's own toolkit takes.
#[must_use]
pub fn yes_no() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["true", "True", "TRUE", "false", "False", "FALSE"])
        .map(|text| text.eq_ignore_ascii_case("true"))
}

/// A secret: never displayed, zeroed when dropped. Give the argument `value_name = "SECRET"` so that the kit masks it.
///
/// # Errors
/// Never; the signature is the one clap asks for.
pub fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}
