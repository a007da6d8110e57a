//! Licence texts into SPDX: an identifier, an expression, or the words as they stand.
//!
//! Nothing is guessed: `BSD` names three licences and stays a name. The crate's own table of imprecise names is not
//! used, because it decides such cases (and reads "GNU GPL v2" as version 3).

use crate::graph::Licence;
use spdx::{Expression, ParseMode};

/// SPDX as crates.io accepts it — `/` for `OR`, deprecated identifiers — but no imprecise names.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: true,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// Spellings that mean exactly one licence, in lowercase: PyPI's trove classifiers, Debian's short names
/// (copyright-format 1.0, "Short name") and what projects commonly write.
const SPELLINGS: &[(&str, &str)] = &[
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("artistic-1", "Artistic-1.0"),
    ("artistic-2", "Artistic-2.0"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-2-clause", "BSD-2-Clause"),
    ("bsd-3-clause", "BSD-3-Clause"),
    ("bsd-4-clause", "BSD-4-Clause"),
    ("cc0", "CC0-1.0"),
    ("expat", "MIT"),
    ("gfdl-1.2", "GFDL-1.2-only"),
    ("gfdl-1.2+", "GFDL-1.2-or-later"),
    ("gfdl-1.3", "GFDL-1.3-only"),
    ("gfdl-1.3+", "GFDL-1.3-or-later"),
    ("gpl-1", "GPL-1.0-only"),
    ("gpl-1+", "GPL-1.0-or-later"),
    ("gpl-2", "GPL-2.0-only"),
    ("gpl-2+", "GPL-2.0-or-later"),
    ("gpl-3", "GPL-3.0-only"),
    ("gpl-3+", "GPL-3.0-or-later"),
    ("isc license", "ISC"),
    ("isc license (iscl)", "ISC"),
    ("lgpl-2", "LGPL-2.0-only"),
    ("lgpl-2+", "LGPL-2.0-or-later"),
    ("lgpl-2.1", "LGPL-2.1-only"),
    ("lgpl-2.1+", "LGPL-2.1-or-later"),
    ("lgpl-3", "LGPL-3.0-only"),
    ("lgpl-3+", "LGPL-3.0-or-later"),
    ("mit license", "MIT"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("the unlicense (unlicense)", "Unlicense"),
];

/// What `text` says, or `None` when it says nothing (empty, `UNKNOWN`, `NOASSERTION`).
#[must_use]
pub fn normalise(text: &str) -> Option<Licence> {
    let text = text.trim();
    if matches!(text, "" | "UNKNOWN" | "NOASSERTION" | "NONE") {
        return None;
    }
    // The list is sorted: its own spelling, which most have, is found without reading all of it.
    let listed = spdx::identifiers::LICENSES;
    if let Ok(at) = listed.binary_search_by(|licence| licence.name.cmp(text)) {
        return Some(Licence::Id(listed[at].name.to_owned()));
    }
    if let Some((_, id)) = SPELLINGS.iter().find(|(spelling, _)| text.eq_ignore_ascii_case(spelling)) {
        return Some(Licence::Id((*id).to_owned()));
    }
    if let Some(id) = identifier(text) {
        return Some(Licence::Id(id.to_owned()));
    }
    // An over-long expression is no expression: the parser must not be given a megabyte.
    if text.len() <= 1000 && Expression::parse_mode(text, MODE).is_ok() {
        let spelt = text.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ");
        return Some(Licence::Expression(spelt));
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Licence::Named(words.chars().take(200).collect()))
}

/// The identifier in the list's own spelling; the list is case-insensitive (SPDX 2.3, annex D).
fn identifier(text: &str) -> Option<&'static str> {
    spdx::identifiers::LICENSES.iter().map(|licence| licence.name).find(|name| name.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_an_expression_and_words_are_told_apart() {
        for (text, wanted) in [
            ("MIT", Licence::Id("MIT".into())),
            ("mit", Licence::Id("MIT".into())),
            ("Expat", Licence::Id("MIT".into())),
            ("Apache License, Version 2.0", Licence::Id("Apache-2.0".into())),
            ("MIT OR Apache-2.0", Licence::Expression("MIT OR Apache-2.0".into())),
            ("MIT/Apache-2.0", Licence::Expression("MIT OR Apache-2.0".into())),
            ("Apache-2.0 WITH LLVM-exception", Licence::Expression("Apache-2.0 WITH LLVM-exception".into())),
            ("GPL-2.0+", Licence::Id("GPL-2.0+".into())),
            ("BSD", Licence::Named("BSD".into())),
            ("GNU GPL v2", Licence::Named("GNU GPL v2".into())),
            ("See  LICENSE\nfile", Licence::Named("See LICENSE file".into())),
        ] {
            assert_eq!(normalise(text), Some(wanted), "{text}");
        }
        assert_eq!(normalise(" UNKNOWN "), None);
    }

    #[test]
    fn every_spelling_names_a_listed_identifier() {
        for (spelling, id) in SPELLINGS {
            assert!(spdx::license_id(id).is_some(), "{spelling} → {id}");
            assert_eq!(*spelling, spelling.to_lowercase());
        }
    }
}
