//! STS: a GitHub token becomes temporary credentials, if the token is genuine and the role trusts its subject.

use super::{
    Identity,
    callers::{Caller, Session},
    jwt::{Claims, Issuer, TokenError},
};
use crate::{AwsError, Form, Place, wire::Xml};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The XML namespace of STS's answers.
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The audience IAM expects of GitHub's tokens.
const AUDIENCE: &str = "sts.amazonaws.com";
/// The most characters of a web identity token, by STS's model.
const TOKEN_LIMIT: usize = 20_000;

/// What every way of assuming a role has in common.
struct Asked<'a> {
    role: &'a str,
    session_name: &'a str,
    length: SignedDuration,
}

impl Identity {
    pub(super) fn get_caller_identity(caller: &Caller) -> String {
        Xml::new()
            .text("UserId", &caller.user_id)
            .text("Account", Place::ACCOUNT)
            .text("Arn", &caller.arn)
            .answer("GetCallerIdentity", NAMESPACE)
    }

    pub(super) fn assume_role(&self, form: &Form, now: Timestamp) -> Result<String, AwsError> {
        let asked = asked(form)?;
        let session = self.callers.begin(asked.role, asked.session_name, asked.length, now);
        Ok(role_session(&session).answer("AssumeRole", NAMESPACE))
    }

    pub(super) fn assume_role_with_web_identity(
        &self,
        form: &Form,
        place: &Place,
        now: Timestamp,
    ) -> Result<String, AwsError> {
        let asked = asked(form)?;
        let token = required(form, "WebIdentityToken")?;
        let claims = self.verify(token, &place.endpoint(), now)?;
        let subject = text(&claims, "sub");
        if !self.trust().admits(asked.role, subject) {
            let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
            return Err(AwsError { status: 403, ..AwsError::client("AccessDenied", message) });
        }
        let session = self.callers.begin(asked.role, asked.session_name, asked.length, now);
        let provider = format!("arn:aws:iam::{}:oidc-provider/{}", Place::ACCOUNT, place.host());
        let answer = role_session(&session)
            .text("SubjectFromWebIdentityToken", subject)
            .text("Audience", AUDIENCE)
            .text("Provider", provider);
        Ok(answer.answer("AssumeRoleWithWebIdentity", NAMESPACE))
    }

    /// Issuer, signature, time, audience, in the order in which STS complains.
    fn verify(&self, token: &str, issuer: &str, now: Timestamp) -> Result<Claims, AwsError> {
        let malformed = || invalid_token("The ID Token provided is not a valid JWT.");
        if token.len() > TOKEN_LIMIT {
            return Err(malformed());
        }
        let said = Issuer::peek(token).map_err(|_| malformed())?;
        if text(&said, "iss") != issuer {
            let issuer: String = text(&said, "iss").chars().take(200).collect();
            return Err(invalid_token(format!("No OpenIDConnect provider found in your account for {issuer}")));
        }
        let claims = self.issuer.open(token).map_err(|error| match error {
            TokenError::Malformed => malformed(),
            other => invalid_token(format!("The token is not genuine: {other}")),
        })?;
        let moment = |name: &str| claims.get(name).and_then(Value::as_i64);
        match moment("exp") {
            None => return Err(invalid_token("Missing a required claim: exp")),
            Some(end) if end <= now.as_second() => {
                let message = format!("Token expired: {end} is not after the current time {}", now.as_second());
                return Err(AwsError::client("ExpiredTokenException", message));
            }
            Some(_) => {}
        }
        if ["nbf", "iat"].into_iter().filter_map(moment).any(|begin| begin > now.as_second()) {
            return Err(invalid_token("The token is not valid yet"));
        }
        if text(&claims, "aud") != AUDIENCE {
            return Err(invalid_token("Incorrect token audience"));
        }
        Ok(claims)
    }
}

fn asked(form: &Form) -> Result<Asked<'_>, AwsError> {
    let role = required(form, "RoleArn")?;
    let name = role.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    if !name.is_some_and(|(account, name)| account == Place::ACCOUNT && !name.is_empty()) {
        let role: String = role.chars().take(200).collect();
        return Err(validation(format!("{role} is invalid: it is not a role of account {}", Place::ACCOUNT)));
    }
    let session_name = required(form, "RoleSessionName")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&session_name.len()) || !session_name.chars().all(allowed) {
        return Err(validation("RoleSessionName must have 2 to 64 characters of [\\w+=,.@-]"));
    }
    let seconds = form.get("DurationSeconds").map_or(Ok(3600), str::parse);
    match seconds {
        Ok(seconds @ 900..=43_200) => Ok(Asked { role, session_name, length: SignedDuration::from_secs(seconds) }),
        _ => Err(validation("DurationSeconds must be a number from 900 to 43200")),
    }
}

fn role_session(session: &Session) -> Xml {
    // Seconds are enough for a session, and what STS shows.
    let end = Timestamp::from_second(session.expires_at.as_second()).unwrap_or(session.expires_at);
    let credentials = Xml::new()
        .text("AccessKeyId", &session.access_key)
        .text("SecretAccessKey", &session.secret_key)
        .text("SessionToken", &session.token)
        .text("Expiration", end);
    let user = Xml::new().text("AssumedRoleId", &session.caller.user_id).text("Arn", &session.caller.arn);
    Xml::new().node("Credentials", credentials).node("AssumedRoleUser", user)
}

fn text<'a>(claims: &'a Claims, name: &str) -> &'a str {
    claims.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, AwsError> {
    form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| validation(format!("{name} must not be empty")))
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationError", message)
}

fn invalid_token(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidIdentityToken", message)
}
