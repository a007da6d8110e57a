//! The runner's identity token (OpenID Connect), with which a step proves to a cloud which workflow it is.

use crate::{Exit, Failure};
use secrecy::SecretString;
use transport::{Attempt, Limits, Pauses};

#[derive(serde::Deserialize)]
struct Answer {
    value: String,
}

/// Asks the runner for a token for `audience`.
pub(crate) async fn id_token(url: Option<&str>, token: Option<&str>, audience: &str) -> Result<SecretString, Failure> {
    let doing = || Failure::new(Exit::Unknown, "get an identity token from the runner").subject(audience);
    let (Some(url), Some(token)) = (url, token) else {
        return Err(doing()
            .because("the job has no right to one")
            .state("nothing was changed")
            .help("add `permissions: id-token: write` to the job, and to the job that calls it"));
    };
    let mut url: url::Url = url.parse().map_err(|error| doing().because(error))?;
    url.query_pairs_mut().append_pair("audience", audience);
    let client = transport::client(Limits::default()).map_err(|error| doing().because(error))?;
    let answer: Answer = transport::retry(Pauses::default(), || ask(&client, &url, token))
        .await
        .map_err(|cause| doing().because(cause).state("nothing was changed"))?;
    Ok(SecretString::from(answer.value))
}

async fn ask(client: &reqwest::Client, url: &url::Url, token: &str) -> Attempt<Answer, String> {
    let again = |error: String| Attempt::Again { error, after: None };
    match client.get(url.clone()).bearer_auth(token).send().await {
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
