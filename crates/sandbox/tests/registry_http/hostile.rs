//! What a hostile or broken client sends: it is refused, and nothing of it stays.

use crate::client::{Client, OCI_MANIFEST, code, header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use subject::Digest;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Sends a request as it is, and returns the answer; the request has to ask for the connection to be closed.
async fn raw(client: &Client, request: &str) -> String {
    let mut stream = TcpStream::connect(client.host()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends the beginning of a request, and hangs up.
async fn break_off(client: &Client, beginning: &str) {
    let mut stream = TcpStream::connect(client.host()).await.unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_name_cannot_climb_out_of_the_registry() {
    let client = Client::start().await;
    let login = client.login();
    for path in [
        "/v2/../../etc/blobs/uploads/",
        "/v2/a/../b/blobs/uploads/",
        "/v2/%2e%2e/%2e%2e/blobs/uploads/",
        "/v2/a%2f..%2fb/blobs/uploads/",
        "/v2//etc/blobs/uploads/",
        "/v2/A/blobs/uploads/",
        "/v2/a\\b/blobs/uploads/",
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {login}\r\ncontent-length: 0\r\n\r\n"
        );
        let answer = raw(&client, &request).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "400" | "404"), "{path}: {answer}");
    }
    let repositories = client.ecr("DescribeRepositories", json!({})).await.unwrap();
    assert_eq!(repositories["repositories"], json!([]));
}

#[tokio::test]
async fn an_upload_that_breaks_off_can_be_resumed_and_is_no_blob_before() {
    let client = Client::start().await;
    let begun = client.request(Method::POST, "/v2/app/blobs/uploads/").send().await.unwrap();
    let location = header(&begun, "location").to_owned();
    let login = client.login();
    let request =
        format!("PATCH {location} HTTP/1.1\r\nhost: x\r\nauthorization: {login}\r\ncontent-length: 100\r\n\r\nhalf");
    break_off(&client, &request).await;
    // The server notices the end of the connection on its own time.
    let mut progress = client.get(&location).await;
    for _ in 0..100 {
        if header(&progress, "range") == "0-3" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        progress = client.get(&location).await;
    }
    assert_eq!((progress.status(), header(&progress, "range")), (StatusCode::NO_CONTENT, "0-3"));
    let digest = Digest::of(b"half and half");
    assert_eq!(client.get(&format!("/v2/app/blobs/{digest}")).await.status(), StatusCode::NOT_FOUND);
    let path = format!("{}&digest={digest}", header(&progress, "location"));
    let done = client.request(Method::PUT, &path).body(" and half").send().await.unwrap();
    assert_eq!(done.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_manifest_over_four_mebibytes_is_refused() {
    let client = Client::start().await;
    let mut image = client.image("app", b"layer").await;
    image["annotations"] = json!({"padding": "x".repeat(sandbox::registry::MANIFEST_LIMIT)});
    let response = client.put_manifest("app", "v1", &image).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    image["annotations"]["padding"] = json!("");
    let rest = sandbox::registry::MANIFEST_LIMIT - image.to_string().len();
    image["annotations"]["padding"] = json!("x".repeat(rest));
    assert_eq!(image.to_string().len(), sandbox::registry::MANIFEST_LIMIT);
    assert_eq!(client.put_manifest("app", "v1", &image).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn what_ecr_does_not_take_is_refused_in_its_words_though_the_specification_allows_it() {
    let client = Client::start().await;
    let image = client.push_image("app", "v1", b"layer").await;
    let good = client.artifact("app", image, "application/vnd.example+json").await;
    let changed = |pointer: &str, value: Value| {
        let mut artifact = good.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        artifact.pointer_mut(parent).unwrap()[member] = value;
        artifact
    };
    let mut bare = good.clone();
    bare.as_object_mut().unwrap().remove("mediaType");
    for artifact in [
        bare,
        changed("/artifactType", json!("application/spdx+json")),
        changed("/artifactType", json!("application/vnd.example;version=1")),
        changed("/layers/0/mediaType", json!("application/vnd.example;version=1")),
        changed("/layers/0/data", json!("e30=")),
        changed("/config/annotations", json!({"a": "b"})),
    ] {
        let response = client.put_manifest("app", "artifact", &artifact).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{artifact}");
        assert_eq!(code(response).await, "UNSUPPORTED");
    }
    assert_eq!(client.put_manifest("app", "artifact", &good).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_manifest_that_is_not_one_is_refused() {
    let client = Client::start().await;
    // ECR says the same to all of these: that they are no JSON.
    client.configure(json!({"manifests": "as-specified"})).await;
    client.push_blob("app", b"{}").await;
    for body in ["", "null", "[]", "{", "\u{0}", &"[".repeat(100_000), r#"{"schemaVersion":2}"#] {
        let request = client.request(Method::PUT, "/v2/app/manifests/v1").header("content-type", OCI_MANIFEST);
        let response = request.body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(code(response).await, "MANIFEST_INVALID");
    }
}

#[tokio::test]
async fn another_repository_cannot_finish_an_upload() {
    let client = Client::start().await;
    let begun = client.request(Method::POST, "/v2/app/blobs/uploads/").send().await.unwrap();
    client.push_blob("other", b"x").await;
    let elsewhere = header(&begun, "location").replace("/v2/app/", "/v2/other/");
    assert_eq!(code(client.get(&elsewhere).await).await, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn an_endpoint_answers_only_to_its_methods() {
    let client = Client::start().await;
    client.push_image("app", "v1", b"layer").await;
    let digest = Digest::of(b"layer");
    for (method, path) in [
        (Method::PUT, "/v2/app/blobs/uploads/".to_owned()),
        (Method::POST, "/v2/app/manifests/v1".to_owned()),
        (Method::PUT, format!("/v2/app/blobs/{digest}")),
        (Method::DELETE, "/v2/app/tags/list".to_owned()),
        (Method::POST, format!("/v2/app/referrers/{digest}")),
    ] {
        let response = client.request(method, &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}
