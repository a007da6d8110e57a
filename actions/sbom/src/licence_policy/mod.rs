//! The licence policy: which licences may be in a product, judged over SPDX expressions. Pure.
//!
//! An expression is acceptable when one branch of every `OR` and all of every `AND` are. An entry without `WITH` speaks
//! about the licence with any exception as well, because an SPDX exception only adds permissions; an entry with `WITH` is
//! about exactly that, and the more exact entry wins. Of two entries equally exact, `deny` wins. `X-or-later` leaves the
//! version to whoever receives it, so an allowed later version makes it acceptable; a denied version denies it.

mod entry;
mod exception;
mod judge;
mod read;

pub use entry::Entry;
pub use exception::{Exception, Until};
pub use judge::{Judgement, Reason, Violation, judge};
pub use read::read;

/// What becomes of a component whose licence nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing.
    Allow,
    /// It is refused.
    Deny,
    /// It is told.
    Warn,
}

/// What becomes of components that are for development only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Development {
    /// They are judged like any other.
    Check,
    /// They are not judged: they are not shipped.
    Skip,
}

/// A policy as its file states it.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What may be there; empty: everything that is not denied.
    pub allow: Vec<Entry>,
    /// What may not.
    pub deny: Vec<Entry>,
    /// A licence nobody can tell.
    pub unknown: Unknown,
    /// Development dependencies.
    pub development: Development,
    /// Components that may be there all the same.
    pub exceptions: Vec<Exception>,
}

#[cfg(test)]
mod tests;
