//! Who may become which role: the part of IAM trust policies that federation with GitHub uses.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The trust policies of all roles, set through `POST /_sandbox/roles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// By role ARN.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// For every role not named; `null` means that other roles do not exist.
    #[serde(default)]
    pub default: Option<Role>,
}

/// Whom a role trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Patterns for the token's `sub`, as `StringLike` reads them: `*` is any run of characters, `?` any one.
    pub subjects: Vec<String>,
}

impl Default for Trust {
    /// Every role trusts every repository that has a token of this sandbox.
    fn default() -> Self {
        Self { roles: BTreeMap::new(), default: Some(Role { subjects: vec!["repo:*".to_owned()] }) }
    }
}

impl Trust {
    /// Whether `role` may be assumed by whoever the token calls `subject`.
    #[must_use]
    pub fn admits(&self, role: &str, subject: &str) -> bool {
        let role = self.roles.get(role).or(self.default.as_ref());
        role.is_some_and(|role| role.subjects.iter().any(|pattern| is_like(pattern.as_bytes(), subject.as_bytes())))
    }
}

/// IAM's `StringLike`, in time proportional to pattern times text.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(byte) if *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_string_like_means() {
        for (pattern, text, wanted) in [
            ("repo:org/app:*", "repo:org/app:ref:refs/heads/main", true),
            ("repo:org/app:*", "repo:org/application:ref:x", false),
            ("repo:org/*:environment:production", "repo:org/app:environment:production", true),
            ("repo:org/*:environment:production", "repo:org/app:environment:staging", false),
            ("repo:org/ap?:*", "repo:org/app:x", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
        ] {
            assert_eq!(is_like(pattern.as_bytes(), text.as_bytes()), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn a_named_role_trusts_only_whom_it_names() {
        let production = Role { subjects: vec!["repo:org/app:environment:production".to_owned()] };
        let mut trust = Trust { roles: [("arn:a".to_owned(), production)].into(), ..Trust::default() };
        assert!(trust.admits("arn:a", "repo:org/app:environment:production"));
        assert!(!trust.admits("arn:a", "repo:org/app:ref:refs/heads/main"));
        assert!(trust.admits("arn:b", "repo:anyone/x:ref:refs/heads/main"));
        trust.default = None;
        assert!(!trust.admits("arn:b", "repo:org/app:environment:production"));
    }
}
