//! Cancelling through the launcher, as the runner does it: signals to the entry process alone, then the post step.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use e2e::{
    Running, Step, outside,
    world::{Environment, Release, World},
};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// Production on a good release, and a step in the middle of deploying one that never becomes ready.
struct Midway {
    world: World,
    production: Environment,
    good: Release,
    step: Step,
    running: Running,
}

async fn midway() -> Option<Midway> {
    let (tree, service): (PathBuf, PathBuf) = (outside::tree()?, outside::sample_service()?);
    let world = World::start(&service).await.unwrap();
    let good = world.release("good", &tree).await.unwrap();
    let production = world.environment("production", &good.image, 2).await.unwrap();
    let unready = world.unready_release().await.unwrap();
    let step = Step::of(&tree, "ecs-deploy", &world.repository)
        .env(world.run_env(&unready.commit))
        .with("cluster", &production.cluster)
        .with("service", &production.service)
        .with("image", &unready.image)
        .with("poll-seconds", 1);
    let mut running = step.start().unwrap();
    running.until("our deployment is").unwrap();
    Some(Midway { world, production, good, step, running })
}

impl Midway {
    /// Waits until the newest deployment's status begins with `word`, and says how long that took.
    async fn until(&self, word: &str) -> Duration {
        let start = Instant::now();
        loop {
            let newest = self.world.deployments(&self.production).await.unwrap()[0]["status"].clone();
            if newest.as_str().unwrap().starts_with(word) {
                return start.elapsed();
            }
            assert!(start.elapsed() < Duration::from_secs(30), "the deployment is {newest}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Production serves the good release, in every task.
    async fn is_whole(&self) {
        assert_eq!(self.world.version(&self.production).await.unwrap()["git_sha"], self.good.commit.as_str());
        let running = self.world.running_digests(&self.production).await.unwrap();
        assert!(running.iter().all(|digest| *digest == self.good.image.digest.to_string()), "{running:?}");
        assert!(!running.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_starts_the_rollback_within_a_second_and_the_launcher_passes_it_on() {
    let Some(mut midway) = midway().await else { return };
    midway.running.signal("INT").unwrap();
    let took = midway.until("ROLLBACK").await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    let outcome = midway.running.cancel().unwrap();
    assert_eq!((outcome.exit, outcome.verdict()), (Some(130), "cancelled"), "{}", outcome.log);
    let post = midway.step.post(&outcome).unwrap();
    assert_eq!(post.exit, Some(0), "{}", post.log);
    midway.until("ROLLBACK_SUCCESSFUL").await;
    midway.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_killed_launcher_its_child_takes_the_deployment_back_by_itself() {
    let Some(midway) = midway().await else { return };
    midway.running.signal("KILL").unwrap();
    midway.until("ROLLBACK").await;
    midway.until("ROLLBACK_SUCCESSFUL").await;
    midway.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_killed_tree_the_post_step_takes_the_deployment_back() {
    let Some(mut midway) = midway().await else { return };
    // The runner kills the whole tree: the launcher and the binary below it.
    let launcher = midway.running.id().to_string();
    let children = std::process::Command::new("pkill").args(["-KILL", "-P", &launcher]).status().unwrap();
    assert!(children.success());
    let outcome = midway.running.wait().unwrap();
    assert_eq!(outcome.exit, Some(137), "the launcher passes the signal on as a shell would: {}", outcome.log);
    let post = midway.step.post(&outcome).unwrap();
    assert_eq!(post.exit, Some(0), "{}", post.log);
    assert!(post.log.contains("taken back"), "{}", post.log);
    midway.until("ROLLBACK_SUCCESSFUL").await;
    midway.is_whole().await;
}
