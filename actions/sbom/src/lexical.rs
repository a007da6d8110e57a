//! What strings a document may hold: foreign text, addresses and checksums in the lexical forms of the schemas.
//!
//! A lockfile can hold anything; a document that breaks its schema is worth nothing. What does not fit is mended where
//! that changes nothing of its meaning, and left out otherwise.

use crate::graph::{Checksum, Party};
use std::borrow::Cow;

/// The text on one line and free of what XML 1.0 cannot hold: control characters become spaces (XML Schema,
/// `normalizedString`), the two non-characters U+FFFD.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    // Nearly all text is ASCII, which needs no decoding.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mended = |c: char| match c {
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => ' ',
        c => c,
    };
    Cow::Owned(text.chars().map(mended).collect())
}

/// An absolute URI (RFC 3986): what it may not hold is percent-encoded; `None` for what has no scheme or an authority that
/// is none, such as `git@host:path`.
#[must_use]
pub fn uri(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let (scheme, rest) = text.split_once(':')?;
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(word) || rest.is_empty() {
        return None;
    }
    if let Some(after) = rest.strip_prefix("//")
        && !is_authority(&after[..after.find(['/', '?', '#']).unwrap_or(after.len())], scheme)
    {
        return None;
    }
    let mut fragment = false;
    let mut legal = |at: usize, byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'@' => true,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
        b'#' => !std::mem::replace(&mut fragment, true),
        b'%' => text.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        _ => false,
    };
    let Some(wrong) = text.bytes().enumerate().position(|(at, byte)| !legal(at, byte)) else {
        return Some(Cow::Borrowed(text));
    };
    let mut mended = format!("{}%{:02X}", &text[..wrong], text.as_bytes()[wrong]);
    for (at, byte) in text.bytes().enumerate().skip(wrong + 1) {
        if legal(at, byte) { mended.push(char::from(byte)) } else { mended.push_str(&format!("%{byte:02X}")) }
    }
    Some(Cow::Owned(mended))
}

/// User, host and port. Without a host only `file:` makes sense.
fn is_authority(text: &str, scheme: &str) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let (host, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()*+,;=:@".contains(c);
    let escapes =
        text.split('%').skip(1).all(|rest| rest.len() > 1 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    let single = text.matches('@').count() <= 1 && !host.contains(':');
    let there = !host.is_empty() || scheme == "file";
    text.chars().all(legal) && escapes && single && there && port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the text is an e-mail address that every validator takes: `local@domain` in plain ASCII (RFC 5321, `Mailbox`,
/// without quoting).
#[must_use]
pub fn is_email(text: &str) -> bool {
    let atom = |text: &str, extra: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    text.split_once('@').is_some_and(|(local, domain)| {
        let label = |label: &str| atom(label, "-") && !label.starts_with('-') && !label.ends_with('-');
        local.len() <= 64
            && domain.len() <= 253
            && local.split('.').all(|word| atom(word, "!#$%&'*+-/=?^_`{|}~"))
            && domain.split('.').all(label)
    })
}

/// `Name <address>`, an address alone, or a name alone; an address is an e-mail address or a URL.
#[must_use]
pub fn party(text: &str) -> Option<Party> {
    let text = plain(text.trim());
    let (name, address) = match text.strip_suffix('>').and_then(|inner| inner.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
        None if is_email(&text) || text.contains("://") => ("", &*text),
        None => (&*text, ""),
    };
    let email = is_email(address).then(|| address.to_owned());
    let url = if email.is_none() { uri(address).map(Cow::into_owned) } else { None };
    let name = Some(name).filter(|name| !name.is_empty()).map(str::to_owned);
    Some(Party { name, email, url }).filter(|party| *party != Party::default())
}

/// Whether a checksum has the form its algorithm gives: a cut or invented one says nothing.
#[must_use]
pub fn fits(checksum: &Checksum) -> bool {
    let digits = match checksum.algorithm {
        "MD5" => 32,
        "SHA-1" => 40,
        "SHA-256" | "SHA3-256" | "BLAKE2b-256" | "BLAKE3" => 64,
        "SHA-384" | "SHA3-384" | "BLAKE2b-384" => 96,
        "SHA-512" | "SHA3-512" | "BLAKE2b-512" => 128,
        _ => return false,
    };
    checksum.hex.len() == digits && checksum.hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_fits_on_one_line_and_into_xml() {
        assert!(matches!(plain("äpfel 🍏"), Cow::Borrowed(_)));
        assert_eq!(plain("a\nb\tc\u{0}d\u{ffff}"), "a b c d\u{fffd}");
    }

    #[test]
    fn an_address_is_mended_or_left_out() {
        for (text, wanted) in [
            ("https://h/a.tgz#sha1", Some("https://h/a.tgz#sha1")),
            ("git+https://h/a b.git@[x]", Some("git+https://h/a%20b.git@%5Bx%5D")),
            ("https://h/100%/é#a#b", Some("https://h/100%25/%C3%A9#a%23b")),
            ("github:user/repo", Some("github:user/repo")),
            ("file:///opt/x", Some("file:///opt/x")),
            ("git@github.com:a/b.git", None),
            ("https://h:80x/", None),
            ("https:///x", None),
            ("https://a b/", None),
            ("../local", None),
            ("x:", None),
            ("", None),
        ] {
            assert_eq!(uri(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn a_party_has_a_name_an_address_or_both() {
        let party_of = |text: &str| party(text).map(|p| (p.name, p.email, p.url));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(party_of("Debian Curl <curl@x.org>"), Some((some("Debian Curl"), some("curl@x.org"), None)));
        assert_eq!(party_of("Org <https://org.example>"), Some((some("Org"), None, some("https://org.example"))));
        assert_eq!(party_of("https://org.example"), Some((None, None, some("https://org.example"))));
        assert_eq!(party_of("a@b.c"), Some((None, some("a@b.c"), None)));
        assert_eq!(party_of("\"X, Inc.\" <not an address>"), Some((some("X, Inc."), None, None)));
        assert_eq!((party_of(" "), party_of("<>")), (None, None));
    }

    #[test]
    fn a_checksum_has_the_length_of_its_algorithm() {
        let checksum = |algorithm, hex: &str| Checksum { algorithm, hex: hex.to_owned() };
        assert!(fits(&checksum("SHA-1", &"a0".repeat(20))));
        for wrong in [checksum("SHA-256", &"a0".repeat(20)), checksum("MD5", &"G0".repeat(16)), checksum("CRC", "00")] {
            assert!(!fits(&wrong), "{wrong:?}");
        }
    }
}
