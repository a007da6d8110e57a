//! Reading AWS JSON inputs member by member, with the errors AWS gives, and writing its timestamps.

use crate::AwsError;
use serde_json::{Map, Value};

/// The input of a JSON operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a>(&'a Value);

impl<'a> Input<'a> {
    /// Wraps a whole input, or a structure inside one.
    pub(crate) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// The member as it came; `null` is the same as absent.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text member.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name).and_then(Value::as_str)
    }

    /// A text member that must be there and say something.
    pub(crate) fn required(&self, name: &str) -> Result<&'a str, AwsError> {
        let missing = || AwsError::client("InvalidParameterException", format!("{name} can not be blank."));
        self.text(name).filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self, name: &str) -> Result<Option<u32>, AwsError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wrong =
            || AwsError::client("InvalidParameterException", format!("{name} must be a whole number from 0 on."));
        value.as_u64().and_then(|n| u32::try_from(n).ok()).map(Some).ok_or_else(wrong)
    }

    /// A yes/no member.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A list member, empty when absent.
    pub(crate) fn list(&self, name: &str) -> &'a [Value] {
        self.value(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// A list of texts, empty when absent.
    pub(crate) fn texts(&self, name: &str) -> Vec<&'a str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }

    /// All members.
    pub(crate) fn members(&self) -> Option<&'a Map<String, Value>> {
        self.0.as_object()
    }
}

/// A timestamp as AWS JSON writes it: seconds since 1970 with milliseconds.
pub(crate) fn epoch(at: jiff::Timestamp) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay far below 2^53")]
    let seconds = at.as_millisecond() as f64 / 1000.0;
    seconds.into()
}
