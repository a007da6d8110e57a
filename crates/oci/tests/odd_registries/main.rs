//! Registries that ask for tokens, are out of order, redirect, page, lie or talk too much.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../support/scripted.rs"]
#[allow(clippy::unwrap_used, reason = "a test stops where it stands")]
mod scripted;

mod capabilities;
mod listings;
#[path = "../support/mod.rs"]
mod support;
mod tags;

use oci::{Anonymous, Artifact, Descriptor, Error, ErrorKind, ImageManifest, Login, Manifest, Registry, Static, media};
use scripted::{Answer, Asked, Scripted};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use subject::{Digest, ImageRef, Repository};
use transport::Pauses;

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn registry(login: Option<(&str, Login)>) -> Registry {
    let registry = match login {
        Some((host, login)) => Registry::new(Arc::new(Static::new(host, login))),
        None => Registry::new(Arc::new(Anonymous)),
    };
    let (first, longest) = (Duration::from_millis(2), Duration::from_millis(10));
    registry.unwrap().with_pauses(Pauses { attempts: 4, first, longest })
}

fn manifest(subject: Option<Descriptor>) -> Manifest {
    let manifest = ImageManifest {
        schema_version: 2,
        media_type: Some(media::IMAGE_MANIFEST.into()),
        artifact_type: Some(BUNDLE.into()),
        config: Descriptor::of(media::EMPTY, b"{}"),
        layers: vec![Descriptor::of(BUNDLE, b"bundle")],
        subject,
        annotations: BTreeMap::new(),
    };
    Manifest::parse(serde_json::to_vec(&manifest).unwrap().into(), None).unwrap()
}

fn ok(manifest: &Manifest) -> Answer {
    (200, vec![("content-type", manifest.media_type.clone())], manifest.bytes.to_vec())
}

fn image_at(host: &str, digest: Digest) -> ImageRef {
    Repository::new(host, "org/app").unwrap().image(digest)
}

const NOT_FOUND: fn() -> Answer =
    || (404, vec![], br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}"#.to_vec());

