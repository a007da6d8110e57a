//! Which of two versions is the newer one, by the rules of each ecosystem. Where the rules do not say, nobody guesses.

mod apk;
mod deb;
mod gem;
mod maven;
mod number;
mod pep440;
mod rpm;
mod semantic;

use std::cmp::Ordering;

/// Versions beyond this are not compared: the longest real ones, of Go and Debian, have some eighty characters.
const LONGEST: usize = 256;

/// How `one` stands to `other` in an ecosystem, which is named by its purl type; `None` where the ecosystem has no order that is
/// known here, or one of them is not a version by its rules.
#[must_use]
pub fn order(ecosystem: &str, one: &str, other: &str) -> Option<Ordering> {
    if one == other {
        return Some(Ordering::Equal);
    }
    if one.len().max(other.len()) > LONGEST {
        return None;
    }
    match ecosystem {
        "cargo" | "npm" | "golang" | "hex" | "pub" | "swift" | "nuget" | "composer" | "terraform" | "conan" => {
            semantic::order(one, other)
        }
        "deb" => deb::order(one, other),
        "rpm" => rpm::order(one, other),
        "apk" => apk::order(one, other),
        "pypi" => pep440::order(one, other),
        "maven" => maven::order(one, other),
        "gem" => gem::order(one, other),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
