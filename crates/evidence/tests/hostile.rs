//! Evidence on registries that lie, break off or are out of order: never a false yes, and never silence.
#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

#[path = "../../oci/tests/support/scripted.rs"]
#[allow(clippy::unwrap_used, dead_code, reason = "a test stops where it stands")]
mod scripted;

use attest::{BUNDLE_MEDIA_TYPE, Bundle, Reason, SigningKey, Statement, predicate};
use evidence::{Evidence, EvidenceInputs};
use github::{Exit, Runner};
use oci::{Descriptor, ImageManifest, Manifest, media};
use scripted::{Answer, Asked, Scripted};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use subject::{Digest, ImageRef, Repository};

fn image() -> Manifest {
    manifest(&json!({"layers": [Descriptor::of(media::LAYER_GZIP, b"layer")]}))
}

/// A manifest with these members, and good ones where it says nothing.
fn manifest(members: &Value) -> Manifest {
    let config = Descriptor::of(media::EMPTY, b"{}");
    let (media_type, layers) = (Some(media::IMAGE_MANIFEST.to_owned()), Vec::new());
    let (artifact_type, subject, annotations) = (None, None, BTreeMap::new());
    let good = ImageManifest { schema_version: 2, media_type, artifact_type, config, layers, subject, annotations };
    let mut good = serde_json::to_value(good).unwrap();
    for (name, value) in members.as_object().unwrap() {
        good[name] = value.clone();
    }
    Manifest::parse(good.to_string().into_bytes().into(), None).unwrap()
}

fn artifact(layers: &[Descriptor]) -> Manifest {
    manifest(&json!({"artifactType": BUNDLE_MEDIA_TYPE, "layers": layers, "subject": image().descriptor()}))
}

fn bundle(key: &SigningKey) -> Vec<u8> {
    let subjects = vec![("app".to_owned(), image().digest)];
    let statement = Statement::new(subjects, predicate::TEST_RESULT, json!({"result": "PASSED", "configuration": []}));
    Bundle::seal(&statement, key).unwrap().to_bytes()
}

/// What a registry does when it is asked for the bundle, by how often it was asked before.
type Habit = fn(usize, Vec<u8>) -> Answer;

fn honest(_: usize, bytes: Vec<u8>) -> Answer {
    (200, vec![], bytes)
}

