//! One line of `allow` or `deny`.

use crate::{graph::Licence, licence::normalise};
use spdx::{Expression, LicenseItem, LicenseReq, ParseMode};
use std::cmp::Ordering;

/// As documents may spell it; see [`crate::licence`].
pub(super) const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// A licence, or a whole expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// One licence, with or without an exception.
    One(LicenseReq),
    /// An expression, which a component's must equal.
    Whole,
}

/// How an entry fits a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It does not speak about it.
    None,
    /// It is the same licence, in another version or without its exception.
    Family,
    /// It is exactly that.
    Exact,
}

impl std::str::FromStr for Entry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let spelt = match normalise(text) {
            Some(Licence::Id(id)) => id,
            Some(Licence::Expression(expression)) => expression,
            _ if text.starts_with("LicenseRef-") || text.starts_with("DocumentRef-") => text.to_owned(),
            _ => return Err("is neither an identifier of the SPDX licence list nor an expression of them".to_owned()),
        };
        let expression =
            Expression::parse_mode(&spelt, MODE).map_err(|error| format!("is no SPDX expression: {}", error.reason))?;
        let requirements: Vec<_> = expression.requirements().map(|found| found.req.clone()).collect();
        let kind = match <[LicenseReq; 1]>::try_from(requirements) {
            Ok([one]) => Kind::One(one),
            Err(_) => Kind::Whole,
        };
        Ok(Self { text: spelt, kind })
    }
}

impl Entry {
    /// As it stands in the policy, in SPDX's spelling.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Is a component's whole expression this entry, word for word?
    pub(super) fn is_whole(&self, expression: &str) -> bool {
        let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        words(&self.text) == words(expression)
    }

    /// How it fits as a permission.
    pub(super) fn permits(&self, wanted: &LicenseReq) -> Fit {
        let later = |own: &Version<'_>, wanted: &Version<'_>| {
            let newer = own.number.cmp(wanted.number);
            match (own.later, wanted.later) {
                (false, false) => newer == Ordering::Equal,
                // The receiver may choose the allowed version.
                (false, true) => newer != Ordering::Less,
                (true, false) => newer != Ordering::Greater,
                (true, true) => true,
            }
        };
        self.fits(wanted, later)
    }

    /// How it fits as a prohibition: the same version of it, `only` or not.
    pub(super) fn prohibits(&self, wanted: &LicenseReq) -> Fit {
        self.fits(wanted, |own, wanted| own.number == wanted.number)
    }

    fn fits(&self, wanted: &LicenseReq, versions: impl Fn(&Version<'_>, &Version<'_>) -> bool) -> Fit {
        let Kind::One(own) = &self.kind else { return Fit::None };
        if own == wanted {
            return Fit::Exact;
        }
        if own.addition.is_some() && own.addition != wanted.addition {
            return Fit::None;
        }
        let fits = match (&own.license, &wanted.license) {
            (LicenseItem::Spdx { id, or_later }, LicenseItem::Spdx { id: other, or_later: later }) => {
                let (own, wanted) = (Version::of(id.name, *or_later), Version::of(other.name, *later));
                own.family == wanted.family && versions(&own, &wanted)
            }
            (LicenseItem::Other(own), LicenseItem::Other(wanted)) => own == wanted,
            _ => false,
        };
        if fits { Fit::Family } else { Fit::None }
    }
}

/// A licence's identifier taken apart: `LGPL`, `2.1`, or later.
struct Version<'a> {
    family: &'a str,
    number: &'a str,
    later: bool,
}

impl<'a> Version<'a> {
    fn of(id: &'a str, or_later: bool) -> Self {
        let later = or_later || id.ends_with("-or-later") || id.ends_with('+');
        let plain =
            id.strip_suffix("-or-later").or_else(|| id.strip_suffix("-only")).unwrap_or(id).trim_end_matches('+');
        let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match plain.rsplit_once('-').filter(|(_, number)| numeric(number)) {
            Some((family, number)) => Self { family, number, later },
            None => Self { family: plain, number: "", later },
        }
    }
}
