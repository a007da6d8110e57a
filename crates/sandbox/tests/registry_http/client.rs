//! A sandbox and what it takes to talk to it by hand.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use subject::Digest;

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A running sandbox, logged in to.
pub(crate) struct Client {
    sandbox: Sandbox,
    http: reqwest::Client,
    login: String,
}

impl Client {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let http = transport::client(transport::Limits::default()).unwrap();
        let mut client = Self { sandbox, http, login: String::new() };
        let token = client.ecr("GetAuthorizationToken", json!({})).await.unwrap();
        let data = &token["authorizationData"][0];
        assert_eq!(data["proxyEndpoint"], client.sandbox.endpoint());
        client.login = format!("Basic {}", data["authorizationToken"].as_str().unwrap());
        client
    }

    pub(crate) fn host(&self) -> String {
        self.sandbox.registry_host()
    }

    pub(crate) fn login(&self) -> &str {
        &self.login
    }

    /// A request without credentials; `path` may be a whole address, as a `Location` may be.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        let base = url::Url::parse(&self.sandbox.endpoint()).unwrap();
        self.http.request(method, base.join(path).unwrap())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).header("authorization", &self.login)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Calls ECR's own API: the answer, or the error's name.
    pub(crate) async fn ecr(&self, operation: &str, input: Value) -> Result<Value, String> {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        let request = self.anonymous(Method::POST, "/").header("x-amz-target", target);
        let request = request.header("content-type", "application/x-amz-json-1.1").body(input.to_string());
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        if status == StatusCode::OK { Ok(answer) } else { Err(answer["__type"].as_str().unwrap().to_owned()) }
    }

    pub(crate) async fn configure(&self, settings: Value) {
        let response = self.anonymous(Method::POST, "/_sandbox/registry").json(&settings).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{settings}");
    }

    pub(crate) async fn push_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let response = self.request(Method::POST, &path).body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        digest
    }

    pub(crate) async fn put_manifest(&self, repository: &str, reference: &str, manifest: &Value) -> Response {
        let media_type = if manifest.get("manifests").is_some() { OCI_INDEX } else { OCI_MANIFEST };
        let path = format!("/v2/{repository}/manifests/{reference}");
        let request = self.request(Method::PUT, &path).header("content-type", media_type);
        request.body(manifest.to_string()).send().await.unwrap()
    }

    /// Pushes an image with one layer under a tag: its digest.
    pub(crate) async fn push_image(&self, repository: &str, tag: &str, layer: &[u8]) -> Digest {
        let manifest = self.image(repository, layer).await;
        let response = self.put_manifest(repository, tag, &manifest).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        Digest::of(manifest.to_string().as_bytes())
    }

    /// Pushes the blobs of an image with one layer: the manifest that is still to be pushed.
    pub(crate) async fn image(&self, repository: &str, layer: &[u8]) -> Value {
        let config = self.push_blob(repository, b"{}").await;
        let digest = self.push_blob(repository, layer).await;
        json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": layer.len(),
            }],
        })
    }

    /// Pushes an artifact about `subject`: its digest.
    pub(crate) async fn attach(&self, repository: &str, subject: Digest, artifact_type: &str) -> Digest {
        let manifest = self.artifact(repository, subject, artifact_type).await;
        let digest = Digest::of(manifest.to_string().as_bytes());
        let response = self.put_manifest(repository, &digest.to_string(), &manifest).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        digest
    }

    pub(crate) async fn artifact(&self, repository: &str, subject: Digest, artifact_type: &str) -> Value {
        let empty = self.push_blob(repository, b"{}").await;
        let empty = json!({"mediaType": "application/vnd.oci.empty.v1+json", "digest": empty, "size": 2});
        json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": artifact_type,
            "config": empty, "layers": [empty],
            "subject": {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1},
            "annotations": {"kind": artifact_type},
        })
    }
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// The code of the first error in a registry's answer.
pub(crate) async fn code(response: Response) -> String {
    let body: Value = response.json().await.unwrap();
    body["errors"][0]["code"].as_str().unwrap().to_owned()
}
