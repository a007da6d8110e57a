//! The release workflow under `act`, from the release tree, against the laptop cloud: a caller's repository uses
//! `lockkeeper/actions/.github/workflows/release.yml@v1`, as on GitHub.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use e2e::{
    outside,
    world::{self, Environment, Release, World},
};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use subject::TagRef;

/// What `act` was seen to do.
struct Run {
    green: bool,
    log: String,
    entries: Vec<Value>,
}

impl Run {
    /// What a step left under a workflow command: `set-output`, `summary`.
    fn left<'a>(&'a self, command: &'a str, job: &'a str) -> impl Iterator<Item = &'a Value> {
        let hits = self.entries.iter().filter(move |entry| entry["command"] == command);
        hits.filter(move |entry| entry["job"].as_str().is_some_and(|name| name.contains(job)))
    }

    fn outputs(&self, job: &str, name: &str) -> Vec<String> {
        let named = self.left("set-output", job).filter(|entry| entry["name"] == name);
        named.filter_map(|entry| entry["arg"].as_str()).filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }
}

/// `act` knows no `$/`, so its copy of the tree names the repository and ref that `--local-repository` maps to it.
fn tree_for_act(tree: &Path, folder: &Path) -> PathBuf {
    let copy = folder.join("tree");
    assert!(Command::new("cp").arg("-r").arg(tree).arg(&copy).status().unwrap().success());
    let path = copy.join(".github/workflows/release.yml");
    let workflow = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = Vec::new();
    for line in workflow.lines() {
        match line.split_once("uses: $/") {
            Some((indent, action)) => lines.push(format!("{indent}uses: lockkeeper/actions/{action}@v1")),
            None => lines.push(line.to_owned()),
        }
    }
    fs::write(path, lines.join("\n")).unwrap();
    copy
}

/// The caller's own workflow, and the script that says which image its build made.
fn caller(world: &World, staging: &Environment, production: &Environment, release: &Release) {
    let workflows = world.repository.join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    world.write_policy().unwrap();
    let (balancer, group) = &production.dimensions;
    let workflow = format!(
        "on: push\njobs:\n  release:\n    uses: lockkeeper/actions/.github/workflows/release.yml@v1\n    with:\n      \
         build: ./build-image\n      service: {}\n      staging-cluster: {}\n      staging-url: {}\n      \
         production-cluster: {}\n      production-url: {}\n      production-repository: {}\n      promotion-policy: promotion.yml\n      \
         promotion-tags: sha-{}\n      public-key: release-key.pub.pem\n      canary-config: canary/canary.yml\n      canary-parameters: line={}\n      poll-seconds: '1'\n      \
         guardrail-parameters: |\n        load_balancer={balancer}\n        target_group={group}\n        interval=1s\n        watch=5s\n        settle=2s\n    \
         secrets:\n      signing-key: ${{{{ secrets.SIGNING_KEY }}}}\n",
        world::SERVICE,
        staging.cluster,
        staging.url,
        production.cluster,
        production.url,
        world.production_repository().unwrap(),
        release.commit,
        world::logic_line(&release.flavour)
    );
    fs::write(workflows.join("release.yml"), workflow).unwrap();
    let script = world.repository.join("build-image");
    fs::write(&script, format!("#!/bin/sh\necho \"image={}\" >> \"$GITHUB_OUTPUT\"\n", release.image)).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&script).status().unwrap().success());
}

fn act(world: &World, act: &Path, tree: &Path, folder: &Path) -> Run {
    let secrets = folder.join("secrets");
    fs::write(&secrets, format!("SIGNING_KEY=\"{}\"\n", world.signing_key.trim().replace('\n', "\\n"))).unwrap();
    let mut command = Command::new(act);
    command.args(["push", "--json", "--pull=false", "--no-cache-server", "--platform", "ubuntu-24.04=-self-hosted"]);
    command.arg("--local-repository").arg(format!("lockkeeper/actions@v1={}", tree.display()));
    command.arg("--secret-file").arg(&secrets).env("XDG_CACHE_HOME", folder.join("cache")).env("HOME", folder);
    for (name, value) in world.env() {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    let output = command.current_dir(&world.repository).stdin(Stdio::null()).output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let entries = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    Run { green: output.status.success(), log, entries }
}

/// Users ask production while the guardrails watch.
fn users(url: &str) -> tokio::task::JoinHandle<()> {
    let url = url.to_owned();
    tokio::spawn(async move {
        let http = transport::client(transport::Limits::default()).unwrap();
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(10));
        for number in 0_u64.. {
            pace.tick().await;
            let request = http.get(format!("{url}/v1/recommendations/b-{:03}", number % 40 + 1));
            tokio::spawn(async move { request.send().await.is_ok() });
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_release_is_green_and_a_healthy_but_wrong_one_is_red_and_taken_back() {
    let (Some(tree), Some(service), Some(program)) =
        (outside::tree(), outside::sample_service(), outside::program("act"))
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::start(&service).await.unwrap();
    // What act calls its runs.
    world.run_id = "1".to_owned();
    let before = world.release("good", &tree).await.unwrap();
    let staging = world.environment("staging", &before.image, 1).await.unwrap();
    let production = world.environment("production", &before.image, 2).await.unwrap();
    let users = users(&production.url);
    let tree_for_act = tree_for_act(&tree, folder.path());

    let good = world.release("good", &tree).await.unwrap();
    caller(&world, &staging, &production, &good);
    let run = act(&world, &program, &tree_for_act, folder.path());
    assert!(run.green, "{}", run.log);
    let digests = run.outputs("Production", "digest");
    assert!(
        !digests.is_empty() && digests.iter().all(|digest| *digest == good.image.digest.to_string()),
        "{digests:?}"
    );
    assert_eq!(run.outputs("Production", "verdict"), ["promoted", "deployed", "pass", "pass"], "{}", run.log);
    assert!(run.left("summary", "Staging").count() >= 2, "step summaries: {}", run.log);
    assert!(run.log.contains("Success - Post Deploy"), "post steps run: {}", run.log);
    assert_eq!(world.version(&production).await.unwrap()["git_sha"], good.commit.as_str());

    let promoted = world.production_repository().unwrap().image(good.image.digest);
    assert!(run.outputs("Production", "image").contains(&promoted.to_string()), "{}", run.log);
    let tag = TagRef { repository: promoted.repository.clone(), tag: format!("sha-{}", good.commit) };
    assert_eq!(world.registry().await.unwrap().resolve(&tag).await.unwrap(), promoted);

    let wrong = world.release("wrong", &tree).await.unwrap();
    caller(&world, &staging, &production, &wrong);
    let run = act(&world, &program, &tree_for_act, folder.path());
    assert!(!run.green, "{}", run.log);
    let verdicts = run.outputs("Staging", "verdict");
    assert_eq!(
        (verdicts.first().map(String::as_str), verdicts.last().map(String::as_str)),
        (Some("deployed"), Some("rolled-back")),
        "{verdicts:?} {}",
        run.log
    );
    assert_eq!(run.left("set-output", "Production").count(), 0, "production was never touched: {}", run.log);
    for environment in [&staging, &production] {
        assert_eq!(
            world.version(environment).await.unwrap()["git_sha"],
            good.commit.as_str(),
            "{}",
            environment.cluster
        );
        let running = world.running_digests(environment).await.unwrap();
        assert!(
            !running.is_empty() && running.iter().all(|digest| *digest == good.image.digest.to_string()),
            "{running:?}"
        );
    }
    users.abort();
}
