//! ECR's own API beside the OCI one: the same images, the same digests, ECR's names for what it refuses.

use crate::client::{Client, OCI_MANIFEST, header};
use reqwest::StatusCode;
use serde_json::{Value, json};
use subject::Digest;

#[tokio::test]
async fn an_image_is_the_same_through_both_doors() {
    let client = Client::start().await;
    let digest = client.push_image("app", "v1", b"layer").await;
    let asked = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]});
    let got = client.ecr("BatchGetImage", asked).await.unwrap();
    let image = &got["images"][0];
    assert_eq!(Digest::of(image["imageManifest"].as_str().unwrap().as_bytes()), digest);
    assert_eq!(image["imageManifestMediaType"], OCI_MANIFEST);

    let put = json!({
        "repositoryName": "app", "imageTag": "release", "imageManifest": image["imageManifest"],
        "imageManifestMediaType": OCI_MANIFEST, "imageDigest": digest,
    });
    client.ecr("PutImage", put).await.unwrap();
    let pulled = client.get("/v2/app/manifests/release").await;
    assert_eq!(header(&pulled, "docker-content-digest"), digest.to_string());
    let described = client.ecr("DescribeImages", json!({"repositoryName": "app"})).await.unwrap();
    assert_eq!(described["imageDetails"][0]["imageTags"], json!(["release", "v1"]));
    assert_eq!(described["imageDetails"][0]["imageSizeInBytes"], 2 + 5);
}

#[tokio::test]
async fn put_image_refuses_by_ecrs_names() {
    let client = Client::start().await;
    let create = json!({"repositoryName": "app", "imageTagMutability": "IMMUTABLE"});
    client.ecr("CreateRepository", create.clone()).await.unwrap();
    assert_eq!(client.ecr("CreateRepository", create).await.unwrap_err(), "RepositoryAlreadyExistsException");
    let first = client.image("app", b"first").await.to_string();
    let second = client.image("app", b"second").await.to_string();
    let put = async |changes: Value| {
        let mut input = json!({"repositoryName": "app", "imageManifest": first, "imageTag": "v1"});
        input.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        client.ecr("PutImage", input).await.map(|_| ())
    };
    let wrong = json!({"imageDigest": Digest::of(b"another")});
    assert_eq!(put(wrong).await.unwrap_err(), "ImageDigestDoesNotMatchException");
    let listed = client.ecr("ListImages", json!({"repositoryName": "app"})).await.unwrap();
    assert_eq!(listed["imageIds"], json!([]), "a refused image is not kept");
    put(json!({})).await.unwrap();
    for (changes, wanted) in [
        (json!({}), "ImageAlreadyExistsException"),
        (json!({"imageManifest": second}), "ImageTagAlreadyExistsException"),
        (json!({"imageManifest": first, "imageTag": null}), "ImageAlreadyExistsException"),
        (json!({"repositoryName": "nowhere"}), "RepositoryNotFoundException"),
        (json!({"registryId": "999999999999"}), "RepositoryNotFoundException"),
        (json!({"imageManifest": "{}"}), "InvalidParameterException"),
        (json!({"imageTag": "../v1"}), "InvalidParameterException"),
        (json!({"imageManifest": null}), "InvalidParameterException"),
    ] {
        assert_eq!(put(changes.clone()).await.unwrap_err(), wanted, "{changes}");
    }
}

#[tokio::test]
async fn put_image_needs_the_layers_and_the_images_an_index_lists() {
    let client = Client::start().await;
    let image = client.image("elsewhere", b"layer").await;
    client.ecr("CreateRepository", json!({"repositoryName": "app"})).await.unwrap();
    let put = async |manifest: &Value| {
        let input = json!({"repositoryName": "app", "imageManifest": manifest.to_string()});
        client.ecr("PutImage", input).await.unwrap_err()
    };
    assert_eq!(put(&image).await, "LayersNotFoundException");
    let child = json!({"mediaType": OCI_MANIFEST, "digest": Digest::of(b"x"), "size": 1});
    let index = json!({"schemaVersion": 2, "mediaType": crate::client::OCI_INDEX, "manifests": [child]});
    assert_eq!(put(&index).await, "ReferencedImagesNotFoundException");
    let layers = [Digest::of(b"layer").to_string(), Digest::of(b"{}").to_string(), "sha256:1".to_owned()];
    client.push_blob("app", b"layer").await;
    let asked = json!({"repositoryName": "app", "layerDigests": layers});
    let answer = client.ecr("BatchCheckLayerAvailability", asked).await.unwrap();
    assert_eq!(answer["layers"][0]["layerAvailability"], "AVAILABLE");
    assert_eq!(answer["layers"][1]["layerAvailability"], "UNAVAILABLE");
    assert_eq!(answer["failures"][0]["failureCode"], "InvalidLayerDigest");
}

