//! Which names an image may be promoted under. Pure.

use std::str::FromStr;

/// What a tag is made of, so that it tells which build it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// `sha-` and 7 to 64 hexadecimal digits of a commit.
    Sha,
    /// A whole semantic version, with or without `v`: `v1.4.0`, `1.4.0-rc.1`.
    Semver,
    /// A branch and a commit: `main-5f2b7c9`.
    BranchSha,
    /// A moment in UTC: `20260921T054000Z`, or `20260921-054000`.
    Timestamp,
}

impl Form {
    /// Every form, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Sha, Self::Semver, Self::BranchSha, Self::Timestamp];

    /// An example of it.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Sha => "sha-5f2b7c9",
            Self::Semver => "v1.4.0",
            Self::BranchSha => "main-5f2b7c9",
            Self::Timestamp => "20260921T054000Z",
        }
    }

    fn fits(self, tag: &str) -> bool {
        match self {
            Self::Sha => tag.strip_prefix("sha-").is_some_and(is_commit),
            Self::Semver => semver::Version::from_str(tag.strip_prefix('v').unwrap_or(tag)).is_ok(),
            Self::BranchSha => tag.rsplit_once('-').is_some_and(|(branch, commit)| {
                !branch.is_empty() && branch != "sha" && is_commit(commit) && !is_day(branch)
            }),
            Self::Timestamp => is_moment(tag),
        }
    }
}

/// Names that say nothing about what they name, and that people pull without knowing it.
const RESERVED: [&str; 8] = ["latest", "new", "newest", "current", "stable", "main", "master", "edge"];

/// Whether an image may get this tag: it has one of the `allowed` forms, or is one of the `movable` names.
///
/// # Errors
/// Why it may not, a lowercase fragment.
pub fn check(tag: &str, allowed: &[Form], movable: &[String]) -> Result<(), String> {
    let lower = tag.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) {
        return Err("names whatever was pushed last, and not one build".to_owned());
    }
    let digits = lower.strip_prefix('v').unwrap_or(&lower);
    if digits.split('.').count() < 3
        && digits.split('.').all(|part| !part.is_empty() && part.len() < 6 && is_number(part))
    {
        return Err("is a bare major or minor version, which moves with every release".to_owned());
    }
    if movable.iter().any(|name| name == tag) || allowed.iter().any(|form| form.fits(tag)) {
        return Ok(());
    }
    let examples: Vec<&str> = allowed.iter().map(|form| form.example()).collect();
    Err(format!("has none of the forms that `tag-forms` allows, such as {}", examples.join(", ")))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_day(text: &str) -> bool {
    text.len() == 8 && is_number(text)
}

fn is_moment(tag: &str) -> bool {
    let parsed = |format: &str| jiff::civil::DateTime::strptime(format, tag).is_ok();
    (tag.len() == 16 && parsed("%Y%m%dT%H%M%SZ")) || (tag.len() == 15 && parsed("%Y%m%d-%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_tells_which_build_it_names() {
        let sha = "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c";
        for (tag, form) in [
            ("sha-5f2b7c9", Form::Sha),
            (format!("sha-{sha}").as_str(), Form::Sha),
            ("v1.4.0", Form::Semver),
            ("1.4.0-rc.1", Form::Semver),
            ("main-5f2b7c9", Form::BranchSha),
            ("feature-x-5f2b7c9", Form::BranchSha),
            ("20260921T054000Z", Form::Timestamp),
            ("20260921-054000", Form::Timestamp),
        ] {
            assert_eq!(check(tag, &[form], &[]), Ok(()), "{tag}");
            for other in Form::ALL.into_iter().filter(|other| *other != form) {
                assert!(check(tag, &[other], &[]).is_err(), "{tag} is no {other:?}");
            }
        }
    }

    #[test]
    fn names_that_say_nothing_are_refused_even_where_they_are_called_movable() {
        for tag in ["latest", "LATEST", "new", "stable", "main", "1", "v1", "1.2", "v10.3"] {
            let movable = [tag.to_owned()];
            assert!(check(tag, &Form::ALL, &movable).is_err(), "{tag}");
        }
    }

    #[test]
    fn what_looks_nearly_right_is_refused_and_the_forms_are_named() {
        for tag in ["sha-5F2B7C9", "sha-5f2b7", "v1.4", "1.4.0.0", "v01.4.0", "20261321T054000Z", "main", "-5f2b7c9"] {
            assert!(check(tag, &Form::ALL, &[]).is_err(), "{tag}");
        }
        assert!(check("blue", &Form::ALL, &[]).unwrap_err().contains("v1.4.0"));
        assert_eq!(check("production", &Form::ALL, &["production".to_owned()]), Ok(()));
    }
}
