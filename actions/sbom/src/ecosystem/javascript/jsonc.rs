//! JSON with comments and trailing commas, made plain: everything else stays on its line and in its column.

/// The same text without comments and without commas before a closing bracket.
pub(super) fn plain(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut comma = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = end_of_string(&bytes, at);
                comma = None;
            }
            b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => at = blank_comment(&mut bytes, at),
            b',' => {
                comma = Some(at);
                at += 1;
            }
            byte => {
                if let (b'}' | b']', Some(comma)) = (byte, comma) {
                    bytes[comma] = b' ';
                }
                if !byte.is_ascii_whitespace() {
                    comma = None;
                }
                at += 1;
            }
        }
    }
    // Only whole ASCII characters and whole comments were replaced.
    String::from_utf8(bytes).unwrap_or_default()
}

/// After the closing quote, or the end of an open string.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Blanks a comment and answers where it ends. One that stays open is left to the parser to refuse.
fn blank_comment(bytes: &mut [u8], start: usize) -> usize {
    let rest = &bytes[start + 2..];
    let end = if bytes[start + 1] == b'/' {
        start + 2 + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
    } else {
        match rest.windows(2).position(|pair| pair == b"*/") {
            Some(at) => start + 2 + at + 2,
            None => return bytes.len(),
        }
    };
    bytes[start..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_leave_plain_json_in_place() {
        for (text, wanted) in [
            (r#"{"a": [1, 2,], /* x, */ "b//": "c,}", }"#, Some(r#"{"a":[1,2],"b//":"c,}"}"#)),
            ("{\n // é, \"x\"\n \"a\": \"\\\"//\", // y\n}", Some(r#"{"a":"\"//"}"#)),
            ("{\"a\":1,/* , */\n}", Some(r#"{"a":1}"#)),
            ("[1,,]", None),
            ("[,]", Some("[]")),
            ("{\"a\":1 /* open", None),
            ("{\"a", None),
            ("\"\\", None),
        ] {
            let made = plain(text);
            assert_eq!(made.len(), text.len());
            assert_eq!(made.lines().count(), text.lines().count());
            let parsed: Option<serde_json::Value> = serde_json::from_str(&made).ok();
            assert_eq!(parsed.map(|value| value.to_string()).as_deref(), wanted, "{text}");
        }
    }
}