#[tokio::test]
async fn an_image_that_is_not_there_is_a_failure_among_the_others() {
    let client = Client::start().await;
    let digest = client.push_image("app", "v1", b"layer").await;
    let other = client.push_image("app", "v2", b"other").await;
    let ids = json!([
        {"imageDigest": digest}, {"imageTag": "v9"}, {"imageDigest": "sha256:1"}, {},
        {"imageDigest": other, "imageTag": "v1"},
    ]);
    let answer = client.ecr("BatchGetImage", json!({"repositoryName": "app", "imageIds": ids})).await.unwrap();
    assert_eq!(answer["images"].as_array().unwrap().len(), 1);
    let codes: Vec<_> = answer["failures"].as_array().unwrap().iter().map(|f| f["failureCode"].clone()).collect();
    let wanted = ["ImageNotFound", "InvalidImageDigest", "MissingDigestAndTag", "ImageTagDoesNotMatchDigest"];
    assert_eq!(codes, wanted.map(Value::from));
    let asked = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v9"}]});
    assert_eq!(client.ecr("DescribeImages", asked).await.unwrap_err(), "ImageNotFoundException");
}

#[tokio::test]
async fn the_last_tag_takes_the_image_along() {
    let client = Client::start().await;
    let digest = client.push_image("app", "v1", b"layer").await;
    client.push_image("app", "v2", b"layer").await;
    let delete = async |tag: &str| {
        let input = json!({"repositoryName": "app", "imageIds": [{"imageTag": tag}]});
        client.ecr("BatchDeleteImage", input).await.unwrap()
    };
    let by_digest = format!("/v2/app/manifests/{digest}");
    delete("v1").await;
    assert_eq!(client.get(&by_digest).await.status(), StatusCode::OK);
    delete("v2").await;
    assert_eq!(client.get(&by_digest).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(delete("v2").await["failures"][0]["failureCode"], "ImageNotFound");
}

#[tokio::test]
async fn referrers_and_lists_come_in_pages() {
    let client = Client::start().await;
    let image = client.push_image("app", "v1", b"layer").await;
    for artifact_type in ["application/vnd.a", "application/vnd.b", "application/vnd.c"] {
        client.attach("app", image, artifact_type).await;
    }
    let subject = json!({"imageDigest": image});
    let (mut found, mut token) = (0, Value::Null);
    for _ in 0..2 {
        let asked = json!({"repositoryName": "app", "subjectId": subject, "maxResults": 2, "nextToken": token});
        let page = client.ecr("ListImageReferrers", asked).await.unwrap();
        found += page["referrers"].as_array().unwrap().len();
        token = page["nextToken"].clone();
    }
    assert_eq!((found, token), (3, Value::Null));
    let filter = json!({"artifactTypes": ["application/vnd.b"]});
    let asked = json!({"repositoryName": "app", "subjectId": subject, "filter": filter});
    let one = client.ecr("ListImageReferrers", asked).await.unwrap();
    assert_eq!(one["referrers"].as_array().unwrap().len(), 1);
    assert_eq!(one["referrers"][0]["artifactType"], "application/vnd.b");
    let untagged = json!({"repositoryName": "app", "filter": {"tagStatus": "UNTAGGED"}});
    assert_eq!(client.ecr("ListImages", untagged).await.unwrap()["imageIds"].as_array().unwrap().len(), 3);
    let page = json!({"repositoryName": "app", "nextToken": "nonsense"});
    assert_eq!(client.ecr("ListImages", page).await.unwrap_err(), "InvalidParameterException");
}

#[tokio::test]
async fn immutability_can_be_changed_with_exclusions() {
    let client = Client::start().await;
    client.push_image("app", "dev-1", b"first").await;
    client.push_image("app", "v1", b"first").await;
    let put = |exclusions: Value| {
        json!({
            "repositoryName": "app", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": exclusions,
        })
    };
    let wrong = client.ecr("PutImageTagMutability", put(json!([]))).await;
    assert_eq!(wrong.unwrap_err(), "InvalidParameterException");
    let filters = json!([{"filterType": "WILDCARD", "filter": "dev-*"}]);
    let answer = client.ecr("PutImageTagMutability", put(filters.clone())).await.unwrap();
    assert_eq!(answer["imageTagMutabilityExclusionFilters"], filters);
    let second = client.image("app", b"second").await;
    assert_eq!(client.put_manifest("app", "dev-1", &second).await.status(), StatusCode::CREATED);
    assert_eq!(client.put_manifest("app", "v1", &second).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_repository_with_images_is_deleted_only_by_force() {
    let client = Client::start().await;
    client.push_image("app", "v1", b"layer").await;
    let delete = json!({"repositoryName": "app"});
    assert_eq!(client.ecr("DeleteRepository", delete).await.unwrap_err(), "RepositoryNotEmptyException");
    let force = json!({"repositoryName": "app", "force": true});
    let gone = client.ecr("DeleteRepository", force).await.unwrap();
    assert_eq!(gone["repository"]["repositoryUri"], format!("{}/app", client.host()));
    let asked = json!({"repositoryNames": ["app"]});
    assert_eq!(client.ecr("DescribeRepositories", asked).await.unwrap_err(), "RepositoryNotFoundException");
    assert_eq!(client.ecr("DescribeImageScanFindings", json!({})).await.unwrap_err(), "NotImplemented");
}
