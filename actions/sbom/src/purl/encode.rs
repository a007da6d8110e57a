//! The canonical spelling: what is percent-encoded, and what is left out.

use super::{Fault, PackageUrl};
use std::{borrow::Cow, fmt, fmt::Write as _};

/// ECMA-427 "Character encoding": letters, digits and `.-_~` stand for themselves, and so does `:`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':')
}

fn encode(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        out.write_str(&rest[..at])?;
        let end = rest[at..].chars().next().map_or(rest.len(), |c| at + c.len_utf8());
        for byte in rest[at..end].bytes() {
            write!(out, "%{byte:02X}")?;
        }
        rest = &rest[end..];
    }
    out.write_str(rest)
}

/// Segments between slashes, each encoded.
fn encode_path(path: &str, out: &mut impl fmt::Write) -> fmt::Result {
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            out.write_char('/')?;
        }
        encode(segment, out)?;
    }
    Ok(())
}

/// Percent-decoded UTF-8; borrowed when nothing was encoded.
pub(super) fn decode(text: &str) -> Result<Cow<'_, str>, Fault> {
    if !text.contains('%') {
        return Ok(text.into());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        bytes.push(digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(Fault::Encoding)?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Fault::Encoding)
}

impl fmt::Display for PackageUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.ty)?;
        if !self.namespace.is_empty() {
            encode_path(&self.namespace, f)?;
            f.write_char('/')?;
        }
        // The one type whose name is a path (purl-spec, types/git).
        if self.ty == "git" {
            encode_path(&self.name, f)?
        } else {
            encode(&self.name, f)?
        }
        if !self.version.is_empty() {
            f.write_char('@')?;
            encode(&self.version, f)?;
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}=", if index == 0 { '?' } else { '&' })?;
            encode(value, f)?;
        }
        if !self.subpath.is_empty() {
            f.write_char('#')?;
            encode_path(&self.subpath, f)?;
        }
        Ok(())
    }
}
