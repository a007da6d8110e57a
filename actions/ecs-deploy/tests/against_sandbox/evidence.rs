use crate::world::{CRASHING, GOOD, SLOW, World};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::{path::Path, process::Command};
use subject::ImageRef;

#[tokio::test]
async fn the_deployment_statement_is_left_on_the_digest_for_better_or_worse() {
    let world = World::new().await;
    let (old, new) = (world.image("old", GOOD).await, world.image("new", GOOD).await);
    let bad = world.image("bad", CRASHING).await;
    world.service(&old).await;
    let key = attest::SigningKey::generate();
    let pem = key.to_pem().unwrap();
    for (run, image, verdict) in [(1, &new, "deployed"), (2, &bad, "rolled-back")] {
        let ran = world.run(run, &[("image", &image.to_string()), ("signing-key", pem.expose_secret())]);
        assert_eq!(ran.output("verdict"), verdict, "{}", ran.log);
        let statements = world.statements(image, &[key.public()]).await;
        let [statement] = statements.as_slice() else { panic!("{statements:?}\n{}", ran.log) };
        assert_eq!(statement["predicateType"], attest::predicate::DEPLOYMENT);
        let predicate = &statement["predicate"];
        assert_eq!(predicate["verdict"], verdict);
        assert_eq!(predicate["deployment"]["serviceDeployment"], ran.output("service-deployment-arn"));
        assert_eq!(predicate["verifiedTasks"].as_u64().unwrap() > 0, verdict == "deployed");
        let printed = ran.log.lines().filter(|line| !line.starts_with("::add-mask::"));
        assert!(!printed.collect::<String>().contains("PRIVATE KEY") && !ran.summary.contains("PRIVATE KEY"));
    }
}

/// The predicates of the deployment statements on an image, oldest first, each judged by the published schema.
async fn told(world: &World, image: &ImageRef, key: &attest::SigningKey) -> Vec<Value> {
    let statements = world.statements(image, &[key.public()]).await;
    let folder = tempfile::tempdir().unwrap();
    for statement in &statements {
        let path = folder.path().join("statement.json");
        std::fs::write(&path, statement.to_string()).unwrap();
        judge_by_schema(&path);
    }
    let mut predicates: Vec<Value> =
        statements.into_iter().map(|mut statement| statement["predicate"].take()).collect();
    predicates.sort_by_key(|predicate| predicate["finishedOn"].as_str().map(str::to_owned));
    predicates
}

