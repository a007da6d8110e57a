//! The lists of tags and of referrers.

use crate::client::{Client, OCI_INDEX, header};
use reqwest::StatusCode;
use serde_json::{Value, json};
use subject::Digest;

/// Follows `Link` headers to the end: what `member` of each page has, and how many pages there were.
async fn walk(client: &Client, path: &str, member: &str) -> (Vec<Value>, usize) {
    let (mut all, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
    loop {
        let response = client.get(&next).await;
        assert_eq!(response.status(), StatusCode::OK);
        let link = header(&response, "link").to_owned();
        let page: Value = response.json().await.unwrap();
        all.extend(page[member].as_array().unwrap().iter().cloned());
        pages += 1;
        assert!(pages < 50, "the pages go round in a circle");
        match link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")) {
            Some(target) => next = target.to_owned(),
            None => return (all, pages),
        }
    }
}

#[tokio::test]
async fn tags_come_in_lexical_order_and_in_pages() {
    let client = Client::start().await;
    for tag in ["v2", "V1", "a", "v1", "v10"] {
        client.push_image("app", tag, b"layer").await;
    }
    let (all, pages) = walk(&client, "/v2/app/tags/list", "tags").await;
    assert_eq!((&all, pages), (&["a", "V1", "v1", "v10", "v2"].map(Value::from).to_vec(), 1));
    assert_eq!(walk(&client, "/v2/app/tags/list?n=2", "tags").await, (all, 3));
    let (after, _) = walk(&client, "/v2/app/tags/list?last=v1", "tags").await;
    assert_eq!(after, ["v10", "v2"].map(Value::from));
    assert_eq!(walk(&client, "/v2/app/tags/list?n=0", "tags").await, (vec![], 1));
    assert_eq!(client.get("/v2/app/tags/list?n=x").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(client.get("/v2/nowhere/tags/list").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn referrers_are_listed_with_type_and_annotations_and_filtered() {
    let client = Client::start().await;
    let image = client.push_image("app", "v1", b"layer").await;
    let path = format!("/v2/app/referrers/{image}");
    assert_eq!(walk(&client, &path, "manifests").await, (vec![], 1), "none yet, which is an answer");

    let sbom = client.attach("app", image, "application/vnd.cyclonedx+json").await;
    let bundle = client.attach("app", image, "application/vnd.dev.sigstore.bundle.v0.3+json").await;
    client.attach("app", Digest::of(b"another image"), "application/vnd.cyclonedx+json").await;
    let (all, _) = walk(&client, &path, "manifests").await;
    let mut digests: Vec<Digest> = all.iter().map(|one| one["digest"].as_str().unwrap().parse().unwrap()).collect();
    digests.sort_unstable();
    let mut wanted = vec![sbom, bundle];
    wanted.sort_unstable();
    assert_eq!(digests, wanted);

    let response = client.get(&format!("{path}?artifactType=application%2Fvnd.cyclonedx%2Bjson")).await;
    assert_eq!(header(&response, "oci-filters-applied"), "artifactType");
    assert_eq!(header(&response, "content-type"), OCI_INDEX);
    let page: Value = response.json().await.unwrap();
    assert_eq!(page["manifests"].as_array().unwrap().len(), 1);
    let one = &page["manifests"][0];
    assert_eq!(one["digest"], sbom.to_string());
    assert_eq!(one["artifactType"], "application/vnd.cyclonedx+json");
    assert_eq!(one["annotations"]["kind"], "application/vnd.cyclonedx+json");
}

#[tokio::test]
async fn referrers_come_in_pages_and_keep_their_filter() {
    let client = Client::start().await;
    client.configure(json!({"page_size": 2})).await;
    let image = client.push_image("app", "v1", b"layer").await;
    for number in 0..5 {
        let mut artifact = client.artifact("app", image, "application/vnd.a+b").await;
        artifact["annotations"]["number"] = json!(number.to_string());
        client.put_manifest("app", &format!("n{number}"), &artifact).await;
        client.attach("app", image, &format!("application/vnd.other{number}")).await;
    }
    let path = format!("/v2/app/referrers/{image}");
    let (all, pages) = walk(&client, &path, "manifests").await;
    assert_eq!((all.len(), pages), (10, 5));
    let (filtered, pages) = walk(&client, &format!("{path}?artifactType=application/vnd.a%2Bb"), "manifests").await;
    assert_eq!((filtered.len(), pages), (5, 3));
}

#[tokio::test]
async fn only_a_registry_with_the_referrers_api_promises_it() {
    let client = Client::start().await;
    let image = client.push_image("app", "v1", b"layer").await;
    let artifact = client.artifact("app", image, "application/vnd.plain").await;
    let response = client.put_manifest("app", "with", &artifact).await;
    assert_eq!(header(&response, "oci-subject"), image.to_string());

    client.configure(json!({"referrers": "fallback-tag"})).await;
    let response = client.put_manifest("app", "without", &artifact).await;
    assert_eq!((response.status(), header(&response, "oci-subject")), (StatusCode::CREATED, ""));
    assert_eq!(client.get(&format!("/v2/app/referrers/{image}")).await.status(), StatusCode::NOT_FOUND);
}
