//! Debian's machine-readable copyright files (copyright-format 1.0, once DEP-5).

use crate::{graph::Licence, licence};
use std::collections::BTreeSet;

/// Licences beyond this say nothing any more.
const MOST: usize = 100;

/// The licences of the files a package ships, as its copyright file states them; none for a file of another format, whose
/// words only a person can read.
#[must_use]
pub fn licences(bytes: &[u8]) -> BTreeSet<Licence> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = BTreeSet::new();
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !header.to_ascii_lowercase().starts_with("format:") || !header.contains("copyright-format") {
        return found;
    }
    // A stand-alone licence paragraph only holds the text of a licence that others name.
    let mut about_files = false;
    let mut names: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            if about_files {
                found.extend(names.iter().filter_map(|name| one(name)));
            }
            (about_files, names) = (false, Vec::new());
        } else if let Some((field, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t'])) {
            match field.to_ascii_lowercase().as_str() {
                "files" => about_files = true,
                "license" => names.push(value.trim()),
                _ => {}
            }
        }
        if found.len() > MOST {
            break;
        }
    }
    found
}

/// A short name, or several joined by `and`, `or` and commas ("License specification").
fn one(name: &str) -> Option<Licence> {
    let plain = licence::normalise(name)?;
    if !matches!(plain, Licence::Named(_)) || name.len() > 400 {
        return Some(plain);
    }
    let mut expression = Vec::new();
    for word in name.split_whitespace() {
        match word.trim_end_matches(',') {
            "or" | "OR" => expression.push("OR".to_owned()),
            "and" | "AND" => expression.push("AND".to_owned()),
            // `with … exception` has no SPDX spelling that could be known from here; nor has a comma's precedence.
            short => match licence::normalise(short) {
                Some(Licence::Id(id)) if !word.ends_with(',') => expression.push(id),
                _ => return Some(plain),
            },
        }
    }
    match licence::normalise(&expression.join(" ")) {
        Some(Licence::Expression(expression)) => Some(Licence::Expression(expression)),
        _ => Some(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licences_of_files_are_normalised_and_unknown_ones_keep_their_names() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n\n\
            Files: *\nCopyright: 2020 A\nLicense: Expat\n\nFiles: a\n b\nCopyright: B\nLicense: GPL-2+ or Artistic-2\n text\n .\n more\n\n\
            Files: c\nLicense: GPL-2+ with OpenSSL exception\n\nFiles: d\nLicense: public-domain\n\n\
            License: LGPL-3\n On Debian systems\n";
        let found: Vec<_> = licences(text.as_bytes()).into_iter().collect();
        assert_eq!(
            found,
            [
                Licence::Id("MIT".into()),
                Licence::Expression("GPL-2.0-or-later OR Artistic-2.0".into()),
                Licence::Named("GPL-2+ with OpenSSL exception".into()),
                Licence::Named("public-domain".into()),
            ]
        );
        assert!(licences(b"This package was debianized by somebody.\nLicense: GPL\n").is_empty());
    }
}
