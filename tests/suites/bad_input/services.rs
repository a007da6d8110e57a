//! What ECS and the registry do not have, and services that do not come up: refused before anything is registered, or
//! taken back.

use crate::{place::Place, settled::settled};
use e2e::{
    Outcome, outside,
    world::{Environment, World},
};
use serde_json::{Value, json};
use subject::{Digest, ImageRef};

const ECS: &str = "AmazonEC2ContainerServiceV20141113";

type Inputs<'a> = Vec<(&'a str, &'a str)>;

/// Everything a deployment could have changed.
async fn state(world: &World, environment: &Environment, image: &ImageRef) -> Value {
    let definitions = world.aws(ECS, "ListTaskDefinitions", &json!({})).await.unwrap();
    let service = json!({ "cluster": environment.cluster, "service": environment.service });
    let deployments = world.aws(ECS, "ListServiceDeployments", &service).await.unwrap();
    let named = json!({ "cluster": environment.cluster, "services": [environment.service] });
    let described = world.aws(ECS, "DescribeServices", &named).await.unwrap();
    let tasks = world.aws(ECS, "ListTasks", &json!({ "cluster": environment.cluster })).await.unwrap();
    let arns = |value: &Value| {
        let mut arns: Vec<String> =
            value.as_array().unwrap().iter().map(|arn| arn.as_str().unwrap().to_owned()).collect();
        arns.sort();
        arns
    };
    let deployments: Vec<&Value> =
        deployments["serviceDeployments"].as_array().unwrap().iter().map(|one| &one["serviceDeploymentArn"]).collect();
    let referrers = world.registry().await.unwrap().referrers(image, None).await.unwrap();
    json!({
        "definitions": arns(&definitions["taskDefinitionArns"]),
        "deployments": deployments,
        "runs": described["services"][0]["taskDefinition"],
        "desired": described["services"][0]["desiredCount"],
        "tasks": arns(&tasks["taskArns"]),
        "statements": referrers.found.len(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_refused_and_nothing_is_registered() {
    let (Some(place), Some(binary)) = (Place::new(), outside::sample_service()) else { return };
    let world = World::start(&binary).await.unwrap();
    let release = world.release("good", &place.tree).await.unwrap();
    let production = world.environment("production", &release.image, 1).await.unwrap();
    settled(&world, &production).await;
    let place = place.env(world.env());
    let before = state(&world, &production, &release.image).await;

    let image = release.image.to_string();
    let absent = release.image.repository.image(Digest::of(b"never pushed")).to_string();
    let no_tag = format!("{}:no-such-tag", release.image.repository);
    let service = [("cluster", "production"), ("service", production.service.as_str())];
    let back = [&service[..], &[("mode", "rollback")]].concat();
    let deploy = [&service[..], &[("image", image.as_str())]].concat();
    let refused: [(Inputs<'_>, &[&str]); 6] = [
        ([&service[..], &[("image", &absent)]].concat(), &["the registry has no image", &absent]),
        (
            vec![("cluster", "production"), ("service", "recomendation"), ("image", &image)],
            &["production/recomendation"],
        ),
        (vec![("cluster", "prod"), ("service", "recommendation"), ("image", &image)], &["prod/recommendation"]),
        ([&deploy[..], &[("container", "app")]].concat(), &["`app`"]),
        ([&back[..], &[("to-image", &absent)]].concat(), &["no successful deployment", &absent]),
        (back.clone(), &["production/recommendation"]),
    ];
    for (with, words) in &refused {
        let words = [&["nothing was changed"], *words].concat();
        let outcome = place.answers("ecs-deploy", with, (1, "refused"), &words);
        assert!(outcome.said("error").next().unwrap().contains("\n  help: "), "a remedy: {}", outcome.log);
        assert_eq!(state(&world, &production, &release.image).await, before, "{with:?}");
    }
    let failed: [(Inputs<'_>, i32, &[&str]); 2] = [
        ([&service[..], &[("image", &no_tag)]].concat(), 2, &["image: is a tag, which can move"]),
        ([&deploy[..], &[("signing-key", "gone.pem")]].concat(), 2, &["signing-key: is neither PEM text"]),
    ];
    for (with, exit, words) in &failed {
        place.fails("ecs-deploy", with, *exit, words);
        assert_eq!(state(&world, &production, &release.image).await, before, "{with:?}");
    }
    let resolved = [&service[..], &[("image", no_tag.as_str()), ("resolve-tag", "true")]].concat();
    let words = ["resolve the tag", &no_tag, "nothing was changed"];
    place.fails("ecs-deploy", &resolved, 1, &words);
    let unknown = [&back[..], &[("to-revision", "recommendation:41")]].concat();
    let outcome = run(&place, &unknown);
    assert!(matches!(outcome.exit, Some(1 | 3)), "{}", outcome.log);
    assert!(outcome.said("error").next().unwrap().contains("recommendation:41"), "{}", outcome.log);
    assert_eq!(state(&world, &production, &release.image).await, before, "{}", outcome.log);
    assert_eq!(world.version(&production).await.unwrap()["git_sha"], release.commit.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_actions_on_an_image_that_is_not_there_leave_nothing_on_the_one_that_is() {
    let (Some(place), Some(binary)) = (Place::new(), outside::sample_service()) else { return };
    let world = World::start(&binary).await.unwrap();
    let release = world.release("good", &place.tree).await.unwrap();
    let contract = "version: 1\nfields: {team: {literal: grazing}}\n";
    let canary = "version: 1\ncases: { from: cases.jsonl }\n";
    let case = "{\"id\":\"a\",\"request\":{\"path\":\"/x\"},\"expect\":{\"status\":200}}\n";
    let gate = "version: 1\nwindow: {watch: 60s, interval: 60s, settle: 0s}\n\
                sources: {lb: {type: cloudwatch, namespace: N}}\n\
                guardrails: [{name: up, gauge: {source: lb, metric: M}, min: 1, min_samples: 1}]\n";
    let place = place.env(world.env()).env([("GITHUB_SHA".to_owned(), release.commit.clone())]);
    let place = place.with("provenance.yml", contract).with("canary.yml", canary).with("cases.jsonl", case);
    let place = place.with("guardrails.yml", gate);
    let absent = release.image.repository.image(Digest::of(b"never pushed")).to_string();
    let key = world.signing_key.as_str();
    let keyed = [("image", absent.as_str()), ("signing-key", key)];
    let words = ["failed to find the image", absent.as_str(), "the registry does not have it"];
    for (action, more) in [
        ("provenance-stamp", vec![]),
        ("canary-dataset-check", vec![("base-url", "http://127.0.0.1:9")]),
        ("guardrail-gate", vec![]),
        ("sbom", vec![]),
    ] {
        place.fails(action, &[&keyed[..], &more].concat(), 3, &words);
    }
    let gone = [("mode", "verify"), ("image", absent.as_str()), ("public-key", world.public_key.as_str())];
    place.fails("provenance-stamp", &gone, 3, &words);
    // A canary that cannot ask leaves no statement that it passed.
    let image = release.image.to_string();
    let there = [("image", image.as_str()), ("signing-key", key), ("base-url", "http://127.0.0.1:9")];
    let outcome = place.answers("canary-dataset-check", &there, (3, "inconclusive"), &["Connection refused"]);
    let registry = world.registry().await.unwrap();
    for referrer in registry.referrers(&release.image, None).await.unwrap().found {
        let left = registry.blob_bytes(&release.image.repository, &referrer.layers()[0], 1 << 20).await.unwrap();
        let bundle = attest::Bundle::parse(&left).unwrap();
        let key = attest::PublicKey::from_pem(&world.public_key).unwrap();
        let verified = attest::verify(&bundle, &[key]).unwrap();
        let predicate = verified.about(&release.image.digest).unwrap().predicate().to_string();
        assert!(!predicate.contains("PASSED"), "{predicate} {}", outcome.log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_does_not_come_up_is_taken_back_and_says_why() {
    let (Some(place), Some(binary)) = (Place::new(), outside::sample_service()) else { return };
    let world = World::start(&binary).await.unwrap();
    let good = world.release("good", &place.tree).await.unwrap();
    let production = world.environment("production", &good.image, 1).await.unwrap();
    settled(&world, &production).await;
    let place = place.env(world.env());
    let crashing = world.release("crashing", &place.tree).await.unwrap();
    let image = crashing.image.to_string();
    let with = [("cluster", "production"), ("service", "recommendation"), ("image", &image), ("poll-seconds", "0.2")];
    let outcome = place.answers("ecs-deploy", &with, (1, "rolled-back"), &["was taken back", "the service is on "]);
    assert!(outcome.said("warning").any(|warning| warning.contains("likely fix: ")), "{}", outcome.log);
    assert_eq!(world.version(&production).await.unwrap()["git_sha"], good.commit.as_str());
    let running = world.running_digests(&production).await.unwrap();
    assert!(
        !running.is_empty() && running.iter().all(|digest| *digest == good.image.digest.to_string()),
        "{running:?}"
    );
}

fn run(place: &Place, with: &[(&str, &str)]) -> Outcome {
    let step = e2e::Step::of(&place.tree, "ecs-deploy", place.path()).env(place.variables());
    with.iter().fold(step, |step, (name, value)| step.with(name, value)).run().unwrap()
}
