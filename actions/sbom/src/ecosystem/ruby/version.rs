//! Requirements of gems, as far as choosing between installed versions needs them (`Gem::Requirement`).

use crate::version_order;
use std::cmp::Ordering;

/// How two versions stand to each other; those that are none are equal to each other and older than any.
pub(super) fn compare(one: &str, other: &str) -> Ordering {
    let whole = |version| version_order::order("gem", version, "0").is_some();
    version_order::order("gem", one, other).unwrap_or_else(|| whole(one).cmp(&whole(other)))
}

/// Whether `version` meets one condition such as `~> 2.1`; one that is not understood is not held against it.
pub(super) fn meets(version: &str, condition: &str) -> bool {
    let condition = condition.trim();
    let end = condition.find(|c: char| !"=!<>~".contains(c)).unwrap_or(condition.len());
    let (operator, wanted) = (&condition[..end], condition[end..].trim());
    let order = compare(version, wanted);
    match operator {
        "" | "=" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        "~>" => order.is_ge() && compare(version, &bump(wanted)).is_lt(),
        _ => true,
    }
}

/// The first version that `~> wanted` excludes: `1.2.3` gives `1.3`, `1` gives `2`; what follows a letter is cut.
fn bump(wanted: &str) -> String {
    let mut parts: Vec<&str> = wanted.split('.').take_while(|part| part.bytes().all(|b| b.is_ascii_digit())).collect();
    if parts.len() > 1 {
        parts.pop();
    }
    let last = parts.pop().and_then(|part| part.parse::<u64>().ok()).unwrap_or(0).saturating_add(1).to_string();
    parts.push(&last);
    // A prerelease of the excluded version is excluded too.
    format!("{}.a", parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_means_what_rubygems_means() {
        for (version, condition, wanted) in [
            ("2.2.3", "~> 2.1", true),
            ("3.0", "~> 2.1", false),
            ("2.1.9", "~> 2.1.3", true),
            ("2.2", "~> 2.1.3", false),
            ("3.0.a", "~> 2.1", false),
            ("2", "~> 1", false),
            ("1.4", "~> 1", true),
            ("1.4", "= 1.4.0", true),
            ("1.4", "1.5", false),
            ("1.4", "!= 1.4", false),
            ("1.4", "< 2.a", true),
            ("1.4", ">= 0", true),
            ("1.4", "=> 3", true),
        ] {
            assert_eq!(meets(version, condition), wanted, "{version} {condition}");
        }
    }
}
