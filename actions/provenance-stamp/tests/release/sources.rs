//! Fields that a program of the repository prints.

use crate::world::World;
use github::Exit;
use std::fs;

#[tokio::test]
async fn a_program_of_the_repository_dates_a_source_and_sees_no_secret() {
    let world = World::new().await;
    let contract = world.path().join("provenance.yml");
    let program =
        "#!/bin/sh\necho \"{\\\"at\\\":\\\"$(cat at)\\\",\\\"env\\\":\\\"$(env | grep -c -i -e token -e key)\\\"}\"\n";
    fs::write(world.path().join("upstream"), program).unwrap();
    std::process::Command::new("chmod").arg("+x").arg(world.path().join("upstream")).status().unwrap();
    fs::write(world.path().join("at"), "2026-09-21T05:40:00Z").unwrap();
    let fields = "version: 1\nfields:\n  \
                  as_of: {command: [./upstream], format: json, pointer: /at, type: timestamp}\n  \
                  secrets: {command: [./upstream], format: json, pointer: /env}\n  lines: {command: [sed, -n, '$=', rules.json]}\n";
    fs::write(&contract, fields).unwrap();
    let job = [
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN".to_owned(), "a-token".to_owned()),
        ("INPUT_SIGNING-KEY".to_owned(), "a key".to_owned()),
    ];
    let report = world.run_with(&[], &job).await.unwrap();
    assert_eq!(report.verdict(), "written", "{}", report.headline());
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(world.path().join("run-manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest, serde_json::json!({"as_of": "2026-09-21T05:40:00Z", "secrets": "0", "lines": "1"}));

    // A verification starts nothing: the program's answer of today is not what was stamped.
    fs::write(world.path().join("upstream"), "#!/bin/sh\ntouch ran\nexit 1\n").unwrap();
    let verified = world.run(&["--mode=verify", "--manifest=run-manifest.json"]).await.unwrap();
    assert_eq!(verified.exit(), Exit::Done, "{}", verified.headline());
    assert!(!world.path().join("ran").exists());
    // A stamp does, and what fails is not a value.
    let unknown = world.run(&[]).await.unwrap();
    assert_eq!((unknown.exit(), unknown.get("findings")), (Exit::Unknown, Some("2")), "{}", unknown.headline());
    assert!(unknown.headline().contains("`./upstream` ended with exit status: 1"), "{}", unknown.headline());
}
