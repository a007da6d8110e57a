//! Logging in: Basic credentials with user `AWS` and a password that `ecr:GetAuthorizationToken` handed out.

use super::refusal::Refusal;
use axum::http::{HeaderMap, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};

/// How long a password is good: ECR's 12 hours.
const VALIDITY: SignedDuration = SignedDuration::from_hours(12);

/// The passwords handed out, with the moment each ends.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<Vec<Token>>);

/// One password.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    password: String,
    pub(crate) expires_at: Timestamp,
}

impl Token {
    /// What `GetAuthorizationToken` answers: base64 of `AWS:<password>`.
    pub(crate) fn encoded(&self) -> String {
        BASE64_STANDARD.encode(format!("AWS:{}", self.password))
    }
}

impl Tokens {
    /// A new password, good for 12 hours from `now`.
    pub(crate) fn issue(&self, now: Timestamp) -> Token {
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let token = Token { password: random() + &random(), expires_at: now + VALIDITY };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        token
    }

    /// Lets a request with good credentials pass; `host` goes into the challenge for the others.
    pub(crate) fn check(&self, headers: &HeaderMap, host: &str, now: Timestamp) -> Result<(), Refusal> {
        let challenge = |message: &str| {
            let realm = format!("Basic realm=\"http://{host}/\",service=\"ecr.amazonaws.com\"");
            Refusal::unauthorized(message).with(header::WWW_AUTHENTICATE, realm)
        };
        let Some(given) = headers.get(header::AUTHORIZATION) else {
            return Err(challenge("log in as AWS with a password from ecr:GetAuthorizationToken"));
        };
        let encoded = given.to_str().ok().and_then(|text| {
            let (scheme, rest) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("basic").then_some(rest.trim())
        });
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.iter().find(|token| encoded == Some(token.encoded().as_str())) {
            Some(token) if token.expires_at > now => Ok(()),
            Some(_) => Err(Refusal::denied("Your authorization token has expired. Reauthenticate and try again.")),
            None => Err(challenge("not an authorization token of this registry")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, StatusCode};

    fn check(tokens: &Tokens, authorization: &str, now: Timestamp) -> Option<StatusCode> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
        tokens.check(&headers, "127.0.0.1:1", now).err().map(|refusal| refusal.status)
    }

    #[test]
    fn a_password_opens_for_twelve_hours_and_not_a_second_longer() {
        let (tokens, now) = (Tokens::default(), Timestamp::UNIX_EPOCH);
        let token = tokens.issue(now);
        let basic = format!("Basic {}", token.encoded());
        assert_eq!(check(&tokens, &basic, now), None);
        assert_eq!(check(&tokens, &basic, now + SignedDuration::from_secs(12 * 3600 - 1)), None);
        assert_eq!(check(&tokens, &basic, now + SignedDuration::from_hours(12)), Some(StatusCode::FORBIDDEN));
    }

    #[test]
    fn other_credentials_do_not_open() {
        let (tokens, now) = (Tokens::default(), Timestamp::UNIX_EPOCH);
        let token = tokens.issue(now);
        let other_user = BASE64_STANDARD.encode(format!("admin:{}", token.password));
        let wrong = BASE64_STANDARD.encode("AWS:wrong");
        for given in [
            format!("Basic {other_user}"),
            format!("Basic {wrong}"),
            format!("Bearer {}", token.encoded()),
            "Basic".into(),
            String::new(),
        ] {
            assert_eq!(check(&tokens, &given, now), Some(StatusCode::UNAUTHORIZED), "{given}");
        }
    }
}
