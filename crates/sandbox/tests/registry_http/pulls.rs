//! Coming in, and pulling blobs.

use crate::client::{Client, code, header};
use reqwest::{Method, StatusCode};
use serde_json::json;
use subject::Digest;

#[tokio::test]
async fn without_a_login_there_is_a_challenge_and_nothing_else() {
    let client = Client::start().await;
    client.push_blob("app", b"secret").await;
    let blob = format!("/v2/app/blobs/{}", Digest::of(b"secret"));
    for (method, path) in
        [(Method::GET, "/v2/"), (Method::GET, &*blob), (Method::POST, "/v2/app/blobs/uploads/"), (Method::GET, "/v2/x")]
    {
        let response = client.anonymous(method, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        let challenge = format!("Basic realm=\"http://{}/\",service=\"ecr.amazonaws.com\"", client.host());
        assert_eq!(header(&response, "www-authenticate"), challenge);
        assert_eq!(code(response).await, "UNAUTHORIZED");
    }
    let wrong = client.anonymous(Method::GET, "/v2/").basic_auth("AWS", Some("guess")).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let version = client.get("/v2/").await;
    assert_eq!(version.status(), StatusCode::OK);
    assert_eq!(header(&version, "docker-distribution-api-version"), "registry/2.0");
}

#[tokio::test]
async fn with_anonymous_access_nobody_has_to_log_in() {
    let client = Client::start().await;
    client.configure(json!({"access": "anonymous"})).await;
    let response = client.anonymous(Method::GET, "/v2/").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn head_tells_what_get_gives() {
    let client = Client::start().await;
    let digest = client.push_blob("app", b"0123456789").await;
    let path = format!("/v2/app/blobs/{digest}");
    let head = client.request(Method::HEAD, &path).send().await.unwrap();
    let get = client.get(&path).await;
    for name in ["content-length", "content-type", "docker-content-digest", "accept-ranges"] {
        assert_eq!(header(&head, name), header(&get, name), "{name}");
    }
    assert_eq!(header(&head, "content-length"), "10");
    assert_eq!(header(&head, "docker-content-digest"), digest.to_string());
    assert!(head.bytes().await.unwrap().is_empty());
    assert_eq!(get.bytes().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_range_gives_those_bytes_and_one_past_the_end_gives_none() {
    let client = Client::start().await;
    let path = format!("/v2/app/blobs/{}", client.push_blob("app", b"0123456789").await);
    for (range, status, content_range, bytes) in [
        ("bytes=2-4", 206, "bytes 2-4/10", "234"),
        ("bytes=7-", 206, "bytes 7-9/10", "789"),
        ("bytes=-2", 206, "bytes 8-9/10", "89"),
        ("bytes=8-99", 206, "bytes 8-9/10", "89"),
        ("bytes=0-1,3-4", 200, "", "0123456789"),
    ] {
        let response = client.request(Method::GET, &path).header("range", range).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), header(&response, "content-range")),
            (status, content_range),
            "{range}"
        );
        assert_eq!(header(&response, "content-length"), bytes.len().to_string());
        assert_eq!(response.text().await.unwrap(), bytes);
    }
    let response = client.request(Method::GET, &path).header("range", "bytes=10-").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(header(&response, "content-range"), "bytes */10");
}

#[tokio::test]
async fn a_blob_is_only_where_it_was_pushed_and_until_it_is_deleted() {
    let client = Client::start().await;
    let digest = client.push_blob("app", b"x").await;
    client.push_blob("other", b"y").await;
    for (path, wanted) in [
        (format!("/v2/other/blobs/{digest}"), "BLOB_UNKNOWN"),
        (format!("/v2/nowhere/blobs/{digest}"), "NAME_UNKNOWN"),
        ("/v2/app/blobs/sha256:12".to_owned(), "DIGEST_INVALID"),
    ] {
        assert_eq!(code(client.get(&path).await).await, wanted, "{path}");
    }
    let path = format!("/v2/app/blobs/{digest}");
    let delete = async || client.request(Method::DELETE, &path).send().await.unwrap().status();
    assert_eq!(delete().await, StatusCode::ACCEPTED);
    assert_eq!(client.get(&path).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(delete().await, StatusCode::NOT_FOUND);
}
