//! Answering a registry's 401: Basic, or a bearer token from the token server its challenge names.
//!
//! Sources: RFC 7235 (challenges), RFC 6750 (bearer), distribution "Token Authentication Specification" and its OAuth 2
//! variant for identity tokens.

use super::address;
use crate::{Credentials, Error, ErrorKind, Login};
use base64::Engine as _;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use subject::Repository;

/// A token server that takes longer is out of order.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than this is no token.
const LIMIT: usize = 64 << 10;

/// What a request wants to do in a repository: the scope of the token it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Access {
    Pull,
    Push,
}

/// A challenge of a `WWW-Authenticate` header that we can answer.
#[derive(Debug, PartialEq, Eq)]
enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

type Grant = (Repository, Access);

/// Logins asked for and headers granted so far.
pub(super) struct Auth {
    credentials: Arc<dyn Credentials>,
    logins: Mutex<HashMap<String, Option<Login>>>,
    granted: Mutex<HashMap<Grant, HeaderValue>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Auth {
    pub(super) fn new(credentials: Arc<dyn Credentials>) -> Self {
        Self { credentials, logins: Mutex::default(), granted: Mutex::default() }
    }

    /// The header a request for this access carries, once one was granted.
    pub(super) fn header(&self, repository: &Repository, access: Access) -> Option<HeaderValue> {
        let granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        granted.get(&(repository.clone(), access)).cloned()
    }

    /// Answers a 401 to a request for this access: a new header, `None` when there is nothing to answer with.
    pub(super) async fn answer(
        &self,
        client: &reqwest::Client,
        (repository, access): (&Repository, Access),
        challenges: &[String],
    ) -> Result<Option<HeaderValue>, Error> {
        let former = self.granted.lock().unwrap_or_else(PoisonError::into_inner).remove(&(repository.clone(), access));
        if former.is_some() {
            // What was granted is no longer good; the login behind it may have run out as well (ECR: after 12 hours).
            self.logins.lock().unwrap_or_else(PoisonError::into_inner).remove(repository.registry());
        }
        let login = self.login(repository.registry()).await?;
        let challenge = challenges.iter().find_map(|text| parse(text));
        let header = match (challenge, login) {
            (Some(Challenge::Bearer { realm, service, scope }), login) => {
                let own = match access {
                    Access::Pull => scope.unwrap_or_else(|| format!("repository:{}:pull", repository.path())),
                    Access::Push => format!("repository:{}:pull,push", repository.path()),
                };
                let realm = reqwest::Url::parse(&realm).ok().filter(address::is_safe).ok_or_else(|| {
                    Error::invalid(log_in(repository.registry()), "its token server's address is no https address")
                })?;
                let asked = Asked { realm, service, scope: own };
                let token = self.token(client, repository.registry(), asked, login).await?;
                Some(header_of("Bearer ", token.expose_secret()))
            }
            (Some(Challenge::Basic), Some(login)) => {
                let pair = format!("{}:{}", login.username, login.password.expose_secret());
                Some(header_of("Basic ", &base64::engine::general_purpose::STANDARD.encode(pair)))
            }
            (Some(Challenge::Basic), None) | (None, _) => None,
        };
        if let Some(header) = &header {
            let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
            granted.insert((repository.clone(), access), header.clone());
        }
        Ok(header)
    }

    async fn login(&self, host: &str) -> Result<Option<Login>, Error> {
        let known = self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        if let Some(login) = known {
            return Ok(login);
        }
        let refused = |error: crate::CredentialsError| {
            Error::new(ErrorKind::Unauthorized, log_in(host), crate::error::quote(&error.to_string(), 500))
        };
        let login = self.credentials.login(host).await.map_err(refused)?;
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), login.clone());
        Ok(login)
    }

    async fn token(
        &self,
        client: &reqwest::Client,
        host: &str,
        asked: Asked,
        login: Option<Login>,
    ) -> Result<SecretString, Error> {
        let failed = |kind, cause: String| Error::new(kind, log_in(host), cause);
        let request = asked.request(client, login.as_ref()).timeout(PATIENCE);
        let broken = |error: reqwest::Error| failed(ErrorKind::Temporary, transport::explain(&error));
        let response = request.send().await.map_err(broken)?;
        let status = response.status();
        if !status.is_success() {
            let kind = match status.as_u16() {
                429 | 500..=599 => ErrorKind::Temporary,
                _ => ErrorKind::Unauthorized,
            };
            let who = if login.is_some() { "this login" } else { "a request without a login" };
            return Err(failed(kind, format!("its token server answered {status} to {who}")));
        }
        let body =
            super::exchange::read_bounded(response, LIMIT).await.map_err(|e| failed(e.kind(), e.cause().into()))?;
        let no_token = || failed(ErrorKind::Invalid, "its token server's answer holds no token".into());
        let token: Token = serde_json::from_slice(&body).map_err(|_| no_token())?;
        token.token.or(token.access_token).map(SecretString::from).ok_or_else(no_token)
    }

    /// `text` without any secret this client knows, in case a server sends one back.
    pub(super) fn redact(&self, text: String) -> String {
        let logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        let passwords = logins.values().flatten().map(|login| login.password.expose_secret().to_owned());
        let headers = granted.values().filter_map(|header| header.to_str().ok());
        let tokens = headers.filter_map(|header| header.split_once(' ')).map(|(_, token)| token.to_owned());
        passwords
            .chain(tokens)
            .filter(|secret| secret.len() >= 4)
            .fold(text, |text, secret| text.replace(&secret, "***"))
    }
}

