//! The stamp of an earlier run, made again.

use crate::world::World;
use github::Exit;
use std::fs;

#[tokio::test]
async fn a_stamp_is_made_again_from_its_run_and_anything_else_is_told() {
    let world = World::new().await;
    let (image, _) = world.stamped().await;
    fs::remove_file(world.path().join("run-manifest.json")).unwrap();
    let image = format!("--image={image}");
    let replay = ["--mode=replay", &image, "--public-key=key.pub.pem", "--run-id=4711"];
    let same = world.run(&replay).await.unwrap();
    assert_eq!((same.exit(), same.verdict()), (Exit::Done, "reproduced"), "{}", same.headline());
    assert_eq!((same.get("run-id"), same.get("findings")), (Some("4711"), Some("0")));
    assert!(!world.path().join("run-manifest.json").exists(), "a replay writes nothing");

    fs::write(world.path().join("data/boundaries.json"), "{}").unwrap();
    let other = world.run(&replay).await.unwrap();
    assert_eq!((other.exit(), other.verdict()), (Exit::Refused, "refused"), "{}", other.headline());
    let summary = other.summary_markdown();
    for part in [
        "`fields.boundary_hash`",
        "`inputs.boundary_hash.files.data/boundaries.json.digest.sha256`",
        "`source.modified`",
    ] {
        assert!(summary.contains(part), "{part}:\n{summary}");
    }

    let another = ["--mode=replay", &image, "--public-key=key.pub.pem", "--run-id=4712"];
    let unknown = world.run(&another).await.unwrap();
    assert_eq!((unknown.exit(), unknown.verdict()), (Exit::Unknown, "unknown"), "{}", unknown.headline());
    assert!(unknown.headline().contains("of run 4712; those it carries are of 4711"), "{}", unknown.headline());
}

#[tokio::test]
async fn what_a_replay_needs_is_told_at_once() {
    let world = World::new().await;
    let failure = world.run(&["--mode=replay", "--url=https://x.example"]).await.unwrap_err();
    let told = failure.to_string();
    for word in ["image: needed", "run-id: needed", "url: is nothing that"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let failure = world.run(&["--run-id=1"]).await.unwrap_err();
    assert!(failure.to_string().contains("run-id: belongs to `mode: replay`"), "{failure}");
}