#[tokio::test]
async fn a_token_is_asked_for_once_per_repository_and_again_when_it_has_run_out() {
    let image = manifest(None);
    let (digest, tokens) = (image.digest, Arc::new(AtomicUsize::new(0)));
    let issued = tokens.clone();
    let server = Scripted::start(move |asked: &Asked, host: &str| {
        if asked.line.starts_with("GET /token") {
            assert_eq!(asked.header("authorization"), "Basic dXNlcjpwYXNz");
            let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
            return (200, vec![], format!(r#"{{"token":"good{number}"}}"#).into_bytes());
        }
        // Every token is good until the next one is issued.
        let current = format!("Bearer good{}", issued.load(Ordering::SeqCst));
        if asked.header("authorization") == current {
            return ok(&image);
        }
        let challenge = format!(r#"Bearer realm="http://{host}/token",service="here",scope="repository:org/app:pull""#);
        (401, vec![("www-authenticate", challenge)], vec![])
    })
    .await;
    let registry = registry(Some((&server.host, Login::new("user", "pass".into()))));
    let image = image_at(&server.host, digest);
    for _ in 0..3 {
        registry.manifest(&image).await.unwrap();
    }
    let token = "GET /token?scope=repository%3Aorg%2Fapp%3Apull&service=here";
    let manifest = format!("GET /v2/org/app/manifests/{digest}");
    assert_eq!(server.lines(), [&manifest, token, &manifest, &manifest, &manifest]);
    // Another repository has another scope, and takes the first one's token away on this server.
    let other = Repository::new(&server.host, "org/other").unwrap().image(digest);
    registry.manifest(&other).await.unwrap();
    registry.manifest(&image).await.unwrap();
    assert_eq!(tokens.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_identity_token_is_exchanged_as_oauth2_wants_it() {
    let image = manifest(None);
    let digest = image.digest;
    let server = Scripted::start(move |asked: &Asked, host: &str| match asked.header("authorization") {
        "Bearer fresh" => ok(&image),
        _ if asked.line.starts_with("POST /token") => (200, vec![], br#"{"access_token":"fresh"}"#.to_vec()),
        _ => (401, vec![("www-authenticate", format!(r#"Bearer realm="http://{host}/token",service="s""#))], vec![]),
    })
    .await;
    let registry = registry(Some((&server.host, Login::token("identity".into()))));
    registry.manifest(&image_at(&server.host, digest)).await.unwrap();
    let form = String::from_utf8(server.asked()[1].body.to_vec()).unwrap();
    for part in
        ["grant_type=refresh_token", "refresh_token=identity", "scope=repository%3Aorg%2Fapp%3Apull", "service=s"]
    {
        assert!(form.contains(part), "{form}");
    }
}

#[tokio::test]
async fn a_password_is_never_sent_to_a_token_server_without_https() {
    let realm = |realm: &'static str| async move {
        let server = Scripted::start(move |_: &Asked, _: &str| {
            (401, vec![("www-authenticate", format!(r#"Bearer realm="{realm}""#))], vec![])
        })
        .await;
        let registry = registry(Some((&server.host, Login::new("user", "pass".into()))));
        registry.manifest(&image_at(&server.host, Digest::of(b""))).await.unwrap_err()
    };
    for bad in ["http://tokens.example/token", "ftp://tokens.example/", "tokens", ""] {
        let error = realm(bad).await;
        assert!(error.to_string().contains("no https address") || error.is_unauthorized(), "{bad}: {error}");
    }
}

#[tokio::test]
async fn an_outage_is_waited_out_and_a_long_one_is_called_temporary() {
    for (status, failures, wanted) in
        [(503, 2, Ok(())), (429, 3, Ok(())), (500, 9, Err(4)), (502, 9, Err(4)), (403, 9, Err(1))]
    {
        let (image, count) = (manifest(None), Arc::new(AtomicUsize::new(0)));
        let (digest, seen) = (image.digest, count.clone());
        let server = Scripted::start(move |_: &Asked, _: &str| {
            if seen.fetch_add(1, Ordering::SeqCst) < failures {
                (status, vec![("retry-after", "0".into())], vec![])
            } else {
                ok(&image)
            }
        })
        .await;
        let result = registry(None).manifest(&image_at(&server.host, digest)).await;
        match wanted {
            Ok(()) => assert!(result.is_ok(), "{status}"),
            Err(attempts) => {
                let error = result.unwrap_err();
                assert_eq!(count.load(Ordering::SeqCst), attempts, "{status}");
                assert_eq!(error.is_temporary(), status >= 500, "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_is_followed_without_the_login() {
    let elsewhere = Scripted::start(|_: &Asked, _: &str| (200, vec![], b"content".to_vec())).await;
    let target = elsewhere.host.clone();
    let server = Scripted::start(move |asked: &Asked, _: &str| match asked.header("authorization") {
        "" => (401, vec![("www-authenticate", "Basic realm=\"here\"".into())], vec![]),
        _ => (307, vec![("location", format!("http://{target}/blob"))], vec![]),
    })
    .await;
    let registry = registry(Some((&server.host, Login::new("user", "pass".into()))));
    let repository = Repository::new(&server.host, "org/app").unwrap();
    let blob = Descriptor::of("text/plain", b"content");
    assert_eq!(registry.blob_bytes(&repository, &blob, 7).await.unwrap(), "content");
    assert_eq!(server.asked()[1].header("authorization"), "Basic dXNlcjpwYXNz");
    assert_eq!(elsewhere.asked()[0].header("authorization"), "");
    // And what came from there is checked all the same.
    let other = Descriptor::of("text/plain", b"CONTENT");
    assert_eq!(registry.blob_bytes(&repository, &other, 100).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn an_upload_that_is_sent_elsewhere_does_not_take_the_login_along() {
    let storage = Scripted::start(|_: &Asked, _: &str| (201, vec![], vec![])).await;
    let target = storage.host.clone();
    let server =
        Scripted::start(move |asked: &Asked, _: &str| match (asked.header("authorization"), asked.line.as_str()) {
            ("", _) => (401, vec![("www-authenticate", "Basic".into())], vec![]),
            (_, line) if line.starts_with("HEAD") => (404, vec![], vec![]),
            _ => (202, vec![("location", format!("http://{target}/upload?session=1"))], vec![]),
        })
        .await;
    let registry = registry(Some((&server.host, Login::new("user", "pass".into()))));
    let repository = Repository::new(&server.host, "org/app").unwrap();
    let blob = registry.push_blob(&repository, "text/plain", "content".into()).await.unwrap();
    let upload = &storage.asked()[0];
    assert_eq!(upload.line, format!("PUT /upload?session=1&digest={}", blob.digest.to_string().replace(':', "%3A")));
    assert_eq!((upload.header("authorization"), &upload.body[..]), ("", &b"content"[..]));
}

#[tokio::test]
async fn a_registrys_words_are_short_clean_and_free_of_secrets() {
    let answers: [(Answer, &str); 3] = [
        (
            (
                400,
                vec![],
                format!(
                    r#"{{"errors":[{{"code":"DENIED","message":"no, open sesame\n::error::{}"}}]}}"#,
                    "x".repeat(5000)
                )
                .into_bytes(),
            ),
            "DENIED (no, *** ::error::xxx",
        ),
        ((400, vec![], b"<html>".repeat(1_000_000)), "400 Bad Request"),
        ((400, vec![], br#"{"errors":"#.to_vec()), "400 Bad Request"),
    ];
    for (answer, wanted) in answers {
        let server = Scripted::start(move |asked: &Asked, _: &str| match asked.header("authorization") {
            "" => (401, vec![("www-authenticate", "Basic".into())], vec![]),
            _ => answer.clone(),
        })
        .await;
        let registry = registry(Some((&server.host, Login::new("user", "open sesame".into()))));
        let error = registry.manifest(&image_at(&server.host, Digest::of(b""))).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(
            text.contains(wanted) && text.len() < 900 && !text.contains("sesame") && !text.contains('\n'),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_asked_for_is_refused() {
    let good = manifest(None);
    let both = br#"{"schemaVersion":2,"config":{},"layers":[],"manifests":[]}"#.to_vec();
    let foreign =
        br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","config":{},"layers":[]}"#
            .to_vec();
    let cases: [(Vec<u8>, Option<&str>, &str); 7] = [
        (good.bytes.to_vec(), Some(media::IMAGE_INDEX), "calls itself"),
        (vec![b' '; oci::MANIFEST_LIMIT + 1], None, "longer than"),
        (both, None, "both an image and an index"),
        (foreign, None, "does not fit its content"),
        (br#"{"schemaVersion":1}"#.to_vec(), None, "schema version 1"),
        (b"<html>".to_vec(), None, "not a manifest"),
        (
            br#"{"schemaVersion":2,"config":{"digest":"sha256:short","size":1},"layers":[]}"#.to_vec(),
            None,
            "not a manifest",
        ),
    ];
    for (body, media_type, wanted) in cases {
        let digest = Digest::of(&body);
        let server = Scripted::start(move |_: &Asked, _: &str| {
            (
                200,
                media_type.map(|media_type| ("content-type", media_type.to_owned())).into_iter().collect(),
                body.clone(),
            )
        })
        .await;
        let error = registry(None).manifest(&image_at(&server.host, digest)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(wanted) && error.to_string().len() < 500, "wanted `{wanted}`: {error}");
    }
    let server = Scripted::start(move |_: &Asked, _: &str| ok(&good)).await;
    let error = registry(None).manifest(&image_at(&server.host, Digest::of(b"other"))).await.unwrap_err();
    assert!(error.to_string().contains("the registry answered with"), "{error}");
}

/// A registry with the referrers API over a fixed set of referrers, two to a page.
fn with_api(
    image: Manifest,
    referrers: Vec<Manifest>,
    listed: Vec<Digest>,
) -> impl Fn(&Asked, &str) -> Answer + Send + Sync {
    move |asked, _| {
        let path = asked.line.split(' ').nth(1).unwrap();
        if let Some(rest) = path.strip_prefix("/v2/org/app/referrers/") {
            let page: usize = rest.split_once("page=").map_or(0, |(_, page)| page.parse().unwrap());
            // As a careless registry lists them: without types and notes.
            let entries: Vec<_> =
                listed.iter().skip(page * 2).take(2).map(|digest| Descriptor::new(media::EMPTY, *digest, 1)).collect();
            let body = serde_json::json!({"schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "manifests": entries});
            let mut headers = vec![("content-type", media::IMAGE_INDEX.to_owned())];
            if listed.len() > (page + 1) * 2 {
                headers.push((
                    "link",
                    format!("</v2/org/app/referrers/{}?page={}>; rel=\"next\"", image.digest, page + 1),
                ));
            }
            return (200, headers, body.to_string().into_bytes());
        }
        let all = std::iter::once(&image).chain(&referrers);
        all.clone().find(|manifest| path.ends_with(&manifest.digest.to_string())).map_or_else(NOT_FOUND, ok)
    }
}

#[tokio::test]
async fn a_paged_listing_is_read_to_its_end_and_every_entry_looked_at() {
    let image = manifest(None);
    let annotated = |mark: &str| {
        let mut text: serde_json::Value = serde_json::from_slice(&manifest(Some(image.descriptor())).bytes).unwrap();
        text["annotations"] = serde_json::json!({"mark": mark});
        Manifest::parse(text.to_string().into_bytes().into(), None).unwrap()
    };
    let referrers = ["1", "2", "3"].map(annotated);
    let foreign = manifest(Some(Descriptor::of(media::IMAGE_MANIFEST, b"another image")));
    let missing = Digest::of(b"missing");
    let [one, two, three] = [0, 1, 2].map(|at| referrers[at].digest);
    let listed = vec![one, two, image.digest, foreign.digest, missing, three, one];
    let kept = [referrers.to_vec(), vec![foreign.clone()]].concat();
    let server = Scripted::start(with_api(image.clone(), kept, listed)).await;
    let found = registry(None).referrers(&image_at(&server.host, image.digest), Some(BUNDLE)).await.unwrap();
    assert_eq!(found.found.iter().map(|referrer| referrer.digest()).collect::<Vec<_>>(), [one, two, three]);
    assert_eq!(found.found[2].manifest.annotations()["mark"], "3");
    let refused: Vec<_> = found.refused.iter().map(|refused| refused.digest).collect();
    assert_eq!(refused, [image.digest, foreign.digest, missing]);
}

#[tokio::test]
async fn an_outage_of_the_referrers_api_is_no_absence_of_evidence() {
    for (status, wanted) in [(500, ErrorKind::Temporary), (403, ErrorKind::Unauthorized)] {
        let server =
            Scripted::start(
                move |asked: &Asked, _: &str| {
                    if asked.line.contains("/referrers/") { (status, vec![], vec![]) } else { NOT_FOUND() }
                },
            )
            .await;
        let error = registry(None).referrers(&image_at(&server.host, Digest::of(b"image")), None).await.unwrap_err();
        assert_eq!(error.kind(), wanted, "{error}");
    }
    // A page that says it is one and is something else: no API, and nothing under the fallback tag.
    let server = Scripted::start(|asked: &Asked, _: &str| {
        if asked.line.contains("/referrers/") {
            (200, vec![("content-type", "text/html".into())], b"<html>".to_vec())
        } else {
            NOT_FOUND()
        }
    })
    .await;
    let none = registry(None).referrers(&image_at(&server.host, Digest::of(b"image")), None).await.unwrap();
    assert!(none.found.is_empty() && none.refused.is_empty());
}

/// A registry that takes everything; what its tags and listing then say is the test's.
async fn attach_to(
    script: impl Fn(&Asked, &Manifest) -> Option<Answer> + Send + Sync + 'static,
) -> (Result<Digest, Error>, Scripted, Registry) {
    let image = manifest(None);
    let digest = image.digest;
    let server = Scripted::start(move |asked: &Asked, _: &str| {
        let own = script(asked, &image);
        own.unwrap_or_else(|| match asked.line.as_str() {
            line if line.starts_with("HEAD") => (200, vec![], vec![]),
            line if line.starts_with("PUT") => (201, vec![], vec![]),
            line if line.ends_with(&image.digest.to_string()) && line.contains("/manifests/") => ok(&image),
            _ => NOT_FOUND(),
        })
    })
    .await;
    let artifact = Artifact {
        artifact_type: BUNDLE.into(),
        media_type: BUNDLE.into(),
        bytes: "bundle".into(),
        annotations: BTreeMap::new(),
    };
    let registry = registry(None);
    (registry.attach(&image_at(&server.host, digest), &artifact).await, server, registry)
}

#[tokio::test]
async fn a_registry_that_promises_to_list_a_referrer_and_does_not_is_found_out() {
    let (result, _, _registry) = attach_to(|asked, image| match asked.line.as_str() {
        line if line.contains("/referrers/") => {
            let empty = serde_json::json!({"schemaVersion": 2, "manifests": []}).to_string();
            Some((200, vec![("content-type", media::IMAGE_INDEX.into())], empty.into_bytes()))
        }
        line if line.starts_with("PUT") => Some((201, vec![("oci-subject", image.digest.to_string())], vec![])),
        _ => None,
    })
    .await;
    let error = result.unwrap_err();
    assert!(error.to_string().contains("promised to list it"), "{error}");
    assert!(error.is_temporary());
}

#[tokio::test]
async fn a_registry_that_promises_but_has_no_api_gets_the_fallback_tag() {
    let tagged: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let kept = tagged.clone();
    let (result, _, _registry) = attach_to(move |asked, image| {
        let mut kept = kept.lock().unwrap();
        match asked.line.as_str() {
            line if line.contains("/manifests/sha256-") && line.starts_with("PUT") => {
                *kept = Some(asked.body.to_vec());
                Some((201, vec![], vec![]))
            }
            line if line.contains("/manifests/sha256-") => Some(
                kept.clone()
                    .map_or_else(NOT_FOUND, |body| (200, vec![("content-type", media::IMAGE_INDEX.into())], body)),
            ),
            line if line.starts_with("PUT") => Some((201, vec![("oci-subject", image.digest.to_string())], vec![])),
            _ => None,
        }
    })
    .await;
    let digest = result.unwrap();
    let index: serde_json::Value = serde_json::from_slice(tagged.lock().unwrap().as_ref().unwrap()).unwrap();
    assert_eq!(index["manifests"][0]["digest"], digest.to_string());
}

#[tokio::test]
async fn a_lost_race_for_the_fallback_tag_is_run_again_and_nobodys_entry_is_lost() {
    /// The tag: its number of writings is its mark.
    #[derive(Default)]
    struct Tag {
        index: Vec<serde_json::Value>,
        version: usize,
        conditions: Vec<String>,
    }
    let tag: Arc<Mutex<Tag>> = Arc::default();
    let shared = tag.clone();
    let (result, server, registry) = attach_to(move |asked, _| {
        let mut tag = shared.lock().unwrap();
        let mark = format!("\"v{}\"", tag.version);
        if !asked.line.contains("/manifests/sha256-") {
            return None;
        }
        if asked.line.starts_with("GET") {
            if tag.version == 0 {
                return Some(NOT_FOUND());
            }
            let body = serde_json::json!({"schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "manifests": tag.index});
            return Some((
                200,
                vec![("content-type", media::IMAGE_INDEX.into()), ("etag", mark)],
                body.to_string().into_bytes(),
            ));
        }
        let condition = format!("{}{}", asked.header("if-match"), asked.header("if-none-match"));
        tag.conditions.push(condition.clone());
        // Somebody else is quicker, twice.
        if tag.conditions.len() <= 2 {
            let other = Descriptor::of(media::IMAGE_MANIFEST, tag.version.to_string().as_bytes());
            tag.index.push(serde_json::to_value(other).unwrap());
            tag.version += 1;
            return Some((412, vec![], vec![]));
        }
        assert_eq!(condition, mark);
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        tag.index = body["manifests"].as_array().unwrap().clone();
        tag.version += 1;
        Some((201, vec![], vec![]))
    })
    .await;
    let digest = result.unwrap();
    let tag = tag.lock().unwrap();
    assert_eq!(tag.conditions, ["*", "\"v1\"", "\"v2\""]);
    assert_eq!(tag.index.len(), 3, "both of the others and ours");
    let repository = Repository::new(&server.host, "org/app").unwrap();
    assert_eq!(
        registry.capabilities(&repository).conditional_writes,
        Some(true),
        "it has shown that it keeps conditions"
    );
    assert_eq!(tag.index[2]["digest"], digest.to_string());
}

#[tokio::test]
async fn what_ecr_does_not_accept_is_never_sent() {
    let image = manifest(None);
    let kept = image.clone();
    let serving = Scripted::start(move |_: &Asked, _: &str| ok(&kept)).await;
    for bad in ["application/vnd.x;version=0.2", "application/spdx+json", "nonsense", "", "a/b/c", "application/vnd.ä"]
    {
        let artifact = Artifact {
            artifact_type: bad.into(),
            media_type: BUNDLE.into(),
            bytes: "b".into(),
            annotations: BTreeMap::new(),
        };
        let error = registry(None).attach(&image_at(&serving.host, image.digest), &artifact).await.unwrap_err();
        assert!(error.to_string().contains("without parameters"), "{error}");
    }
    assert!(serving.lines().iter().all(|line| line.starts_with("GET")), "nothing was written");
}
