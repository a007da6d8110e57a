//! The ground the other suites stand on.

use e2e::{outside, world::World};

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_serves_the_image_that_was_pushed() {
    let (Some(tree), Some(service)) = (outside::tree(), outside::sample_service()) else { return };
    let world = World::start(&service).await.unwrap();
    let release = world.release("good", &tree).await.unwrap();
    let staging = world.environment("staging", &release.image, 2).await.unwrap();
    assert_eq!(world.version(&staging).await.unwrap()["git_sha"], release.commit.as_str());
    assert_eq!(world.running_digests(&staging).await.unwrap(), vec![release.image.digest.to_string(); 2]);
    let again = world.release("good", &tree).await.unwrap();
    assert_ne!(again.image.digest, release.image.digest, "another commit is another image");
}
