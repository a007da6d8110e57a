//! The runner's list of what a job makes: added to by a stamp, and read where no image is given.

use crate::world::World;
use github::Exit;
use serde_json::json;
use std::fs;

/// The variables of a runner that keeps a list, which holds these images.
fn job(world: &World, images: &[String]) -> Vec<(String, String)> {
    let subjects = images.iter().map(|image| {
        let (name, digest) = image.split_once('@').unwrap();
        json!({"name": name, "digest": digest, "kind": "oci"})
    });
    let file = json!({"name": "app.tar", "digest": format!("sha256:{}", "0".repeat(64)), "kind": "file"});
    let list = json!({"version": 1, "subjects": subjects.chain([file]).collect::<Vec<_>>()});
    let place = |name: &str| world.path().join(name).display().to_string();
    fs::write(place("list.json"), list.to_string()).unwrap();
    fs::write(place("artifacts"), "").unwrap();
    let own = [("GITHUB_ARTIFACTS_LIST", place("list.json")), ("GITHUB_ARTIFACTS", place("artifacts"))];
    let token = world.sandbox.env().into_iter().filter(|(name, _)| name.starts_with("ACTIONS_ID_TOKEN"));
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(token).collect()
}

#[tokio::test]
async fn the_image_an_earlier_step_declared_is_stamped_and_declared() {
    let world = World::new().await;
    world.run(&[]).await.unwrap();
    let image = world.push().await;
    let job_env = job(&world, &[image.to_string().replace('@', ":v1@")]);
    let stamped = world.run_with(&["--signing-key=key.pem"], &job_env).await.unwrap();
    assert_eq!((stamped.verdict(), stamped.get("digest")), ("stamped", Some(image.digest.to_string().as_str())));
    let declared = fs::read_to_string(world.path().join("artifacts")).unwrap();
    assert_eq!(declared, format!("file://run-manifest.json\noci://{image}\n"));

    let verified = world.run_with(&["--mode=verify", "--public-key=key.pub.pem"], &job_env).await.unwrap();
    assert_eq!((verified.exit(), verified.get("digest")), (Exit::Done, stamped.get("digest")));
    // Without a key there is nothing to do with an image, so the list is not asked.
    let written = world.run_with(&[], &job_env).await.unwrap();
    assert_eq!((written.verdict(), written.get("digest")), ("written", Some("")));
}

#[tokio::test]
async fn which_of_several_images_is_meant_is_not_guessed() {
    let world = World::new().await;
    let digest = format!("sha256:{}", "1".repeat(64));
    let two = ["ghcr.io/acme/one", "ghcr.io/acme/two"].map(|name| format!("{name}@{digest}"));
    let failure = world.run_with(&["--signing-key=key.pem"], &job(&world, &two)).await.unwrap_err();
    let told = failure.to_string();
    assert!(told.contains("declared several: ghcr.io/acme/one, ghcr.io/acme/two"), "{told}");
    let odd = [format!("no registry here@{digest}")];
    let failure = world.run_with(&["--signing-key=key.pem"], &job(&world, &odd)).await.unwrap_err();
    assert!(failure.to_string().contains("cannot be used"), "{failure}");
}
