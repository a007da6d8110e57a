//! Keyless deployment as a job meets it: a token from GitHub's endpoint, credentials from STS, and every way to be refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder, StatusCode};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

/// A job on a runner whose cloud is the sandbox.
struct Job {
    sandbox: Sandbox,
    env: BTreeMap<String, String>,
    http: reqwest::Client,
}

impl Job {
    async fn start() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let env = sandbox.env().into_iter().collect();
        Self { sandbox, env, http: transport::client(transport::Limits::default()).unwrap() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.sandbox.endpoint()))
    }

    async fn configure(&self, path: &str, body: Value) {
        let response = self.request(Method::POST, path).json(&body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }

    /// The job's token, as `@actions/core` asks for it.
    async fn token(&self, audience: &str) -> String {
        let url = format!("{}&audience={audience}", self.env["ACTIONS_ID_TOKEN_REQUEST_URL"]);
        let request = self.http.get(url).bearer_auth(&self.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["value"].as_str().unwrap().to_owned()
    }

    /// A Query call of STS: its XML, or the error's code.
    async fn sts(&self, action: &str, fields: &[(&str, &str)], signed: Option<[&str; 2]>) -> Result<String, String> {
        let mut form = vec![("Action", action), ("Version", "2011-06-15")];
        form.extend(fields);
        let mut request = self.request(Method::POST, "/").form(&form);
        if let Some([key, session]) = signed {
            let authorization = format!(
                "AWS4-HMAC-SHA256 Credential={key}/20261120/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0"
            );
            request = request.header("authorization", authorization);
            if !session.is_empty() {
                request = request.header("x-amz-security-token", session);
            }
        }
        let response = request.send().await.unwrap();
        let good = response.status() == StatusCode::OK;
        let xml = response.text().await.unwrap();
        if good { Ok(xml) } else { Err(element(&xml, "Code").to_owned()) }
    }

    async fn assume(&self, token: &str, role: &str) -> Result<String, String> {
        let fields = [("RoleArn", role), ("RoleSessionName", "job-1"), ("WebIdentityToken", token)];
        self.sts("AssumeRoleWithWebIdentity", &fields, None).await
    }
}

fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let rest = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    rest.split_once(&format!("</{name}>")).unwrap().0
}

#[tokio::test]
async fn a_jobs_token_becomes_credentials_that_are_the_role() {
    let job = Job::start().await;
    let xml = job.assume(&job.token("sts.amazonaws.com").await, ROLE).await.unwrap();
    assert_eq!(element(&xml, "SubjectFromWebIdentityToken"), "repo:example/recommendation:ref:refs/heads/main");
    let signed = [element(&xml, "AccessKeyId"), element(&xml, "SessionToken")];
    let who = job.sts("GetCallerIdentity", &[], Some(signed)).await.unwrap();
    assert_eq!(element(&who, "Arn"), "arn:aws:sts::123456789012:assumed-role/deploy/job-1");
    assert_eq!(element(&who, "Account"), "123456789012");
    assert_eq!(element(&who, "UserId"), element(&xml, "AssumedRoleId"));

    let own = job.sts("GetCallerIdentity", &[], Some([&job.env["AWS_ACCESS_KEY_ID"], ""])).await.unwrap();
    assert_eq!(element(&own, "Arn"), "arn:aws:iam::123456789012:user/sandbox");
}

#[tokio::test]
async fn the_token_says_about_the_job_what_the_test_set() {
    let job = Job::start().await;
    let claims = json!({"repository": "org/app", "environment": "production", "actor": null, "run_id": "42"});
    job.configure("/_sandbox/oidc", claims).await;
    let token = job.token("my+audience").await;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["sub"], "repo:org/app:environment:production");
    assert_eq!(claims["aud"], "my audience", "a plus in a query is a space");
    assert_eq!(claims["iss"], job.sandbox.endpoint());
    assert_eq!((claims.get("actor"), &claims["run_id"]), (None, &json!("42")));
    let named: Vec<_> = [
        "repository_id",
        "repository_owner_id",
        "sha",
        "ref",
        "workflow_ref",
        "job_workflow_ref",
        "run_attempt",
        "event_name",
        "runner_environment",
    ]
    .into_iter()
    .filter(|name| claims[*name].as_str().is_none_or(str::is_empty))
    .collect();
    assert_eq!(named, Vec::<&str>::new());
}

