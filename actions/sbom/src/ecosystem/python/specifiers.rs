//! Whether a version is one that is asked for (PEP 440, "Version specifiers").

use crate::version_order::order;
use std::cmp::Ordering;

/// Whether `version` fits; `None` where that cannot be told. Alternatives are divided by `||`, as Poetry writes them.
#[must_use]
pub(super) fn fits(specifiers: &str, version: &str) -> Option<bool> {
    let mut answer = Some(false);
    for alternative in specifiers.split("||") {
        match all(alternative, version) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => answer = None,
        }
    }
    answer
}

fn all(specifiers: &str, version: &str) -> Option<bool> {
    let mut answer = Some(true);
    for specifier in specifiers.split(',').map(str::trim).filter(|specifier| !specifier.is_empty()) {
        match one(specifier, version) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => answer = None,
        }
    }
    answer
}

fn one(specifier: &str, version: &str) -> Option<bool> {
    const OPERATORS: [&str; 8] = ["===", "==", "!=", "~=", ">=", "<=", ">", "<"];
    if specifier == "*" {
        return Some(true);
    }
    let operator = OPERATORS.into_iter().find(|operator| specifier.starts_with(operator)).unwrap_or("");
    let wanted = specifier[operator.len()..].trim();
    let ordering = || order("pypi", public(version), wanted);
    match operator {
        "===" => Some(version == wanted),
        // Poetry writes a bare version for exactly that one.
        "==" | "" => equal(wanted, version),
        "!=" => equal(wanted, version).map(|equal| !equal),
        "~=" => compatible(wanted, version),
        ">=" => ordering().map(Ordering::is_ge),
        "<=" => ordering().map(Ordering::is_le),
        ">" => ordering().map(Ordering::is_gt),
        "<" => ordering().map(Ordering::is_lt),
        _ => None,
    }
}

/// A local label counts only where one is asked for.
fn public(version: &str) -> &str {
    version.split_once('+').map_or(version, |(public, _)| public)
}

fn equal(wanted: &str, version: &str) -> Option<bool> {
    match wanted.strip_suffix(".*") {
        Some(prefix) => Some(begins(version, prefix)),
        None if wanted.contains('+') => order("pypi", version, wanted).map(Ordering::is_eq),
        None => order("pypi", public(version), wanted).map(Ordering::is_eq),
    }
}

/// `~=1.4.2` is `>=1.4.2, ==1.4.*`.
fn compatible(wanted: &str, version: &str) -> Option<bool> {
    let (prefix, _) = wanted.rsplit_once('.')?;
    let from = order("pypi", public(version), wanted).map(Ordering::is_ge)?;
    Some(from && begins(version, prefix))
}

/// Whether the release begins with these numbers; missing ones are zero.
fn begins(version: &str, prefix: &str) -> bool {
    let mut numbers = version.split(['.', '+', '-']);
    prefix.split('.').all(|wanted| numbers.next().unwrap_or("0") == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts of `packaging.specifiers.SpecifierSet(…).contains(…, prereleases=True)`.
    #[test]
    fn versions_fit_as_packaging_says() {
        for (specifiers, version, wanted) in [
            ("", "1.0", Some(true)),
            (">=1.0,<2", "1.5", Some(true)),
            (">=1.0,<2", "2.0", Some(false)),
            ("==1.0", "1.0.0", Some(true)),
            ("==1.0", "1.0+local", Some(true)),
            ("==1.*", "1.9.3", Some(true)),
            ("==1.1.*", "1.10", Some(false)),
            ("!=1.5", "1.5", Some(false)),
            ("~=1.4.2", "1.4.9", Some(true)),
            ("~=1.4.2", "1.5", Some(false)),
            ("<1 || >=2,<3", "2.5", Some(true)),
            ("<1||>=3", "2.5", Some(false)),
            ("===1.0", "1.0", Some(true)),
            ("*", "3", Some(true)),
            (">=not", "1.0", None),
            ("^1.0", "1.0", None),
        ] {
            assert_eq!(fits(specifiers, version), wanted, "{specifiers} {version}");
        }
    }
}
