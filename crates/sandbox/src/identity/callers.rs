//! Who signed a request: the access keys this cloud knows, and when the temporary ones end.

use crate::{AwsError, Place, wire::Protocol};
use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

/// The sandbox's own long-term key: the example of AWS's documentation, which secret scanners know.
pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// The secret of [`ACCESS_KEY`].
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Someone who may call: what `GetCallerIdentity` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The ARN of the user or the assumed role.
    pub arn: String,
    /// The unique id, for a role with the session's name behind a colon.
    pub user_id: String,
}

/// Temporary credentials of an assumed role.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) caller: Caller,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) token: String,
    pub(crate) expires_at: Timestamp,
}

/// Why a request's signer is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// The request is not signed at all.
    Unsigned,
    /// The access key, or the session token that goes with it, is not known here.
    Unknown,
    /// The session is over.
    Expired,
}

/// The sessions begun so far, by access key.
#[derive(Debug, Default)]
pub(crate) struct Callers(Mutex<HashMap<String, Session>>);

impl Callers {
    /// Begins a session of `role`, an IAM role ARN, under a name.
    pub(crate) fn begin(&self, role: &str, name: &str, length: SignedDuration, now: Timestamp) -> Session {
        let random = || Uuid::new_v4().simple().to_string();
        let role_name = role.rsplit('/').next().unwrap_or_default();
        let role_id = subject::Digest::of(role.as_bytes()).hex()[..17].to_uppercase();
        let session = Session {
            caller: Caller {
                arn: format!("arn:aws:sts::{}:assumed-role/{role_name}/{name}", Place::ACCOUNT),
                user_id: format!("AROA{role_id}:{name}"),
            },
            access_key: format!("ASIA{}", random()[..16].to_uppercase()),
            secret_key: format!("{}{}", random(), &random()[..8]),
            token: (0..4).map(|_| random()).collect(),
            expires_at: now + length,
        };
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(session.access_key.clone(), session.clone());
        session
    }

    /// Ends every session.
    pub(crate) fn expire(&self, now: Timestamp) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values_mut().for_each(|session| session.expires_at = session.expires_at.min(now));
    }

    /// Who signed the request with these headers, by its access key and session token.
    pub(crate) fn of(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Stranger> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = text(header::AUTHORIZATION.as_str()).ok_or(Stranger::Unsigned)?;
        let key = access_key(authorization).ok_or(Stranger::Unsigned)?;
        if key == ACCESS_KEY {
            let arn = format!("arn:aws:iam::{}:user/sandbox", Place::ACCOUNT);
            return Ok(Caller { arn, user_id: "AIDASANDBOX0000000000".to_owned() });
        }
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.get(key) {
            Some(session) if text("x-amz-security-token") != Some(&session.token) => Err(Stranger::Unknown),
            Some(session) if session.expires_at <= now => Err(Stranger::Expired),
            Some(session) => Ok(session.caller.clone()),
            None => Err(Stranger::Unknown),
        }
    }
}

/// The access key in `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`.
fn access_key(authorization: &str) -> Option<&str> {
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    let credential = fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))?;
    credential.split_once('/').map(|(key, _)| key)
}

impl Stranger {
    /// The refusal in the words of the protocol the request came in.
    pub(crate) fn error(self, protocol: Protocol) -> AwsError {
        let query = matches!(protocol, Protocol::Query);
        let (code, message) = match self {
            Self::Unsigned if query => ("MissingAuthenticationToken", "Request is missing Authentication Token"),
            Self::Unsigned => ("MissingAuthenticationTokenException", "Missing Authentication Token"),
            Self::Unknown if query => {
                ("InvalidClientTokenId", "The security token included in the request is invalid.")
            }
            Self::Unknown => ("UnrecognizedClientException", "The security token included in the request is invalid."),
            Self::Expired if query => ("ExpiredToken", "The security token included in the request is expired"),
            Self::Expired => ("ExpiredTokenException", "The security token included in the request is expired"),
        };
        // The JSON services say 400 to strangers, the Query services 403.
        AwsError { status: if query { 403 } else { 400 }, ..AwsError::client(code, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn signed(key: &str, token: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={key}/20261120/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0"
        );
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&authorization).unwrap());
        if let Some(token) = token {
            headers.insert("x-amz-security-token", HeaderValue::from_str(token).unwrap());
        }
        headers
    }

    #[test]
    fn a_session_is_its_role_until_it_ends() {
        let (callers, now) = (Callers::default(), Timestamp::UNIX_EPOCH);
        let length = SignedDuration::from_secs(900);
        let session = callers.begin("arn:aws:iam::123456789012:role/path/deploy", "job-1", length, now);
        let headers = signed(&session.access_key, Some(&session.token));
        let caller = callers.of(&headers, now).unwrap();
        assert_eq!(caller.arn, "arn:aws:sts::123456789012:assumed-role/deploy/job-1");
        assert_eq!(callers.of(&headers, now + length), Err(Stranger::Expired));
        assert_eq!(callers.of(&signed(&session.access_key, None), now), Err(Stranger::Unknown));
    }

    #[test]
    fn a_stranger_is_not_let_in() {
        let (callers, now) = (Callers::default(), Timestamp::UNIX_EPOCH);
        assert!(callers.of(&signed(ACCESS_KEY, None), now).is_ok());
        assert_eq!(callers.of(&signed("AKIAOTHER", None), now), Err(Stranger::Unknown));
        assert_eq!(callers.of(&HeaderMap::new(), now), Err(Stranger::Unsigned));
    }
}
