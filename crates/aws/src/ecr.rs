//! Logging in to a private registry of the account, with the identity at hand.

use crate::{Aws, AwsError, Service, identity::chain};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use oci::{Credentials, CredentialsError, Login};
use secrecy::SecretString;
use tokio::sync::Mutex;

/// How long before its end a login is replaced. A token is good for 12 hours.
const MARGIN: SignedDuration = SignedDuration::from_mins(10);

/// Registry logins by `ecr:GetAuthorizationToken`, kept until shortly before they end.
///
/// Answers for private ECR hosts (`<account>.dkr.ecr.<region>.<suffix>`) and for a stand-in that serves the images under
/// the same host as the configured ECR endpoint; every other host gets none.
#[derive(Debug)]
pub struct EcrCredentials {
    aws: Aws,
    held: Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    host: String,
    login: Login,
    expires: Timestamp,
}

impl EcrCredentials {
    /// Logins with the identity of this connection.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { aws: aws.clone(), held: Mutex::new(None) }
    }

    async fn fetch(&self) -> Result<Held, AwsError> {
        const OPERATION: &str = "GetAuthorizationToken";
        let wire = Service::Ecr.wire();
        let client = aws_sdk_ecr::Client::new(&self.aws.sdk_config(wire).await?);
        let answer = client.get_authorization_token().send().await.map_err(|error| {
            let message = error.message().map_or_else(|| chain(&error), str::to_owned);
            AwsError::new(wire.name, OPERATION, error.code().unwrap_or("Unreachable"), &message)
        })?;
        let malformed = |message| AwsError::new(wire.name, OPERATION, "MalformedAnswer", message);
        let data = answer.authorization_data().first().ok_or_else(|| malformed("no authorisation in the answer"))?;
        let token = data.authorization_token().ok_or_else(|| malformed("no token in the answer"))?;
        let login = login(token).ok_or_else(|| malformed("the token is not base64 of user:password"))?;
        let host = host_of(data.proxy_endpoint().unwrap_or_default()).to_owned();
        let expires = data.expires_at().and_then(|at| Timestamp::from_second(at.secs()).ok()).unwrap_or(Timestamp::MIN);
        Ok(Held { host, login, expires })
    }
}

#[async_trait::async_trait]
impl Credentials for EcrCredentials {
    async fn login(&self, registry_host: &str) -> Result<Option<Login>, CredentialsError> {
        let mut held = self.held.lock().await;
        let fresh = |held: &&Held| Timestamp::now().saturating_add(MARGIN).is_ok_and(|soon| soon < held.expires);
        if let Some(held) = held.as_ref().filter(fresh) {
            return Ok(answers_for(registry_host, &held.host).then(|| held.login.clone()));
        }
        if !is_ecr(registry_host) && host_of(self.aws.endpoint(Service::Ecr.wire())) != registry_host {
            return Ok(None);
        }
        let fetched = held.insert(self.fetch().await?);
        Ok(answers_for(registry_host, &fetched.host).then(|| fetched.login.clone()))
    }
}

fn answers_for(asked: &str, named: &str) -> bool {
    asked == named || is_ecr(asked)
}

/// `<12 digits>.dkr.ecr[-fips].<region>.<dns suffix of a partition>`.
fn is_ecr(host: &str) -> bool {
    let mut parts = host.splitn(5, '.');
    let account = parts.next().unwrap_or_default();
    let dkr = parts.next() == Some("dkr");
    let ecr = parts.next().is_some_and(|part| part == "ecr" || part == "ecr-fips");
    let region = parts.next().unwrap_or_default();
    account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && dkr
        && ecr
        && crate::endpoint::is_region(region)
        && parts.next() == Some(crate::endpoint::dns_suffix(region))
}

fn host_of(url: &str) -> &str {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    bare.split('/').next().unwrap_or(bare)
}

fn login(token: &str) -> Option<Login> {
    let decoded = base64::engine::general_purpose::STANDARD.decode(token).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (username, password) = text.split_once(':')?;
    Some(Login::new(username, SecretString::from(password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_goes_only_to_hosts_of_the_registry_it_is_for() {
        for host in [
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        ] {
            assert!(is_ecr(host), "{host}");
        }
        for host in [
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            "123456789012.dkr.ecr.eu-west-1.evil.example",
            "12345.dkr.ecr.eu-west-1.amazonaws.com",
            "ghcr.io",
            "evil.example",
        ] {
            assert!(!is_ecr(host) && !answers_for(host, "123456789012.dkr.ecr.eu-west-1.amazonaws.com"), "{host}");
        }
        assert!(answers_for("127.0.0.1:4000", host_of("http://127.0.0.1:4000")));
        assert!(!answers_for("127.0.0.1:4001", "127.0.0.1:4000"));
    }

    #[test]
    fn a_token_is_a_user_and_a_password() {
        assert!(login("QVdTOnNlY3JldDp3aXRoOmNvbG9ucw==").is_some());
        assert!(login("not base64!").is_none());
        assert!(login("bm9jb2xvbg==").is_none());
    }
}
