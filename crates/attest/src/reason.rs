//! Every reason for which a statement or a whole question is answered with no, each under one stable word.

use std::fmt;

/// Declares the reasons with their words and what they mean; the meaning is the documentation, so that the two cannot part.
macro_rules! reasons {
    ($($(#[doc = $meaning:literal])+ $name:ident = $code:literal,)+) => {
        /// Why something is not believed or not allowed. The words are stable: reports and other programs rely on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl Reason {
            /// Every reason, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable word, such as `wrong-key`.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// What it means, one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($meaning),+).trim(),)+
                }
            }
        }
    };
}

reasons! {
    /// The envelope has more than 48 MiB, or more than two million values.
    TooLarge = "too-large",
    /// The JSON is nested deeper than 100 levels.
    TooDeep = "too-deep",
    /// An object has two members of one name; readers differ in which one they believe.
    DuplicateKey = "duplicate-key",
    /// The bytes are not one JSON value: cut off, followed by something, or not JSON at all.
    MalformedJson = "malformed-json",
    /// The JSON is neither a Sigstore bundle nor a DSSE envelope: a member is missing or of another type.
    MalformedEnvelope = "malformed-envelope",
    /// Payload or signature is not base64.
    MalformedBase64 = "malformed-base64",
    /// A bundle of a version that is not read.
    UnknownMediaType = "unknown-media-type",
    /// A bundle that signs bytes and not a statement.
    NoStatement = "no-statement",
    /// An envelope without a signature.
    NoSignature = "no-signature",
    /// More signatures than are tried: 16 in an envelope, one in a bundle.
    TooManySignatures = "too-many-signatures",
    /// What carries the statement is not readable: another kind of artifact, or its bytes are missing or not what was promised.
    Unreadable = "unreadable",

    /// There is no key to verify with.
    NoKeys = "no-keys",
    /// The payload type is not `application/vnd.in-toto+json`.
    WrongPayloadType = "wrong-payload-type",
    /// None of the keys made a signature, and no signature names one of them either.
    WrongKey = "wrong-key",
    /// A signature names one of the keys, but that key did not sign these bytes: they were changed after signing.
    BadSignature = "bad-signature",
    /// Signed with a certificate and not with a key, and there is no trusted root to verify certificates with.
    CertificateNotVerified = "certificate-not-verified",
    /// The certificate leads to no trusted authority, was not valid when it was used, or is not in a trusted log.
    UntrustedCertificate = "untrusted-certificate",
    /// A good certificate, of somebody who is not among those expected.
    WrongIdentity = "wrong-identity",
    /// A log entry or a time stamp beside the signature is not about it, or not by a service that is trusted.
    BadWitness = "bad-witness",
    /// No service that is trusted says when the signature was there.
    Unwitnessed = "unwitnessed",

    /// Well signed, but not an in-toto statement v1 or v0.1.
    UnknownStatementType = "unknown-statement-type",
    /// Well signed, but a member of the statement is missing or of another type.
    MalformedStatement = "malformed-statement",
    /// Well signed, but an artifact it is about has no valid SHA-256 digest.
    MalformedSubject = "malformed-subject",
    /// A good statement, about something else.
    WrongSubject = "wrong-subject",
    /// The predicate does not follow the specification of its type.
    PredicateInvalid = "predicate-invalid",

    /// Signed by a known key, but the policy does not take this claim from its holder.
    UntrustedIdentity = "untrusted-identity",
    /// The policy trusts this signer only from a later time on.
    SignerNotYetValid = "signer-not-yet-valid",
    /// The policy trusted this signer only until an earlier time.
    SignerExpired = "signer-expired",
    /// The same claim of the same signers again; it counts once.
    Duplicate = "duplicate",
    /// A revocation takes this statement back.
    StatementRevoked = "statement-revoked",
    /// The policy asks how old the statement is, and it does not say.
    Undated = "undated",
    /// The statement is of a time that has not come.
    NotYetValid = "not-yet-valid",
    /// The statement itself says that it holds no longer.
    Expired = "expired",
    /// The statement is older than the policy allows.
    Stale = "stale",
    /// The statement is younger than the policy asks: it has not stood long enough.
    TooFresh = "too-fresh",
    /// A newer statement of its kind speaks instead.
    Superseded = "superseded",
    /// A value that the policy asks for is not there.
    ValueMissing = "value-missing",
    /// A value is not what the policy asks for.
    ValueRefused = "value-refused",
    /// The statement does not belong together with the others: another run, other inputs.
    JoinMismatch = "join-mismatch",

    /// The approver said no.
    ApprovalDenied = "approval-denied",
    /// The approver is not one of those who may approve.
    ApproverUnknown = "approver-unknown",
    /// The approver is the author of what is approved.
    SelfApproval = "self-approval",
    /// The approver has approved already; each counts once.
    DuplicateApprover = "duplicate-approver",

    /// The image is revoked. No other evidence outweighs that.
    Revoked = "revoked",
    /// There is no statement of the kind that is required.
    NoEvidence = "no-evidence",
    /// Fewer statements than required are good.
    TooFew = "too-few",
    /// More statements are good than may be: which one is meant cannot be told.
    TooMany = "too-many",
    /// Not every statement of its kind is good, and the policy asks for all of them.
    NotAll = "not-all",
    /// The newest statement of its kind is not good, or which one is the newest cannot be told.
    LatestRefused = "latest-refused",
    /// Fewer approvers than required have approved.
    TooFewApprovals = "too-few-approvals",
    /// Who the author is cannot be told from the evidence, so nobody can be shown to be another.
    AuthorUnknown = "author-unknown",
    /// The evidence allows more combinations than are tried.
    TooComplex = "too-complex",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// A no about one statement: the reason, and the particulars for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{detail}")]
pub struct Rejection {
    reason: Reason,
    detail: String,
}

impl Rejection {
    /// A no for `reason`; `detail` is a lowercase fragment that says what was found and what was expected.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The reason's stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.reason.code()
    }
}

/// At most 120 characters of a text from outside.
pub(crate) fn shorten(text: &str) -> String {
    if text.chars().count() <= 120 { text.to_owned() } else { text.chars().take(119).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_is_kebab_case_and_means_one_thing() {
        let codes: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        let kebab = |code: &str| {
            code.split('-').all(|word| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() && !b.is_ascii_uppercase())
            })
        };
        assert!(codes.iter().all(|code| kebab(code)), "{codes:?}");
        assert!(Reason::ALL.iter().all(|reason| reason.meaning().ends_with('.')));
    }

    /// A row is the word and its meaning, verbatim.
    #[test]
    fn the_documented_table_is_the_one_of_the_code() {
        let documented = include_str!("../../../docs/reasons.md");
        for reason in Reason::ALL {
            let row = format!("| `{}` | {} |", reason.code(), reason.meaning());
            assert!(documented.contains(&row), "docs/reasons.md lacks: {row}");
        }
        let rows = documented.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, Reason::ALL.len(), "docs/reasons.md lists reasons that do not exist");
    }
}
