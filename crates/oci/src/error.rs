//! What can go wrong with a registry or a layout, in words that fit "failed to …".

/// A failed access to a registry, a layout or an image; displayed as `<what was being done>: <why it failed>`.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct Error {
    doing: String,
    cause: String,
    kind: ErrorKind,
}

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The registry has no such thing: 404, or its own "unknown" codes.
    NotFound,
    /// The registry wants other credentials: 401 or 403, or there are none.
    Unauthorized,
    /// It may work later: 429, 5xx, a broken connection; repeated attempts have run out.
    Temporary,
    /// The registry said no for good, such as an immutable tag or a manifest it does not accept.
    Refused,
    /// Somebody else changed the thing in between: 409 or 412.
    Conflict,
    /// What came back is not what was asked for, malformed, too large or hostile.
    Invalid,
    /// This machine's disk or network set-up.
    Local,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, doing: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { doing: doing.into(), cause: cause.into(), kind }
    }

    pub(crate) fn invalid(doing: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, doing, cause)
    }

    pub(crate) fn local(doing: impl Into<String>, cause: &std::io::Error) -> Self {
        // A verifying reader speaks through io::Error; its verdict is about the content, not about this machine.
        let kind = match cause.kind() {
            std::io::ErrorKind::InvalidData => ErrorKind::Invalid,
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Local,
        };
        Self::new(kind, doing, cause.to_string())
    }

    /// What a caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The registry or layout has no such thing.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }

    /// The registry wants other credentials.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.kind == ErrorKind::Unauthorized
    }

    /// A later attempt may work.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.kind == ErrorKind::Temporary
    }

    /// Why it failed, without what was being done.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

/// Foreign text for a log line: control characters gone, at most `limit` characters.
pub(crate) fn quote(text: &str, limit: usize) -> String {
    let mut clean: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit.saturating_add(1)).collect();
    if clean.chars().count() > limit {
        clean = clean.chars().take(limit.saturating_sub(1)).chain(['…']).collect();
    }
    clean
}
