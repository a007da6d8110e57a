//! What a service answered when it did not do what was asked.

use github::{Exit, Failure};
use std::fmt;

/// Longest message kept of an answer; the rest is noise, or an attack on the log.
const MESSAGE: usize = 1000;

/// A call that failed: by the service's own answer, or on the way to it.
///
/// Displayed as a lowercase fragment that fits after "failed to …: "; on a missing permission it names the IAM action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError {
    /// The service by the prefix of its IAM actions, such as `ecs`.
    pub service: &'static str,
    /// The operation, such as `UpdateService`.
    pub operation: String,
    /// The service's error code without namespace, or one of `NoCredentials`, `Unreachable`, `AnswerTooLarge`,
    /// `MalformedAnswer` when there was no answer to take one from.
    pub code: String,
    /// The service's own words, at most 1000 characters. Untrusted text.
    pub message: String,
    /// The request's id as AWS support asks for it.
    pub request_id: Option<String>,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
}

impl AwsError {
    /// An error with the message bounded.
    pub(crate) fn new(service: &'static str, operation: &str, code: &str, message: &str) -> Self {
        Self {
            service,
            operation: operation.to_owned(),
            code: code.to_owned(),
            message: shorten(message),
            request_id: None,
            status: None,
        }
    }

    /// Whether the service asked for fewer calls; nothing was done, and a later call may work.
    ///
    /// `ThrottlingException` is in no ECS model, so codes are compared as words; two revisions of one family registered
    /// at once come as a plain `ClientException`, recognised by its text.
    #[must_use]
    pub fn is_throttling(&self) -> bool {
        const CODES: [&str; 12] = [
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "TooManyRequests",
            "TooManyRequestsException",
            "SlowDown",
            "PriorRequestNotComplete",
            "BandwidthLimitExceeded",
            "LimitExceededFault",
        ];
        CODES.contains(&self.code.as_str())
            || self.status == Some(429)
            || (self.code == "ClientException" && self.message.contains("Too many concurrent attempts"))
    }

    /// Whether the service itself is in trouble or was not reached: a later call may work, this one may have acted.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        const CODES: [&str; 6] = [
            "ServerException",
            "InternalFailure",
            "InternalError",
            "RequestTimeout",
            "RequestTimeoutException",
            "Unreachable",
        ];
        CODES.contains(&self.code.as_str()) || self.status.is_some_and(|status| (500..600).contains(&status))
    }

    /// Whether the credentials were refused because they are over, so that fresh ones may do.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"]
            .contains(&self.code.as_str())
    }

    /// Whether a permission is missing.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"]
            .contains(&self.code.as_str())
    }

    /// The IAM action to allow, as the answer names it, else the operation's own.
    #[must_use]
    pub fn missing_action(&self) -> Option<String> {
        let named = self.message.split_once("to perform: ").map(|(_, rest)| rest);
        let word = named.and_then(|rest| rest.split_whitespace().next()).map(|word| word.trim_end_matches(['.', ',']));
        let plausible = |word: &&str| {
            let parts = word.split_once(':').filter(|_| word.len() <= 128);
            parts.is_some_and(|(service, action)| [service, action].into_iter().all(is_name))
        };
        self.is_denied().then(|| {
            word.filter(plausible).map_or_else(|| format!("{}:{}", self.service, self.operation), str::to_owned)
        })
    }

    /// This error as the reason an action could not work: `doing` fits "failed to …".
    #[must_use]
    pub fn failure(&self, doing: &str) -> Failure {
        let failure = Failure::new(Exit::Unknown, doing).because(self);
        match self.help() {
            Some(help) => failure.help(help),
            None => failure,
        }
    }

    /// What to do about it, where there is a cure.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        if let Some(action) = self.missing_action() {
            return Some(format!("allow the IAM action {action} in the policy of the role that was used"));
        }
        if self.is_expired() {
            return Some("the session is over; give `role-to-assume`, which renews it during a long wait".to_owned());
        }
        match self.code.as_str() {
            "NoCredentials" => Some(
                "give `role-to-assume` with `permissions: id-token: write`, or credentials in the environment"
                    .to_owned(),
            ),
            "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidSignatureException" => {
                Some("the access key or its secret is wrong for this account, region or partition".to_owned())
            }
            "Unreachable" => Some(
                "check that the region exists and offers this service, that the runner's network lets it out, and \
                 AWS_ENDPOINT_URL where it is set"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-*".contains(&byte))
}

fn shorten(message: &str) -> String {
    if message.chars().count() <= MESSAGE {
        message.to_owned()
    } else {
        message.chars().take(MESSAGE - 1).chain(['…']).collect()
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.service, self.operation, self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(action) = self.missing_action() {
            write!(f, "; the IAM action {action} is not allowed")?;
        }
        match (&self.request_id, self.status) {
            (Some(id), Some(status)) => write!(f, " (HTTP {status}, request {id})"),
            (None, Some(status)) => write!(f, " (HTTP {status})"),
            (Some(id), None) => write!(f, " (request {id})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for AwsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> AwsError {
        AwsError::new("ecs", "UpdateService", code, message)
    }

    #[test]
    fn a_missing_permission_names_the_action_the_service_named() {
        let passed = "User: arn:aws:sts::1:assumed-role/ci/x is not authorized to perform: iam:PassRole on resource: r";
        assert_eq!(error("AccessDeniedException", passed).missing_action().as_deref(), Some("iam:PassRole"));
        assert_eq!(error("AccessDeniedException", "no").missing_action().as_deref(), Some("ecs:UpdateService"));
        assert_eq!(
            error("AccessDenied", "to perform: ::notice::x").missing_action().as_deref(),
            Some("ecs:UpdateService")
        );
        assert_eq!(error("ClientException", passed).missing_action(), None);
        assert!(error("AccessDeniedException", "no").to_string().contains("ecs:UpdateService is not allowed"));
    }

    #[test]
    fn throttling_has_many_names() {
        for code in ["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"] {
            assert!(error(code, "").is_throttling(), "{code}");
        }
        let race = "Too many concurrent attempts to create a new revision of the specified family.";
        assert!(error("ClientException", race).is_throttling());
        assert!(!error("ClientException", "Container.image should not be null").is_throttling());
        assert!(!error("LimitExceededException", "quota").is_throttling());
    }

    #[test]
    fn a_flood_of_words_is_cut() {
        assert_eq!(error("X", &"é".repeat(9000)).message.chars().count(), 1000);
    }
}
