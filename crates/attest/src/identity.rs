//! Who signs without a key of their own.

/// Somebody as a certificate names them: who they are, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// A URI, such as a workflow at a ref, or an e-mail address.
    pub subject: String,
    /// The issuer of the identity token, such as `https://token.actions.githubusercontent.com`.
    pub issuer: String,
}

impl Identity {
    /// What it is called where keys are called by their fingerprints; no fingerprint looks like it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} (by {})", self.subject, self.issuer)
    }
}
