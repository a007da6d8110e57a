//! A role taken with the workflow's own identity: no long-lived key anywhere, and renewed as often as it takes.

use crate::identity::chain;
use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, error::CredentialsError, future},
};
use github::TokenSource;
use secrecy::ExposeSecret as _;
use std::{fmt, time::SystemTime};

/// A role session that can be had again and again.
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) session: String,
    pub(crate) sts: aws_sdk_sts::Client,
    /// Asked at each renewal, because a token is good for minutes only.
    pub(crate) tokens: TokenSource,
}

/// The token carries the workflow's identity: it is never shown.
impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role").field("arn", &self.arn).finish_non_exhaustive()
    }
}

impl Role {
    async fn take(&self) -> provider::Result {
        let token =
            self.tokens.token().await.map_err(|failure| CredentialsError::provider_error(failure.headline()))?;
        let answer = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.arn)
            .role_session_name(&self.session)
            .web_identity_token(token.expose_secret())
            .send()
            .await
            .map_err(|error| {
                CredentialsError::provider_error(format!(
                    "sts:AssumeRoleWithWebIdentity for {}: {}",
                    self.arn,
                    chain(&error)
                ))
            })?;
        let given = answer
            .credentials()
            .ok_or_else(|| CredentialsError::provider_error("sts:AssumeRoleWithWebIdentity gave no credentials"))?;
        let expiry = SystemTime::try_from(*given.expiration()).map_err(CredentialsError::provider_error)?;
        Ok(Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            Some(expiry),
            "web identity of the workflow run",
        ))
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.take())
    }
}

/// Whether `arn` has the form of an IAM role's, in any partition.
pub(crate) fn is_role_arn(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next(), parts.next(), parts.next());
    let (region, account, resource) = (parts.next(), parts.next(), parts.next());
    scheme == Some("arn")
        && partition.is_some_and(|partition| partition.starts_with("aws"))
        && service == Some("iam")
        && region == Some("")
        && account.is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
        && resource.is_some_and(|resource| resource.len() > 5 && resource.starts_with("role/"))
}

/// A session name STS accepts (`[\w+=,.@-]{2,64}`): anything else becomes `-`.
pub(crate) fn session_name(wanted: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let name: String = wanted.chars().take(64).map(|c| if allowed(c) { c } else { '-' }).collect();
    if name.len() < 2 { "lockkeeper".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_role_is_a_role() {
        for good in ["arn:aws:iam::123456789012:role/ci", "arn:aws-us-gov:iam::123456789012:role/path/to/ci"] {
            assert!(is_role_arn(good), "{good}");
        }
        for bad in [
            "",
            "ci",
            "arn:aws:iam::123456789012:user/ci",
            "arn:aws:iam::123:role/ci",
            "arn:aws:sts::123456789012:role/ci",
            "arn:aws:iam::123456789012:role/",
            "arn:gcp:iam::123456789012:role/ci",
        ] {
            assert!(!is_role_arn(bad), "{bad}");
        }
    }

    #[test]
    fn a_session_name_is_what_the_token_service_accepts() {
        assert_eq!(session_name("lockkeeper-42"), "lockkeeper-42");
        assert_eq!(session_name("my run/é"), "my-run--");
        assert_eq!(session_name("x"), "lockkeeper");
        assert_eq!(session_name(&"a".repeat(90)).len(), 64);
    }
}