#[tokio::test]
async fn a_token_that_is_not_right_in_every_way_opens_nothing() {
    let job = Job::start().await;
    let good = job.token("sts.amazonaws.com").await;
    let wrong_audience = job.token("sigstore").await;
    let mut forged = good.clone();
    let at = forged.len() - 20..forged.len() - 19;
    let other = if &forged[at.clone()] == "A" { "B" } else { "A" };
    forged.replace_range(at, other);
    let other_cloud = Job::start().await.token("sts.amazonaws.com").await;
    let elsewhere = job.token("sts.amazonaws.com").await;
    let payload =
        BASE64_URL_SAFE_NO_PAD.encode(json!({"iss": job.sandbox.endpoint(), "sub": "repo:a/b:x"}).to_string());
    let unsigned = format!("{}.{payload}.", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    let swapped =
        format!("{}.{payload}.{}", elsewhere.split('.').next().unwrap(), elsewhere.split('.').nth(2).unwrap());
    for (what, token) in [
        ("another audience", &*wrong_audience),
        ("a changed signature", &forged),
        ("another issuer", &other_cloud),
        ("no signature", &unsigned),
        ("other claims under a good signature", &swapped),
        ("garbage", "garbage"),
        ("a very long text", &"a.".repeat(20_000)),
    ] {
        assert_eq!(job.assume(token, ROLE).await.unwrap_err(), "InvalidIdentityToken", "{what}");
    }
    job.assume(&good, ROLE).await.unwrap();
}

#[tokio::test]
async fn time_is_checked_at_both_ends() {
    let job = Job::start().await;
    let now = jiff::Timestamp::now().as_second();
    for (claims, wanted) in [
        (json!({"exp": now - 1}), "ExpiredTokenException"),
        (json!({"exp": null}), "InvalidIdentityToken"),
        (json!({"nbf": now + 60}), "InvalidIdentityToken"),
        (json!({"iss": "https://token.actions.githubusercontent.com"}), "InvalidIdentityToken"),
    ] {
        job.configure("/_sandbox/oidc", claims.clone()).await;
        let token = job.token("sts.amazonaws.com").await;
        assert_eq!(job.assume(&token, ROLE).await.unwrap_err(), wanted, "{claims}");
    }
}

#[tokio::test]
async fn a_role_admits_only_the_subjects_it_trusts() {
    let job = Job::start().await;
    let production = json!({"subjects": ["repo:org/app:environment:production"]});
    job.configure("/_sandbox/roles", json!({"roles": {ROLE: production}})).await;
    for (claims, role, wanted) in [
        (json!({"repository": "org/app", "environment": "production"}), ROLE, Ok(())),
        (json!({"repository": "org/app", "environment": "staging"}), ROLE, Err("AccessDenied".to_owned())),
        (json!({"repository": "evil/app", "environment": "production"}), ROLE, Err("AccessDenied".to_owned())),
        (
            json!({"repository": "org/app", "environment": "production"}),
            "arn:aws:iam::123456789012:role/nobody",
            Err("AccessDenied".to_owned()),
        ),
    ] {
        job.configure("/_sandbox/oidc", claims.clone()).await;
        let token = job.token("sts.amazonaws.com").await;
        assert_eq!(job.assume(&token, role).await.map(|_| ()), wanted, "{claims} {role}");
    }
}

#[tokio::test]
async fn who_is_not_known_is_told_so() {
    let job = Job::start().await;
    for (signed, wanted) in [
        (None, "MissingAuthenticationToken"),
        (Some(["AKIANOBODY", ""]), "InvalidClientTokenId"),
        (Some(["ASIANOBODY", "token"]), "InvalidClientTokenId"),
    ] {
        assert_eq!(job.sts("GetCallerIdentity", &[], signed).await.unwrap_err(), wanted);
    }
    let request = job.request(Method::POST, "/").header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.X");
    let stranger = "AWS4-HMAC-SHA256 Credential=AKIANOBODY/20261120/eu-west-1/ecr/aws4_request, Signature=0";
    let answer: Value = request.header("authorization", stranger).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["__type"], "UnrecognizedClientException");
}

#[tokio::test]
async fn a_call_with_wrong_fields_is_refused_before_anything_else() {
    let job = Job::start().await;
    let own = Some([job.env["AWS_ACCESS_KEY_ID"].as_str(), ""]);
    for (role, name, seconds) in [
        ("", "job", "900"),
        ("deploy", "job", "900"),
        ("arn:aws:iam::999999999999:role/deploy", "job", "900"),
        ("arn:aws:iam::123456789012:role/", "job", "900"),
        (ROLE, "j", "900"),
        (ROLE, "a job", "900"),
        (ROLE, "job", "899"),
        (ROLE, "job", "43201"),
        (ROLE, "job", "long"),
    ] {
        let fields = [("RoleArn", role), ("RoleSessionName", name), ("DurationSeconds", seconds)];
        let error = job.sts("AssumeRole", &fields, own).await.unwrap_err();
        assert_eq!(error, "ValidationError", "{role} {name} {seconds}");
    }
    let fields = [("RoleArn", ROLE), ("RoleSessionName", "job"), ("DurationSeconds", "900")];
    let xml = job.sts("AssumeRole", &fields, own).await.unwrap();
    let end: jiff::Timestamp = element(&xml, "Expiration").parse().unwrap();
    let left = end.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((890..=900).contains(&left), "{left}");
    assert_eq!(job.sts("DecodeAuthorizationMessage", &[], own).await.unwrap_err(), "NotImplemented");
}

#[tokio::test]
async fn only_the_jobs_own_bearer_token_gets_a_token() {
    let job = Job::start().await;
    for bearer in ["", "guess"] {
        let request = job.http.get(&job.env["ACTIONS_ID_TOKEN_REQUEST_URL"]).bearer_auth(bearer);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    let plain = job.http.get(&job.env["ACTIONS_ID_TOKEN_REQUEST_URL"]).send().await.unwrap();
    assert_eq!(plain.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn discovery_leads_to_the_key() {
    let job = Job::start().await;
    let get = async |url: String| job.http.get(url).send().await.unwrap().json::<Value>().await.unwrap();
    let found = get(format!("{}/.well-known/openid-configuration", job.sandbox.endpoint())).await;
    assert_eq!(found["issuer"], job.sandbox.endpoint());
    let keys = get(found["jwks_uri"].as_str().unwrap().to_owned()).await;
    let token = job.token("x").await;
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(keys["keys"][0]["kid"], header["kid"]);
}
