//! Pushing, pulling and deleting manifests.

use crate::client::{Client, OCI_INDEX, OCI_MANIFEST, code, header};
use reqwest::{Method, StatusCode};
use serde_json::json;
use subject::Digest;

#[tokio::test]
async fn a_manifest_comes_back_byte_for_byte_by_tag_and_by_digest() {
    let client = Client::start().await;
    let mut manifest = client.image("app", b"layer").await;
    // A space and a member nobody knows: re-serialising would lose the first, dropping unknowns the second.
    manifest["x-unknown"] = json!(1);
    let bytes = manifest.to_string() + " ";
    let put = client.request(Method::PUT, "/v2/app/manifests/v1").header("content-type", OCI_MANIFEST);
    let put = put.body(bytes.clone()).send().await.unwrap();
    let digest = Digest::of(bytes.as_bytes());
    assert_eq!((put.status(), header(&put, "docker-content-digest")), (StatusCode::CREATED, &*digest.to_string()));
    for reference in ["v1".to_owned(), digest.to_string()] {
        let path = format!("/v2/app/manifests/{reference}");
        let head = client.request(Method::HEAD, &path).send().await.unwrap();
        assert_eq!(header(&head, "content-length"), bytes.len().to_string());
        let get = client.get(&path).await;
        assert_eq!(header(&get, "content-type"), OCI_MANIFEST);
        assert_eq!(header(&get, "docker-content-digest"), digest.to_string());
        assert_eq!(get.text().await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_manifest_needs_everything_it_names() {
    let client = Client::start().await;
    let image = client.image("app", b"layer").await;
    let elsewhere = client.put_manifest("other", "v1", &image).await;
    assert_eq!(elsewhere.status(), StatusCode::BAD_REQUEST);
    assert_eq!(code(elsewhere).await, "MANIFEST_BLOB_UNKNOWN", "its blobs are in another repository");

    let child = json!({"mediaType": OCI_MANIFEST, "digest": Digest::of(image.to_string().as_bytes()), "size": 1});
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child]});
    assert_eq!(code(client.put_manifest("app", "v1", &index).await).await, "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(client.put_manifest("app", "image", &image).await.status(), StatusCode::CREATED);
    assert_eq!(client.put_manifest("app", "v1", &index).await.status(), StatusCode::CREATED);

    let mut wrong_size = image.clone();
    wrong_size["layers"][0]["size"] = json!(4);
    assert_eq!(code(client.put_manifest("app", "v1", &wrong_size).await).await, "SIZE_INVALID");
}

#[tokio::test]
async fn a_manifest_under_another_digest_or_type_is_refused_and_not_kept() {
    let client = Client::start().await;
    let image = client.image("app", b"layer").await;
    let wrong = Digest::of(b"another").to_string();
    assert_eq!(code(client.put_manifest("app", &wrong, &image).await).await, "DIGEST_INVALID");
    let put = client.request(Method::PUT, "/v2/app/manifests/v1").body(image.to_string());
    assert_eq!(code(put.header("content-type", OCI_INDEX).send().await.unwrap()).await, "MANIFEST_INVALID");
    let put = client.request(Method::PUT, "/v2/app/manifests/v1").body(image.to_string());
    assert_eq!(code(put.send().await.unwrap()).await, "MANIFEST_INVALID", "no content type");
    assert_eq!(code(client.get("/v2/app/manifests/v1").await).await, "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn deleting_a_tag_leaves_the_image_and_deleting_the_image_takes_its_tags() {
    let client = Client::start().await;
    let digest = client.push_image("app", "v1", b"layer").await;
    client.push_image("app", "v2", b"layer").await;
    let delete = async |reference: &str| {
        let path = format!("/v2/app/manifests/{reference}");
        client.request(Method::DELETE, &path).send().await.unwrap().status()
    };
    assert_eq!(delete("v1").await, StatusCode::ACCEPTED);
    assert_eq!(delete("v1").await, StatusCode::NOT_FOUND);
    assert_eq!(client.get("/v2/app/manifests/v2").await.status(), StatusCode::OK);
    assert_eq!(delete(&digest.to_string()).await, StatusCode::ACCEPTED);
    assert_eq!(client.get("/v2/app/manifests/v2").await.status(), StatusCode::NOT_FOUND);
    let tags: serde_json::Value = client.get("/v2/app/tags/list").await.json().await.unwrap();
    assert_eq!(tags["tags"], json!([]));
}

#[tokio::test]
async fn an_immutable_tag_is_set_once() {
    let client = Client::start().await;
    let create = json!({"repositoryName": "app", "imageTagMutability": "IMMUTABLE"});
    client.ecr("CreateRepository", create).await.unwrap();
    let first = client.push_image("app", "v1", b"first").await;
    let other = client.image("app", b"second").await;
    let refused = client.put_manifest("app", "v1", &other).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(code(refused).await, "TAG_INVALID");
    let now = client.get("/v2/app/manifests/v1").await;
    assert_eq!(header(&now, "docker-content-digest"), first.to_string());
    assert_eq!(client.put_manifest("app", "v2", &other).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_conditional_push_never_overwrites_what_another_put_there() {
    let client = Client::start().await;
    let put = async |layer: &[u8], name: &'static str, value: String| {
        let image = client.image("app", layer).await;
        let request = client.request(Method::PUT, "/v2/app/manifests/v1").header("content-type", OCI_MANIFEST);
        request.header(name, value).body(image.to_string()).send().await.unwrap()
    };
    assert_eq!(put(b"a", "if-none-match", "*".into()).await.status(), StatusCode::CREATED);
    assert_eq!(put(b"b", "if-none-match", "*".into()).await.status(), StatusCode::PRECONDITION_FAILED);
    let etag = header(&client.get("/v2/app/manifests/v1").await, "etag").to_owned();
    assert_eq!(put(b"b", "if-match", etag.clone()).await.status(), StatusCode::CREATED);
    assert_eq!(put(b"c", "if-match", etag.clone()).await.status(), StatusCode::PRECONDITION_FAILED);
    let unchanged = client.request(Method::GET, "/v2/app/manifests/v1").header("if-none-match", etag);
    assert_eq!(unchanged.send().await.unwrap().status(), StatusCode::OK, "the tag names b now");
}
