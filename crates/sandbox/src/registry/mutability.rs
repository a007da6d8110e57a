//! Whether a tag may be moved: ECR's tag mutability of a repository, with its exclusion filters.

use serde::{Deserialize, Serialize};

/// ECR's `ImageTagMutability`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// Every tag may be moved: a new repository's default.
    #[default]
    Mutable,
    /// No tag may be moved.
    Immutable,
    /// No tag may be moved, except those a filter matches.
    ImmutableWithExclusion,
    /// Every tag may be moved, except those a filter matches.
    MutableWithExclusion,
}

/// ECR's `ImageTagMutabilityExclusionFilter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Always `WILDCARD`.
    pub filter_type: FilterType,
    /// At most 128 characters of `[0-9a-zA-Z._*-]`; `*` stands for any run of characters.
    pub filter: String,
}

/// ECR's `ImageTagMutabilityExclusionFilterType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FilterType {
    /// `*` stands for any run of characters.
    Wildcard,
}

/// A repository's rule about moving tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mutability {
    /// What holds for tags in general.
    pub mode: Mode,
    /// Which tags the opposite holds for; only with the two `…WithExclusion` modes.
    pub exclusions: Vec<Filter>,
}

impl Mutability {
    /// The rule in which no tag may ever be moved.
    #[must_use]
    pub fn immutable() -> Self {
        Self { mode: Mode::Immutable, exclusions: Vec::new() }
    }

    /// Whether an existing `tag` may be made to name another image.
    #[must_use]
    pub fn lets_move(&self, tag: &str) -> bool {
        let excluded = || self.exclusions.iter().any(|filter| matches(&filter.filter, tag));
        match self.mode {
            Mode::Mutable => true,
            Mode::Immutable => false,
            Mode::ImmutableWithExclusion => excluded(),
            Mode::MutableWithExclusion => !excluded(),
        }
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any run of characters and everything else for itself.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_and_nothing_else_is_special() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("*", "anything", true),
            ("dev-*", "dev-1", true),
            ("dev-*", "prod-1", false),
            ("*-rc", "v1-rc", true),
            ("*-rc", "v1-rc2", false),
            ("v*.*", "v1.2", true),
            ("a*a", "a", false),
            ("v1", "v1", true),
            ("v1", "v10", false),
            ("v.", "vx", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn exclusions_turn_the_rule_around_for_the_tags_they_match() {
        let rule = |mode| Mutability {
            mode,
            exclusions: vec![Filter { filter_type: FilterType::Wildcard, filter: "dev-*".into() }],
        };
        for (mode, dev, other) in [
            (Mode::Mutable, true, true),
            (Mode::Immutable, false, false),
            (Mode::ImmutableWithExclusion, true, false),
            (Mode::MutableWithExclusion, false, true),
        ] {
            assert_eq!((rule(mode).lets_move("dev-1"), rule(mode).lets_move("v1")), (dev, other), "{mode:?}");
        }
    }
}
