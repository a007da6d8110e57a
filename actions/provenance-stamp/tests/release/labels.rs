//! The contract's values on the image itself: printed for the builder, held to by `stamp` and `verify`.

use crate::world::World;
use github::Exit;
use std::fs;

/// A world whose contract asks for labels.
async fn world() -> World {
    let world = World::new().await;
    let contract = world.path().join("provenance.yml");
    let labels = "labels:\n  org.opencontainers.image.revision: git_sha\n  org.example.logic-version: logic_version\n  \
                  org.opencontainers.image.created: generated_at_utc\n";
    fs::write(&contract, fs::read_to_string(&contract).unwrap() + labels).unwrap();
    world
}

#[tokio::test]
async fn the_labels_that_are_printed_are_the_ones_an_image_is_held_to() {
    let world = world().await;
    let written = world.run(&[]).await.unwrap();
    let labels = written.get("labels").unwrap().to_owned();
    let revision = format!("org.opencontainers.image.revision={}", world.commit);
    assert_eq!(labels.lines().count(), 3);
    assert!(labels.starts_with(&revision) && labels.contains("org.example.logic-version=1.4.0"), "{labels}");

    let image = world.push_with(&[("amd64", &labels), ("arm64", &labels)]).await;
    let stamped = world.run(&[&format!("--image={image}"), "--signing-key=key.pem"]).await.unwrap();
    assert_eq!(
        (stamped.verdict(), stamped.get("labels")),
        ("stamped", Some(labels.as_str())),
        "{}",
        stamped.headline()
    );
    let verified = world.verify(&image, &[]).await;
    assert_eq!(verified.exit(), Exit::Done, "{}", verified.headline());
}

#[tokio::test]
async fn an_image_that_says_otherwise_is_not_stamped() {
    let world = world().await;
    let labels = world.run(&[]).await.unwrap().get("labels").unwrap().to_owned();
    let other = labels.replace("1.4.0", "1.3.0");
    let without: Vec<&str> = labels.lines().filter(|line| !line.contains("revision")).collect();
    let image = world.push_with(&[("amd64", &other), ("arm64", &without.join("\n"))]).await;
    let refused = world.run(&[&format!("--image={image}"), "--signing-key=key.pem"]).await.unwrap();
    assert_eq!((refused.exit(), refused.get("findings")), (Exit::Refused, Some("2")), "{}", refused.headline());
    let summary = refused.summary_markdown();
    for part in [
        "label org.example.logic-version of linux/amd64",
        "is missing; label org.opencontainers.image.revision of linux/arm64",
    ] {
        assert!(summary.contains(part), "{part}:\n{summary}");
    }
    assert!(world.statements(&image).await.is_empty());
}

#[tokio::test]
async fn a_verification_tells_every_wrong_label_with_everything_else() {
    let world = world().await;
    // The contract asks for labels only after the image was stamped without any.
    let contract = world.path().join("provenance.yml");
    let with_labels = fs::read_to_string(&contract).unwrap();
    fs::write(&contract, with_labels.split("labels:").next().unwrap()).unwrap();
    let (image, _) = world.stamped().await;
    fs::write(&contract, with_labels).unwrap();
    let manifest = world.path().join("old.json");
    fs::write(
        &manifest,
        r#"{"git_sha": 1, "weather_fetched_at": "2020-01-01T00:00:00Z", "generated_at_utc": "2999-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    let refused = world.verify(&image, &["--manifest=old.json"]).await;
    // Three labels are missing; of the manifest's nine fields one has another type, one is old, one new, six are missing.
    assert_eq!((refused.exit(), refused.get("findings")), (Exit::Refused, Some("12")), "{}", refused.headline());
    let summary = refused.summary_markdown();
    for part in ["the image's labels", "the manifest", "| type |", "| stale |", "| future |", "| missing |"] {
        assert!(summary.contains(part), "{part}:\n{summary}");
    }
}
