//! `.terraform.lock.hcl` (developer.hashicorp.com, "Dependency Lock File"), which OpenTofu writes too.
//!
//! A block for each provider, with a literal version and a list of hashes. purl-spec has no registered type: `terraform` is a
//! candidate for modules, whose names look the same (package-url/purl-spec#369), so a provider is `pkg:generic` under its
//! whole source address. A file cut off between two blocks cannot be told from a whole one.

use super::super::{ParseError, documents::Lines, shorten, text};
use crate::{
    graph::{Checksum, Ecosystem, Inventory, Origin, Package, Scope},
    purl::Purl,
};

/// The providers of a lockfile.
///
/// `zh:` hashes are SHA-256 of the archives, one for each platform; `h1:` hashes are of the archives' contents and become a
/// property.
///
/// # Errors
/// [`ParseError`] for what Terraform would not write, and a provider without version or of no source address.
pub fn parse(bytes: &[u8]) -> Result<Inventory, ParseError> {
    let text = text(bytes)?;
    let mut reader = Reader { text, at: 0, lines: Lines::of(text) };
    let mut inventory = Inventory::new(Ecosystem::Terraform);
    while let Some(word) = reader.next()? {
        let line = reader.line();
        if word != Token::Word("provider") {
            return Err(ParseError { line, message: "`provider` is expected".to_owned() });
        }
        let address = reader.text()?;
        reader.expect(Token::Sign('{'))?;
        let (mut version, mut hashes) = (None, Vec::new());
        loop {
            match reader.next()? {
                Some(Token::Sign('}')) => break,
                Some(Token::Word(key)) => {
                    reader.expect(Token::Sign('='))?;
                    match key {
                        "version" => version = Some(reader.text()?),
                        "hashes" => hashes = reader.list()?,
                        _ => _ = reader.text()?,
                    }
                }
                _ => return reader.error("`}` is expected"),
            }
        }
        let wrong = |what: &str| ParseError { line, message: format!("`{}` {what}", shorten(address)) };
        let version = version.ok_or_else(|| wrong("has no version"))?;
        let mut package = package(address, version, &hashes).map_err(wrong)?;
        package.line = Some(line);
        inventory.packages.push(package);
    }
    if inventory.packages.is_empty() && text.trim().is_empty() {
        return Err(ParseError::at(1, "an empty file"));
    }
    Ok(inventory)
}

fn package(address: &str, version: &str, hashes: &[&str]) -> Result<Package, &'static str> {
    let (namespace, name) = address.rsplit_once('/').ok_or("is no source address")?;
    let purl = Purl::new("generic", name).namespace(namespace).version(version).build();
    let purl = purl.filter(|_| !namespace.split('/').any(str::is_empty)).ok_or("is no source address")?;
    let mut package = Package::new(name, Some(version.to_owned()), Origin::Purl(purl));
    package.group = Some(namespace.to_owned());
    package.scope = Scope::Unstated;
    let mut contents = Vec::new();
    for hash in hashes {
        match hash.split_once(':') {
            Some(("zh", hex)) if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                package.checksums.insert(Checksum { algorithm: "SHA-256", hex: hex.to_lowercase() });
            }
            Some(("zh", _)) => return Err("has a `zh:` hash that is not SHA-256"),
            // Later schemes are for Terraform to know.
            _ => contents.push(*hash),
        }
    }
    if !contents.is_empty() {
        contents.sort_unstable();
        package.properties.insert("lockkeeper:terraform:hashes", contents.join(" "));
    }
    Ok(package)
}

/// What the language is made of, as far as Terraform writes it here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Sign(char),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    lines: Lines<'a>,
}

impl<'a> Reader<'a> {
    /// The line of what was read last.
    fn line(&mut self) -> u32 {
        self.lines.at(self.at)
    }

    fn error<T>(&mut self, what: &str) -> Result<T, ParseError> {
        Err(ParseError { line: self.line(), message: format!("{what} (is the file cut off?)") })
    }

    /// The next token; `None` at the end.
    fn next(&mut self) -> Result<Option<Token<'a>>, ParseError> {
        loop {
            let rest = self.text[self.at..].trim_start();
            self.at = self.text.len() - rest.len();
            let Some(first) = rest.chars().next() else { return Ok(None) };
            let (token, length) = match first {
                '#' => {
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    continue;
                }
                '/' if rest.starts_with("//") => {
                    self.at += rest.find('\n').unwrap_or(rest.len());
                    continue;
                }
                '"' => {
                    let end = rest[1..].find(['"', '\n', '\\']).filter(|end| rest[1 + end..].starts_with('"'));
                    let Some(end) = end else { return self.error("a plain text that ends is expected") };
                    (Token::Text(&rest[1..=end]), end + 2)
                }
                '{' | '}' | '[' | ']' | '=' | ',' => (Token::Sign(first), 1),
                _ => {
                    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
                    match end.unwrap_or(rest.len()) {
                        0 => return self.error(&format!("`{first}` is not expected")),
                        end => (Token::Word(&rest[..end]), end),
                    }
                }
            };
            self.at += length;
            return Ok(Some(token));
        }
    }

    fn expect(&mut self, wanted: Token<'_>) -> Result<(), ParseError> {
        if self.next()? == Some(wanted) { Ok(()) } else { self.error(&format!("{wanted:?} is expected")) }
    }

    fn text(&mut self) -> Result<&'a str, ParseError> {
        match self.next()? {
            Some(Token::Text(text)) => Ok(text),
            _ => self.error("a text is expected"),
        }
    }

    fn list(&mut self) -> Result<Vec<&'a str>, ParseError> {
        self.expect(Token::Sign('['))?;
        let mut texts = Vec::new();
        loop {
            match self.next()? {
                Some(Token::Text(text)) => texts.push(text),
                Some(Token::Sign(',')) => {}
                Some(Token::Sign(']')) => return Ok(texts),
                _ => return self.error("`]` is expected"),
            }
        }
    }
}

#[cfg(test)]
#[path = "provider_lock_tests.rs"]
mod tests;
