//! Pushing blobs, in every way distribution-spec 1.1 has.

use crate::client::{Client, code, header};
use proptest::prelude::*;
use reqwest::{Method, Response, StatusCode};
use subject::Digest;

async fn begin(client: &Client, repository: &str) -> String {
    let path = format!("/v2/{repository}/blobs/uploads/");
    let response = client.request(Method::POST, &path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    header(&response, "location").to_owned()
}

async fn chunk(client: &Client, location: &str, start: usize, bytes: &[u8]) -> Response {
    let range = format!("{start}-{}", start + bytes.len() - 1);
    let request = client.request(Method::PATCH, location).header("content-range", range);
    request.header("content-type", "application/octet-stream").body(bytes.to_vec()).send().await.unwrap()
}

async fn put(client: &Client, location: &str, digest: Digest, rest: &[u8]) -> Response {
    client.request(Method::PUT, &format!("{location}&digest={digest}")).body(rest.to_vec()).send().await.unwrap()
}

#[tokio::test]
async fn an_upload_in_two_requests_ends_where_the_blob_is() {
    let client = Client::start().await;
    let location = begin(&client, "a/b").await;
    let response = put(&client, &location, Digest::of(b"hello"), b"hello").await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let location = header(&response, "location").to_owned();
    assert_eq!(client.get(&location).await.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_chunk_must_follow_the_last_and_the_answer_tells_where_to_go_on() {
    let client = Client::start().await;
    let location = begin(&client, "app").await;
    let first = chunk(&client, &location, 0, b"01234").await;
    assert_eq!((first.status(), header(&first, "range")), (StatusCode::ACCEPTED, "0-4"));
    let location = header(&first, "location").to_owned();

    let gap = chunk(&client, &location, 7, b"789").await;
    assert_eq!((gap.status(), header(&gap, "range")), (StatusCode::RANGE_NOT_SATISFIABLE, "0-4"));
    let again = chunk(&client, &location, 0, b"01234").await;
    assert_eq!(again.status(), StatusCode::RANGE_NOT_SATISFIABLE);

    let progress = client.get(&location).await;
    assert_eq!((progress.status(), header(&progress, "range")), (StatusCode::NO_CONTENT, "0-4"));
    let second = chunk(&client, header(&progress, "location"), 5, b"56789").await;
    assert_eq!(header(&second, "range"), "0-9");
    let done = put(&client, header(&second, "location"), Digest::of(b"0123456789"), b"").await;
    assert_eq!(done.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn the_length_of_a_chunk_must_be_the_length_of_its_range() {
    let client = Client::start().await;
    let location = begin(&client, "app").await;
    let request = client.request(Method::PATCH, &location).header("content-range", "0-9");
    let response = request.body("short").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(code(response).await, "SIZE_INVALID");
    assert_eq!(header(&client.get(&location).await, "range"), "0-0");

    // Without Content-Length only the end of the body tells, and what came must not count.
    let stream = futures_util::stream::iter([Ok::<_, std::io::Error>("sho"), Ok("rt")]);
    let request = client.request(Method::PATCH, &location).header("content-range", "0-9");
    let response = request.body(reqwest::Body::wrap_stream(stream)).send().await.unwrap();
    assert_eq!(code(response).await, "SIZE_INVALID");
    let done = put(&client, &location, Digest::of(b"all"), b"all").await;
    assert_eq!(done.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_location_is_used_once_and_with_its_query() {
    let client = Client::start().await;
    let location = begin(&client, "app").await;
    let bare = location.split('?').next().unwrap();
    let response = client.request(Method::PATCH, bare).body("x").send().await.unwrap();
    assert_eq!(code(response).await, "BLOB_UPLOAD_INVALID");
    assert_eq!(chunk(&client, &location, 0, b"x").await.status(), StatusCode::ACCEPTED);
    let response = put(&client, &location, Digest::of(b"x"), b"").await;
    assert_eq!(code(response).await, "BLOB_UPLOAD_INVALID", "the location is of before the chunk");
}

#[tokio::test]
async fn bytes_that_are_not_what_the_digest_says_are_not_kept() {
    let client = Client::start().await;
    let wrong = Digest::of(b"something else");
    let location = begin(&client, "app").await;
    let response = put(&client, &location, wrong, b"hello").await;
    assert_eq!(code(response).await, "DIGEST_INVALID");
    assert_eq!(client.get(&location).await.status(), StatusCode::NOT_FOUND, "the upload is over");

    let path = format!("/v2/app/blobs/uploads/?digest={wrong}");
    let response = client.request(Method::POST, &path).body("hello").send().await.unwrap();
    assert_eq!(code(response).await, "DIGEST_INVALID");
    for digest in [wrong, Digest::of(b"hello")] {
        let status = client.get(&format!("/v2/app/blobs/{digest}")).await.status();
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_upload_that_is_cancelled_is_gone() {
    let client = Client::start().await;
    let location = begin(&client, "app").await;
    chunk(&client, &location, 0, b"x").await;
    let response = client.request(Method::DELETE, &location).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(code(client.get(&location).await).await, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_mount_takes_the_blob_over_without_its_bytes() {
    let client = Client::start().await;
    let digest = client.push_blob("stage/app", b"layer").await;
    let mount = async |query: String| {
        let path = format!("/v2/prod/app/blobs/uploads/?{query}");
        client.request(Method::POST, &path).send().await.unwrap()
    };
    let missing = mount(format!("mount={}&from=stage/app", Digest::of(b"other"))).await;
    assert_eq!(missing.status(), StatusCode::ACCEPTED, "an upload begins instead");
    let elsewhere = mount(format!("mount={digest}&from=nowhere")).await;
    assert_eq!(elsewhere.status(), StatusCode::ACCEPTED);
    let mounted = mount(format!("mount={digest}&from=stage/app")).await;
    assert_eq!(mounted.status(), StatusCode::CREATED);
    assert_eq!(client.get(header(&mounted, "location")).await.text().await.unwrap(), "layer");
}

#[tokio::test]
async fn a_push_to_a_repository_that_does_not_exist_can_be_refused() {
    let client = Client::start().await;
    client.configure(serde_json::json!({"missing_repository": "refuse"})).await;
    let response = client.request(Method::POST, "/v2/app/blobs/uploads/").send().await.unwrap();
    assert_eq!(code(response).await, "NAME_UNKNOWN");
    client.ecr("CreateRepository", serde_json::json!({"repositoryName": "app"})).await.unwrap();
    begin(&client, "app").await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// However the bytes are cut into chunks, the blob is their concatenation, and any range of it is that slice.
    #[test]
    fn a_blob_is_its_chunks_and_a_range_is_its_slice(
        bytes in prop::collection::vec(any::<u8>(), 1..5000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        range in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::start().await;
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            cuts.dedup();
            let mut location = begin(&client, "app").await;
            for pair in cuts.windows(2) {
                let response = chunk(&client, &location, pair[0], &bytes[pair[0]..pair[1]]).await;
                assert_eq!(response.status(), StatusCode::ACCEPTED);
                location = header(&response, "location").to_owned();
            }
            let digest = Digest::of(&bytes);
            assert_eq!(put(&client, &location, digest, b"").await.status(), StatusCode::CREATED);

            let (a, b) = (range.0.index(bytes.len()), range.1.index(bytes.len()));
            let (first, last) = (a.min(b), a.max(b));
            let request = client.request(Method::GET, &format!("/v2/app/blobs/{digest}"));
            let part = request.header("range", format!("bytes={first}-{last}")).send().await.unwrap();
            assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
            assert_eq!(part.bytes().await.unwrap(), &bytes[first..=last]);
        });
    }
}
