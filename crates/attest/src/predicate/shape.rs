//! How members are read that plain derivation would read too kindly.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
use subject::Digest;

/// A member that may be missing, but is no `null` when it is there.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A list with something in it.
pub(crate) fn not_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if list.is_empty() { Err(D::Error::custom("a list is empty")) } else { Ok(list) }
}

/// A whole number from 1.
pub(crate) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        0 => Err(D::Error::custom("a number from 1 is 0")),
        number => Ok(number),
    }
}

/// As [`positive`], where it is there.
pub(crate) fn present_positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    positive(deserializer).map(Some)
}

/// A text with something in it.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Err(D::Error::custom("a text is empty")) } else { Ok(text) }
}

/// A moment in RFC 3339, and nothing else that could be understood as one.
pub(crate) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_moment(&text).ok_or_else(|| D::Error::custom("a time is not RFC 3339"))
}

/// As [`moment`], where it is there.
pub(crate) fn present_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    moment(deserializer).map(Some)
}

/// RFC 3339 is narrower than what the library reads: date, `T`, seconds, and `Z` or an offset with a colon.
pub(crate) fn parse_moment(text: &str) -> Option<Timestamp> {
    let shape = text.as_bytes();
    let separators =
        shape.len() >= 20 && shape[4] == b'-' && shape[10] == b'T' && shape[13] == b':' && shape[16] == b':';
    let zone = text.ends_with('Z') || text.len() >= 25 && shape[text.len() - 3] == b':';
    text.parse().ok().filter(|_| separators && zone)
}

/// A digest as 64 hexadecimal digits, as in-toto's digest sets have it.
pub(crate) mod hex {
    use super::{Digest, Serializer};
    use serde::{Deserialize as _, Deserializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digest.hex())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        Digest::from_hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