/// A registry with the referrers API that lists this one artifact.
async fn registry(artifact: Manifest, bytes: Vec<u8>, habit: Habit) -> (Scripted, ImageRef) {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Scripted::start(move |request: &Asked, _: &str| {
        let path = request.line.split(' ').nth(1).unwrap();
        let found =
            [image(), artifact.clone()].into_iter().find(|it| path.ends_with(&format!("manifests/{}", it.digest)));
        if let Some(manifest) = found {
            return (200, vec![("content-type", manifest.media_type.clone())], manifest.bytes.to_vec());
        }
        if path.contains("/referrers/") {
            let index =
                json!({"schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "manifests": [artifact.descriptor()]});
            return (200, vec![("content-type", media::IMAGE_INDEX.into())], index.to_string().into_bytes());
        }
        if path.contains("/blobs/") {
            return habit(asked.fetch_add(1, Ordering::SeqCst), bytes.clone());
        }
        (404, vec![], vec![])
    })
    .await;
    let image = Repository::new(&server.host, "org/app").unwrap().image(image().digest);
    (server, image)
}

/// What both ways of reading make of the one piece of evidence.
async fn judged(image: &ImageRef, key: &SigningKey) -> Result<[Result<(), Reason>; 2], String> {
    let (runner, _) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &EvidenceInputs::default(), &image.repository, None).unwrap();
    let failed = |failure: github::Failure| {
        assert_eq!(failure.exit(), Exit::Unknown);
        failure.to_string()
    };
    let found = evidence.read(image, &[key.public()]).await.map_err(failed);
    let pieces = evidence.gather(image, &[key.public()]).await.map_err(failed);
    assert_eq!(found.is_err(), pieces.is_err(), "both ways of reading meet the same outage");
    let (found, pieces) = (found?, pieces?);
    assert_eq!((found.len(), pieces.len()), (1, 1), "nothing that is listed is passed over");
    let read = found[0].statement.as_ref().map(|_| ()).map_err(|rejection| rejection.reason());
    Ok([read, pieces[0].statement.as_ref().map(|_| ()).map_err(|rejection| rejection.reason())])
}

#[tokio::test]
async fn a_descriptor_that_lies_is_unreadable_evidence() {
    let key = SigningKey::generate();
    let bytes = bundle(&key);
    let good = || Descriptor::of(BUNDLE_MEDIA_TYPE, &bytes);
    let other = |artifact: Value| manifest(&artifact);
    let subject = || json!(image().descriptor());
    for (name, artifact, wanted) in [
        ("an honest one", artifact(&[good()]), Ok(())),
        ("a size too small", artifact(&[Descriptor { size: good().size - 1, ..good() }]), Err(Reason::Unreadable)),
        ("a size too large", artifact(&[Descriptor { size: good().size + 1, ..good() }]), Err(Reason::Unreadable)),
        ("64 MiB", artifact(&[Descriptor { size: 64 << 20, ..good() }]), Err(Reason::Unreadable)),
        ("another digest", artifact(&[Descriptor { digest: Digest::of(b"x"), ..good() }]), Err(Reason::Unreadable)),
        ("no layer", artifact(&[]), Err(Reason::Unreadable)),
        ("more layers than are read", artifact(&vec![good(); 257]), Err(Reason::Unreadable)),
        (
            "an index that calls itself a bundle",
            Manifest::parse(
                json!({
                    "schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "artifactType": BUNDLE_MEDIA_TYPE,
                    "manifests": [], "subject": subject(),
                })
                .to_string()
                .into_bytes()
                .into(),
                None,
            )
            .unwrap(),
            Err(Reason::Unreadable),
        ),
        (
            "a reference to another image",
            other(json!({
                "artifactType": BUNDLE_MEDIA_TYPE, "layers": [good()],
                "subject": Descriptor::of(media::IMAGE_MANIFEST, b"another"),
            })),
            Err(Reason::Unreadable),
        ),
    ] {
        let (server, image) = registry(artifact, bytes.clone(), honest).await;
        assert_eq!(judged(&image, &key).await.unwrap(), [wanted, wanted], "{name}");
        let fetched = server.lines().iter().any(|line| line.contains("/blobs/"));
        assert!(name != "64 MiB" || !fetched, "what is too large is not even asked for");
    }
}

#[tokio::test]
async fn a_layer_of_another_kind_in_a_bundle_is_no_bundle() {
    let key = SigningKey::generate();
    let bytes = bundle(&key);
    let (_server, image) = registry(artifact(&[Descriptor::of("text/plain", &bytes)]), bytes, honest).await;
    let judged = judged(&image, &key).await.unwrap();
    assert_eq!(judged[1], Err(Reason::Unreadable), "nothing in it says that it is a statement");
}

#[tokio::test]
async fn an_outage_is_an_error_and_never_missing_evidence() {
    let key = SigningKey::generate();
    let bytes = bundle(&key);
    let artifact = || artifact(&[Descriptor::of(BUNDLE_MEDIA_TYPE, &bytes)]);
    let refused: [(&str, Habit, &str); 4] = [
        (
            "a connection that always breaks",
            |_, bytes| (0, vec![], bytes[..9].to_vec()),
            "the registry may be out of order",
        ),
        ("500", |_, _| (500, vec![], vec![]), "the registry may be out of order"),
        ("429", |_, _| (429, vec![], vec![]), "the registry may be out of order"),
        ("403", |_, _| (403, vec![], vec![]), "check `registry-auth`"),
    ];
    // All at once: each is asked again for some seconds.
    let cases = refused.map(|(name, habit, help)| {
        let (artifact, bytes, key) = (artifact(), bytes.clone(), &key);
        async move {
            let (server, image) = registry(artifact, bytes, habit).await;
            let failure = judged(&image, key).await.unwrap_err();
            assert!(failure.contains(help) && failure.contains("nothing was changed"), "{name}: {failure}");
            let asked = server.lines().iter().filter(|line| line.contains("/blobs/")).count();
            // By each of the two ways of reading.
            assert_eq!(asked, 2 * if name == "403" { 1 } else { 5 }, "{name}: attempts");
        }
    });
    futures_util::future::join_all(cases).await;
    let mended: [(&str, Habit); 3] = [
        ("a connection that breaks once", |asked, bytes| match asked {
            0 => (0, vec![], bytes[..9].to_vec()),
            _ => (200, vec![], bytes),
        }),
        ("429 once", |asked, bytes| if asked == 0 { (429, vec![], vec![]) } else { (200, vec![], bytes) }),
        ("500 once", |asked, bytes| if asked == 0 { (500, vec![], vec![]) } else { (200, vec![], bytes) }),
    ];
    for (name, habit) in mended {
        let (_server, image) = registry(artifact(), bytes.clone(), habit).await;
        assert_eq!(judged(&image, &key).await, Ok([Ok(()), Ok(())]), "{name}");
    }
    let (_server, image) = registry(artifact(), bytes.clone(), |_, _| (404, vec![], vec![])).await;
    assert_eq!(judged(&image, &key).await, Ok([Err(Reason::Unreadable); 2]), "what is listed and gone is told");
}

#[tokio::test]
async fn an_outage_of_cosigns_tag_is_not_its_absence() {
    for status in [500, 403] {
        let server = Scripted::start(move |request: &Asked, _: &str| {
            if request.line.contains("/referrers/") {
                let index = json!({"schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "manifests": []});
                return (200, vec![("content-type", media::IMAGE_INDEX.into())], index.to_string().into_bytes());
            }
            (if request.line.ends_with(".att") { status } else { 404 }, vec![], vec![])
        })
        .await;
        let image = Repository::new(&server.host, "org/app").unwrap().image(image().digest);
        let (runner, _) = Runner::for_test([]);
        let evidence = Evidence::open(&runner, &EvidenceInputs::default(), &image.repository, None).unwrap();
        let failure = evidence.gather(&image, &[SigningKey::generate().public()]).await.unwrap_err();
        assert_eq!(failure.exit(), Exit::Unknown, "{failure}");
    }
}

#[tokio::test]
async fn an_artifact_of_many_statements_is_read_to_its_last() {
    let key = SigningKey::generate();
    let bytes = bundle(&key);
    let layers = vec![Descriptor::of(BUNDLE_MEDIA_TYPE, &bytes); 256];
    let (_server, image) = registry(artifact(&layers), bytes, honest).await;
    let (runner, _) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &EvidenceInputs::default(), &image.repository, None).unwrap();
    let pieces = evidence.gather(&image, &[key.public()]).await.unwrap();
    assert_eq!(pieces.iter().filter(|piece| piece.statement.is_ok()).count(), 256);
}

/// A registry that takes everything, lists it, and gives back other blobs than it took.
async fn forgetful() -> Scripted {
    let taken: Arc<std::sync::Mutex<Vec<Manifest>>> = Arc::default();
    Scripted::start(move |request: &Asked, _: &str| {
        let (verb, path) = request.line.split_once(' ').unwrap();
        let mut taken = taken.lock().unwrap();
        match verb {
            "HEAD" => (404, vec![], vec![]),
            "POST" => (202, vec![("location", "/v2/org/app/blobs/uploads/one".into())], vec![]),
            "PUT" => {
                taken.extend(Manifest::parse(request.body.clone(), None).ok());
                (201, vec![], vec![])
            }
            _ if path.contains("/referrers/") => {
                let listed: Vec<Descriptor> = taken.iter().map(Manifest::descriptor).collect();
                let index = json!({"schemaVersion": 2, "mediaType": media::IMAGE_INDEX, "manifests": listed});
                (200, vec![("content-type", media::IMAGE_INDEX.into())], index.to_string().into_bytes())
            }
            _ if path.contains("/blobs/") => (200, vec![], b"{}".to_vec()),
            _ => match [image()].iter().chain(taken.iter()).find(|it| path.ends_with(&it.digest.to_string())) {
                Some(found) => (200, vec![("content-type", found.media_type.clone())], found.bytes.to_vec()),
                None => (404, vec![], vec![]),
            },
        }
    })
    .await
}

#[tokio::test]
async fn a_statement_that_the_registry_does_not_give_back_was_not_left() {
    let server = forgetful().await;
    let image = Repository::new(&server.host, "org/app").unwrap().image(image().digest);
    let pem = SigningKey::generate().to_pem().unwrap();
    let inputs = EvidenceInputs { signing_key: Some(pem), ..EvidenceInputs::default() };
    let (runner, captured) = Runner::for_test([]);
    let evidence = Evidence::open(&runner, &inputs, &image.repository, None).unwrap();
    let failure = evidence.leave(&image, predicate::TEST_RESULT, json!({"result": "PASSED"})).await.unwrap_err();
    assert!(failure.to_string().contains("read back the statement just attached"), "{failure}");
    assert!(!captured.log().contains("attached and read back"), "{}", captured.log());
}
