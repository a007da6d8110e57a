//! `os-release`: which distribution an image is made from (os-release(5)).

use crate::ecosystem::{ParseError, shorten, text};

/// What an os-release file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// `ID`, lowercase, such as `debian`.
    pub id: String,
    /// `VERSION_ID`; rolling distributions have none.
    pub version: Option<String>,
    /// `PRETTY_NAME`.
    pub pretty: Option<String>,
}

impl Distribution {
    /// `debian-12`, as the `distro` qualifier of a purl spells it.
    #[must_use]
    pub fn label(&self) -> String {
        self.version.as_ref().map_or_else(|| self.id.clone(), |version| format!("{}-{version}", self.id))
    }
}

/// Reads an os-release file. `ID` is `linux` where it is not given.
///
/// # Errors
/// [`ParseError`] for a line that is no assignment, or an `ID` with other characters than `a-z 0-9 . _ -`.
pub fn parse(bytes: &[u8]) -> Result<Distribution, ParseError> {
    let mut found = Distribution { id: "linux".to_owned(), version: None, pretty: None };
    for (index, line) in text(bytes)?.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| ParseError::at(index + 1, format!("`{}` is no assignment", shorten(line))))?;
        let value = unquote(value.trim());
        match key {
            "ID" => {
                let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
                if value.is_empty() || !value.bytes().all(plain) {
                    return Err(ParseError::at(index + 1, format!("`{}` is no distribution's ID", shorten(&value))));
                }
                found.id = value;
            }
            "VERSION_ID" if !value.is_empty() => found.version = Some(value),
            "PRETTY_NAME" if !value.is_empty() => found.pretty = Some(value),
            _ => {}
        }
    }
    Ok(found)
}

/// Shell quoting: single quotes keep all, double quotes have backslash escapes.
fn unquote(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return if quote == '"' { inside.replace("\\\"", "\"").replace("\\\\", "\\") } else { inside.to_owned() };
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_named_by_id_and_version() {
        let text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n# c\n\nVERSION_ID='12'\nID=debian\n";
        let found = parse(text.as_bytes()).unwrap();
        assert_eq!(found.label(), "debian-12");
        assert_eq!(found.pretty.as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(parse(b"ID=arch\n").unwrap().label(), "arch");
        assert_eq!(parse(b"nonsense\n").unwrap_err().line, 1);
        assert_eq!(parse(b"\nID=\"a b\"\n").unwrap_err().line, 2);
    }
}