/// What is asked of a token server.
struct Asked {
    realm: reqwest::Url,
    service: Option<String>,
    scope: String,
}

impl Asked {
    fn request(&self, client: &reqwest::Client, login: Option<&Login>) -> reqwest::RequestBuilder {
        let mut pairs = vec![("scope", self.scope.as_str())];
        pairs.extend(self.service.iter().map(|service| ("service", service.as_str())));
        match login {
            Some(login) if login.is_token() => {
                pairs.push(("grant_type", "refresh_token"));
                pairs.push(("client_id", "lockkeeper"));
                pairs.push(("refresh_token", login.password.expose_secret()));
                client.post(self.realm.clone()).form(&pairs)
            }
            Some(login) => client
                .get(self.realm.clone())
                .query(&pairs)
                .basic_auth(&login.username, Some(login.password.expose_secret())),
            None => client.get(self.realm.clone()).query(&pairs),
        }
    }
}

fn log_in(host: &str) -> String {
    format!("log in to {host}")
}

fn header_of(scheme: &str, secret: &str) -> HeaderValue {
    // A token with a line break in it cannot be a header; an empty one is refused by the registry, which says so.
    let mut header = HeaderValue::from_str(&format!("{scheme}{secret}")).unwrap_or(HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

/// Reads one challenge: a scheme, then `key="value"` pairs between commas; a quoted value may hold commas itself.
fn parse(text: &str) -> Option<Challenge> {
    let (scheme, mut rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut pairs = HashMap::new();
    while let Some((key, after)) = rest.split_once('=') {
        let value;
        (value, rest) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        pairs.insert(key.trim_matches([' ', ',']).to_ascii_lowercase(), value.trim().to_owned());
        rest = rest.trim_start_matches([' ', ',']);
    }
    Some(Challenge::Bearer {
        realm: pairs.remove("realm")?,
        service: pairs.remove("service"),
        scope: pairs.remove("scope"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_as_registries_write_it() {
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            Some(Challenge::Bearer { realm: realm.into(), service: own(service), scope: own(scope) })
        };
        for (text, wanted) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                bearer("https://auth.docker.io/token", Some("registry.docker.io"), Some("repository:a/b:pull,push")),
            ),
            (
                r#"bearer scope="repository:a:pull", error="x" , realm="https://r/t" "#,
                bearer("https://r/t", None, Some("repository:a:pull")),
            ),
            ("Bearer realm=https://r/t,service=s", bearer("https://r/t", Some("s"), None)),
            (r#"Basic realm="registry""#, Some(Challenge::Basic)),
            ("Basic", Some(Challenge::Basic)),
            ("Negotiate", None),
            (r#"Bearer service="s""#, None),
            (r#"Bearer realm="unfinished"#, None),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
    }
}