/// An independent validator with the published schema, where it is installed.
#[expect(clippy::print_stderr, reason = "a skipped judge must be seen")]
fn judge_by_schema(statement: &Path) {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("python/verifiers/bin/python");
    if !python.exists() {
        assert!(!std::env::vars().any(|(key, value)| key == "CI" && value == "true"), "CI runs every judge");
        return eprintln!("SKIPPED: the schema validator is not installed; `cargo xtask test` installs it");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/verifiers/statement_verify.py");
    let output = Command::new(python).arg(script).arg(statement).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn verdicts(predicates: &[Value]) -> Vec<[&str; 2]> {
    predicates.iter().map(|one| ["mode", "verdict"].map(|name| one[name].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_rollback_is_told_on_the_digest_it_took_away_as_well_as_on_the_one_it_put_back() {
    let world = World::new().await;
    let (old, bad) = (world.image("old", GOOD).await, world.image("bad", GOOD).await);
    world.service(&old).await;
    let before = world.described().await["taskDefinition"].clone();
    let key = attest::SigningKey::generate();
    let pem = key.to_pem().unwrap();
    let signing = ("signing-key", pem.expose_secret());
    let deployed = world.run(1, &[("image", &bad.to_string()), signing]);
    let ran = world.run(1, &[("mode", "rollback"), signing]);
    ran.is("rolled-back", 0);

    let taken = told(&world, &bad, &key).await;
    assert_eq!(verdicts(&taken), [["deploy", "deployed"], ["rollback", "rolled-back"]]);
    assert_eq!((&taken[1]["rolledBackTo"], &taken[1]["verifiedTasks"]), (&before, &json!(0)));
    assert_eq!(taken[1]["taskDefinition"], deployed.output("task-definition-arn"));
    assert_eq!(taken[1]["deployment"]["serviceDeployment"], ran.output("service-deployment-arn"));
    assert!(taken[1]["cause"].is_string());

    let put_back = told(&world, &old, &key).await;
    assert_eq!(verdicts(&put_back), [["rollback", "deployed"]]);
    assert_eq!((&put_back[0]["taskDefinition"], &put_back[0]["verifiedTasks"]), (&before, &json!(2)));
}

#[tokio::test]
async fn what_is_taken_back_in_flight_is_told_on_its_digest_too() {
    let world = World::new().await;
    let (old, slow) = (world.image("old", GOOD).await, world.image("slow", SLOW).await);
    world.service(&old).await;
    let before = world.described().await["taskDefinition"].clone();
    world.deployed_by_hand(&slow).await;
    let key = attest::SigningKey::generate();
    let ran = world.run(1, &[("mode", "rollback"), ("signing-key", key.to_pem().unwrap().expose_secret())]);
    ran.is("rolled-back", 0);
    assert_eq!(ran.output("digest"), old.digest.to_string());
    let taken = told(&world, &slow, &key).await;
    assert_eq!(verdicts(&taken), [["rollback", "rolled-back"]]);
    assert_eq!(taken[0]["rolledBackTo"], before);
    assert_eq!(verdicts(&told(&world, &old, &key).await), [["rollback", "deployed"]]);
}

#[tokio::test]
async fn going_back_does_not_fail_over_a_key_that_is_none() {
    let world = World::new().await;
    let (old, bad) = (world.image("old", GOOD).await, world.image("bad", GOOD).await);
    world.service(&old).await;
    world.deploy(1, &bad).is("deployed", 0);
    let ran = world.run(
        1,
        &[("mode", "rollback"), ("signing-key", "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----")],
    );
    ran.is("rolled-back", 0).logged("::warning");
    assert_eq!(ran.output("digest"), old.digest.to_string());
}

#[tokio::test]
async fn only_a_release_that_our_own_key_has_stated_is_gone_back_to_when_that_is_asked() {
    let world = World::new().await;
    let (first, second) = (world.image("first", GOOD).await, world.image("second", GOOD).await);
    let third = world.image("third", GOOD).await;
    world.service(&first).await;
    let (key, other) = (attest::SigningKey::generate(), attest::SigningKey::generate());
    let (pem, others) = (key.to_pem().unwrap(), other.to_pem().unwrap());
    let deploy = |run: u32, image: &ImageRef, pem: &str| {
        world.run(run, &[("image", &image.to_string()), ("signing-key", pem)]).is("deployed", 0);
    };
    deploy(1, &second, others.expose_secret());
    deploy(2, &third, pem.expose_secret());
    let back = [("mode", "rollback"), ("verified-only", "true"), ("signing-key", pem.expose_secret())];
    let ran = world.run(3, &back);
    ran.is("refused", 1).logged("no earlier release is stated").logged("it is passed over");
    // The release in between is stated by our key as well, and then it is the one.
    deploy(4, &second, pem.expose_secret());
    deploy(5, &third, pem.expose_secret());
    let ran = world.run(6, &back);
    ran.is("rolled-back", 0);
    assert_eq!(ran.output("digest"), second.digest.to_string());
    world.run(7, &[("mode", "rollback"), ("verified-only", "true")]).is("error", 2).logged("signing-key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_got_the_traffic_is_stated_with_the_service_that_has_it() {
    let world = World::new().await;
    let (old, new) = (world.server("old").await, world.server("new").await);
    let built = world.behind_balancer(&old, false).await;
    let listener = built["listener_arn"].as_str().unwrap();
    world.other_side(listener, built["target_group_arn"].as_str().unwrap()).await;
    let key = attest::SigningKey::generate();
    let (pem, image) = (key.to_pem().unwrap(), new.to_string());
    let sides = [("engine", "load-balancer"), ("alternate-service", "t"), ("listener-rule", listener)];
    let more = [("image", image.as_str()), ("bake-minutes", "0"), ("signing-key", pem.expose_secret())];
    world.run(1, &[&sides[..], &more].concat()).is("deployed", 0);
    let predicates = told(&world, &new, &key).await;
    assert_eq!(verdicts(&predicates), [["deploy", "deployed"]]);
    assert_eq!(predicates[0]["liveService"], "t");
}
