//! Signed statements about digests: in-toto Statement v1 in a DSSE envelope in a Sigstore bundle v0.3.
//!
//! The journey of a claim is a chain of types, and none can be skipped: a [`Statement`] is sealed by a [`Signer`] into a
//! [`Bundle`]; a bundle read from anywhere says nothing until [`verify`] has turned it into a [`Verified`]; and even that
//! gives its statement only to whoever names the digest the statement is about ([`Verified::about`]).
//!
//! The same statement and key always give the same bytes (sorted members, RFC 6979 signatures), so that a step run twice
//! leaves one piece of evidence and not two. Nothing here does I/O.
//!
//! How much such a signature proves: a key that the building job itself can read reaches SLSA Build Level 1 to 2, because
//! whoever controls the job controls the key. Level 3 needs the key held by a separate job or service.

mod bundle;
mod dsse;
mod json;
mod keys;
pub mod predicate;
mod statement;
mod verify;

pub use bundle::{BUNDLE_MEDIA_TYPE, Bundle, BundleError, MAX_BUNDLE_BYTES};
pub use dsse::{PAYLOAD_TYPE, pre_authentication_encoding};
pub use json::{JsonError, canonical, parse_strict};
pub use keys::{KeyError, PublicKey, SignError, Signer, SigningKey};
pub use statement::{MAX_SUBJECTS, STATEMENT_TYPE, Statement, StatementError, Subject};
pub use verify::{Rejection, Verified, verify};
