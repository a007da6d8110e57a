//! Signed statements about digests: in-toto Statement v1 in a DSSE envelope in a Sigstore bundle v0.3, and what they
//! come to under a policy.
//!
//! The journey of a claim is a chain of types, and none can be skipped: a [`Statement`] is sealed into a [`Bundle`]; a
//! bundle read from anywhere says nothing until [`verify`] has turned it into a [`Verified`]; and even that gives its
//! statement only to whoever names the digest the statement is about ([`Verified::about`]). Every no on the way has one
//! stable word, its [`Reason`].
//!
//! The same statement and key always give the same bytes (sorted members, RFC 6979 signatures), so that a step run twice
//! leaves one piece of evidence and not two. Nothing here does I/O or looks at a clock.
//!
//! How much such a signature proves is told in `docs/slsa.md`.

mod bundle;
mod dsse;
mod identity;
mod json;
#[cfg(feature = "keyless")]
mod keyless;
mod keys;
pub mod policy;
pub mod predicate;
mod reason;
mod statement;
mod verify;

pub use bundle::{BUNDLE_MEDIA_TYPE, Bundle, ENVELOPE_MEDIA_TYPE, MAX_BUNDLE_BYTES, SealError, Unsigned};
pub use dsse::{PAYLOAD_TYPE, pre_authentication_encoding};
pub use identity::Identity;
pub use json::{JsonError, canonical, parse_strict};
#[cfg(feature = "keyless")]
pub use keyless::{RootError, TrustedRoot, stamp_request};
pub use keys::{KeyError, PublicKey, SignError, SigningKey};
pub use reason::{Reason, Rejection};
pub use statement::{MAX_SUBJECTS, STATEMENT_TYPE, Statement, Subject};
pub use verify::{Trust, Verified, verify, verify_by};
