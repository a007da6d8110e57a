//! The runner's identity token (OpenID Connect), with which a step proves to a cloud which workflow it is.

use crate::{Exit, Failure, log::Log};
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, sync::Arc};
use transport::{Attempt, Limits, Pauses};

/// A right to identity tokens for one audience. It outlives the call that gave it: a token is good for minutes, so a
/// long wait asks for a new one at each renewal. Cheap to clone.
#[derive(Clone)]
pub struct TokenSource {
    url: url::Url,
    bearer: SecretString,
    audience: String,
    client: reqwest::Client,
    log: Arc<Log>,
}

/// The bearer carries the workflow's identity: it is never shown.
impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl TokenSource {
    /// The right the runner gave this job, if it gave one: the address to ask and the bearer to ask with.
    pub(crate) fn new(
        (url, bearer): (Option<&str>, Option<&str>),
        audience: &str,
        log: Arc<Log>,
    ) -> Result<Self, Failure> {
        let (Some(url), Some(bearer)) = (url, bearer) else {
            return Err(doing(audience)
                .because("the job has no right to one")
                .help("add `permissions: id-token: write` to the job, and to the job that calls it"));
        };
        let mut url: url::Url = url.parse().map_err(|error| doing(audience).because(error))?;
        url.query_pairs_mut().append_pair("audience", audience);
        let client = transport::client(Limits::default()).map_err(|error| doing(audience).because(error))?;
        Ok(Self { url, bearer: SecretString::from(bearer), audience: audience.to_owned(), client, log })
    }

    /// A fresh token, masked before it is handed out.
    ///
    /// # Errors
    /// When the runner does not answer with one.
    pub async fn token(&self) -> Result<SecretString, Failure> {
        let answer = transport::retry(Pauses::default(), || self.ask()).await;
        let token = SecretString::from(answer.map_err(|cause| doing(&self.audience).because(cause))?.value);
        self.log.mask(token.expose_secret());
        Ok(token)
    }

    async fn ask(&self) -> Attempt<Answer, String> {
        let again = |error: String| Attempt::Again { error, after: None };
        match self.client.get(self.url.clone()).bearer_auth(self.bearer.expose_secret()).send().await {
            Err(error) => again(transport::explain(&error)),
            Ok(answer) if answer.status().is_server_error() || answer.status().as_u16() == 429 => {
                again(format!("the runner answered {}", answer.status()))
            }
            Ok(answer) if !answer.status().is_success() => {
                Attempt::Fatal(format!("the runner answered {}", answer.status()))
            }
            Ok(answer) => match answer.json().await {
                Ok(answer) => Attempt::Done(answer),
                Err(_) => Attempt::Fatal("the runner's answer is not a token".to_owned()),
            },
        }
    }
}

#[derive(serde::Deserialize)]
struct Answer {
    value: String,
}

fn doing(audience: &str) -> Failure {
    Failure::new(Exit::Unknown, "get an identity token from the runner").subject(audience).state("nothing was changed")
}

#[cfg(test)]
mod tests {
    use crate::Runner;
    use secrecy::ExposeSecret as _;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    /// The runner's token service: every answer holds another token, and the first attempt finds it in trouble.
    async fn token_service() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/token?api-version=2", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
                let asked = request.starts_with("get /token?api-version=2&audience=cloud.example ");
                let (status, body) = match number {
                    0 => (503, String::new()),
                    _ if asked && request.contains("authorization: bearer right-of-the-job") => {
                        (200, format!("{{\"value\":\"token-number-{number}\"}}"))
                    }
                    _ => (401, String::new()),
                };
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        url
    }

    #[tokio::test]
    async fn a_source_outlives_its_runner_and_masks_every_token_it_hands_out() {
        let url = token_service().await;
        let right =
            [("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str()), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "right-of-the-job")];
        let (runner, captured) = Runner::for_test(right.into_iter().chain([("GITHUB_ACTIONS", "true")]));
        let source = runner.token_source("cloud.example").unwrap();
        drop(runner);
        assert!(!format!("{source:?}").contains("right-of-the-job"));
        for number in [1, 2] {
            let token = tokio::spawn({
                let source = source.clone();
                async move { source.token().await }
            });
            let token = token.await.unwrap().unwrap();
            assert_eq!(token.expose_secret(), format!("token-number-{number}"));
            assert!(captured.log().contains(&format!("::add-mask::token-number-{number}")), "{}", captured.log());
        }
    }

    #[test]
    fn a_job_without_the_right_is_told_which_permission_it_lacks() {
        let (runner, _) = Runner::for_test([("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:1/")]);
        let failure = runner.token_source("cloud.example").unwrap_err().to_string();
        assert!(failure.contains("id-token: write"), "{failure}");
    }
}
