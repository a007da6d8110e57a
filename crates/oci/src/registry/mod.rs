//! A registry as the distribution-spec 1.1 describes it, by few verbs, one per file.

mod address;
mod attach;
mod auth;
mod blob;
mod capabilities;
mod exchange;
mod fallback;
mod manifest;
mod mount;
mod push;
mod referrers;
mod resolve;

pub use address::is_loopback;
pub use attach::Artifact;
pub use blob::Blob;
pub use capabilities::Capabilities;
pub(crate) use mount::{First, Moved};
pub use referrers::{Referrer, Referrers, Refused};

use crate::{Credentials, Error, ErrorKind};
use std::sync::Arc;
use transport::{Limits, Pauses};

/// All registries, as one of us sees them: over https, except on this very machine, where http is spoken.
///
/// Clones share connections, tokens and logins.
#[derive(Clone)]
pub struct Registry {
    client: reqwest::Client,
    auth: Arc<auth::Auth>,
    pauses: Pauses,
    /// Fallback tags have no transaction on most registries; at least we do not race ourselves.
    tag_writer: Arc<tokio::sync::Mutex<()>>,
    /// What the repositories have shown that they can do.
    learned: Arc<capabilities::Learned>,
}

impl Registry {
    /// A client that identifies itself by these credentials wherever a registry asks for some.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when the machine's TLS set-up cannot be used.
    pub fn new(credentials: Arc<dyn Credentials>) -> Result<Self, Error> {
        let set_up = |error: transport::SetupError| Error::new(ErrorKind::Local, "reach registries", error.to_string());
        // Blobs have no known duration; every step of an exchange has its own patience instead.
        let client = transport::client(Limits { total: None, ..Limits::default() }).map_err(set_up)?;
        Ok(Self {
            client,
            auth: Arc::new(auth::Auth::new(credentials)),
            pauses: Pauses::default(),
            tag_writer: Arc::default(),
            learned: Arc::default(),
        })
    }

    /// The same client with another rhythm of repeated attempts.
    #[must_use]
    pub fn with_pauses(mut self, pauses: Pauses) -> Self {
        self.pauses = pauses;
        self
    }
}
