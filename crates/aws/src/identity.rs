//! Credentials that stay fresh: taken once, kept until shortly before they end, renewed in time.

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use std::{
    error::Error,
    time::{Duration, SystemTime},
};
use tokio::sync::Mutex;

/// How long before their end credentials are renewed, so that a request signed now is still good when it arrives.
const MARGIN: Duration = Duration::from_secs(300);

/// Who we are, now and in an hour.
#[derive(Debug)]
pub(crate) struct Identity {
    source: SharedCredentialsProvider,
    renewable: bool,
    held: Mutex<Option<Credentials>>,
}

/// What may be done with credentials at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Fresh,
    /// Still good, but about to end: renew, and go on with them if that fails.
    Ending,
    Over,
}

fn freshness(expiry: Option<SystemTime>, now: SystemTime) -> Freshness {
    match expiry {
        None => Freshness::Fresh,
        Some(end) if now + MARGIN < end => Freshness::Fresh,
        Some(end) if now < end => Freshness::Ending,
        Some(_) => Freshness::Over,
    }
}

impl Identity {
    /// An identity from `source`; `renewable` when asking the source again gives new credentials.
    pub(crate) fn new(source: SharedCredentialsProvider, renewable: bool) -> Self {
        Self { source, renewable, held: Mutex::new(None) }
    }

    /// Whether credentials that a service calls expired can be replaced.
    pub(crate) fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// Credentials good at `now`.
    ///
    /// # Errors
    /// The source's own words, innermost cause first to say why, when there are none.
    pub(crate) async fn at(&self, now: SystemTime) -> Result<Credentials, String> {
        let mut held = self.held.lock().await;
        let state = held.as_ref().map_or(Freshness::Over, |credentials| freshness(credentials.expiry(), now));
        if let (Some(credentials), Freshness::Fresh) = (held.as_ref(), state) {
            return Ok(credentials.clone());
        }
        match self.source.provide_credentials().await {
            Ok(fresh) => Ok(held.insert(fresh).clone()),
            Err(error) => match (held.as_ref(), state) {
                (Some(ending), Freshness::Ending) => Ok(ending.clone()),
                _ => Err(chain(&error)),
            },
        }
    }

    /// Forgets what is held, because a service said it is over.
    pub(crate) async fn forget(&self) {
        *self.held.lock().await = None;
    }
}

/// An error and its causes in one line; SDK errors say only "service error" by themselves.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::provider::{error::CredentialsError, future};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers with credentials that end an hour after each call's number of hours, and fails from the third call on.
    #[derive(Debug, Default)]
    struct Hourly(AtomicUsize);

    fn hour(n: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(3600 * n)
    }

    impl ProvideCredentials for Hourly {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let call = self.0.fetch_add(1, Ordering::SeqCst) as u64 + 1;
            future::ProvideCredentials::ready(if call > 2 {
                Err(CredentialsError::provider_error("the token service is away"))
            } else {
                Ok(Credentials::new(format!("AKIA{call}"), "secret", None, Some(hour(call)), "test"))
            })
        }
    }

    #[tokio::test]
    async fn credentials_are_renewed_before_they_end_and_survive_a_source_that_is_away() {
        let identity = Identity::new(SharedCredentialsProvider::new(Hourly::default()), true);
        let identity = &identity;
        let key = |at: SystemTime| async move { identity.at(at).await.map(|c| c.access_key_id().to_owned()) };
        let (minute, second) = (Duration::from_secs(60), Duration::from_secs(1));
        assert_eq!(key(hour(0)).await.unwrap(), "AKIA1");
        assert_eq!(key(hour(1) - 6 * minute).await.unwrap(), "AKIA1", "kept while fresh");
        assert_eq!(key(hour(1) - 4 * minute).await.unwrap(), "AKIA2", "renewed before the end");
        assert_eq!(key(hour(2) - second).await.unwrap(), "AKIA2", "good to the last second when renewal fails");
        assert!(key(hour(2)).await.unwrap_err().contains("the token service is away"));
    }
}
