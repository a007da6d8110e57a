//! The one HTTP client set-up of the suite: TLS by rustls with the ring provider and the machine's own trust store,
//! proxies from the environment, connections that cannot hang for ever, and no cleartext secrets after a redirect.
//!
//! Retrying belongs here too, because the rule is the same for every protocol on top: only what may be repeated, only on
//! answers that promise to get better, with growing pauses.

mod dial;
mod retry;
mod trust;

pub use dial::{Dial, Stream};
pub use retry::{Attempt, Pauses, retry};

use std::time::Duration;

/// The client could not be built. Whom to trust is only asked when a certificate comes; an unreadable store then fails the
/// exchange.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The HTTP client cannot be made.
    #[error("cannot set up HTTPS: {0}")]
    Client(#[from] reqwest::Error),
    /// TLS cannot be set up.
    #[error("cannot set up HTTPS: {0}")]
    Tls(#[from] rustls::Error),
    /// The address leads nowhere.
    #[error("`{0}` is no address to connect to")]
    Address(String),
}

/// How a client treats its peer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a TCP and TLS handshake may take.
    pub connect: Duration,
    /// How long one whole exchange may take; `None` for streams whose length is not known.
    pub total: Option<Duration>,
    /// How many redirects are followed; `Authorization` never goes to another host.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), total: Some(Duration::from_secs(60)), redirects: 5 }
    }
}

/// The suite's HTTP client.
///
/// # Errors
/// [`SetupError`] when TLS or the proxy settings cannot be used.
pub fn client(limits: Limits) -> Result<reqwest::Client, SetupError> {
    install_crypto();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("lockkeeper/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .tls_backend_preconfigured(trust::tls()?)
        .redirect(reqwest::redirect::Policy::limited(limits.redirects));
    if let Some(total) = limits.total {
        builder = builder.timeout(total);
    }
    Ok(builder.build()?)
}

/// Makes ring the process's TLS provider; with two linked and none chosen, rustls panics at the first handshake.
pub fn install_crypto() {
    // A second call finds the provider installed, which is what it wants.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The cause of a failed exchange in words: reqwest's own texts stop at "error sending request".
#[must_use]
pub fn explain(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    if error.is_timeout() { "no answer in time".to_owned() } else { innermost.to_string() }
}
