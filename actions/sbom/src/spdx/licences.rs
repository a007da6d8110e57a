//! What packages declare, as SPDX licence expressions; words that are none become licence references.

use super::names::{fitting, mark};
use crate::{
    graph::{Licence, Package},
    lexical::plain,
};
use std::collections::BTreeMap;

/// The licence references of a document: identifier to the words they stand for.
pub(super) type References = BTreeMap<String, String>;

/// What a package declares; `None` when its source says nothing. Several licences without a stated relation all apply,
/// which is the reading that promises nothing.
pub(super) fn declared(package: &Package, references: &mut References) -> Option<String> {
    let mut parts: Vec<String> = package.licences.iter().map(|licence| part(licence, references)).collect();
    if parts.len() > 1 {
        for part in parts.iter_mut().filter(|part| part.contains(' ')) {
            *part = format!("({part})");
        }
    }
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

fn part(licence: &Licence, references: &mut References) -> String {
    match licence {
        Licence::Id(id) => id.clone(),
        // What another document or a private list of exceptions defines cannot be looked up from here.
        Licence::Expression(text) if !text.contains("DocumentRef-") && !text.contains("AdditionRef-") => {
            let words = text.split(|c: char| c.is_whitespace() || c == '(' || c == ')');
            for word in words.filter(|word| word.starts_with("LicenseRef-")) {
                references.entry(word.to_owned()).or_insert_with(|| word.to_owned());
            }
            text.clone()
        }
        Licence::Expression(text) | Licence::Named(text) => {
            let fit = fitting(text);
            let name = if fit == *text { fit } else { format!("{fit}-{}", mark(text)) };
            let name = format!("LicenseRef-{}", name.trim_start_matches('-'));
            references.entry(name.clone()).or_insert_with(|| plain(text).into_owned());
            name
        }
    }
}

/// What stands where the licence's own text should: the text is in no lockfile.
pub(super) fn words(name: &str) -> String {
    format!("The source of the package names this licence: \"{name}\". It does not hold the licence's text.")
}
