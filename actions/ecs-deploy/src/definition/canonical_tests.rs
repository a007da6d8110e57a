use super::same;
use serde_json::{Value, json};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A task definition whose only container has these members more.
fn container(more: Value) -> Value {
    let mut container = json!({"name": "api", "image": "registry.example/app:1"});
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"family": "f", "networkMode": "awsvpc", "containerDefinitions": [container]})
}

/// A task definition with these members more.
fn task(more: Value) -> Value {
    let mut task = container(json!({}));
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn env(pairs: &[(&str, &str)]) -> Value {
    json!({"environment": pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>()})
}

fn check(name: &str, one: &Value, other: &Value, wanted: bool) {
    assert_eq!(same(one, other), wanted, "{name}\n{one:#}\n{other:#}");
    assert_eq!(same(other, one), wanted, "{name}, the other way round");
    assert!(same(one, one) && same(other, other), "{name}: everything means what it means");
}

#[test]
fn a_container_that_only_reads_differently_means_the_same() {
    let pinned = |tag: &str| json!({"image": format!("registry.example/app{tag}@{DIGEST}")});
    let port = |more: Value| {
        let mut port = json!({"containerPort": 80});
        port.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"portMappings": [port]})
    };
    for (name, one, other) in [
        ("essential is the default", json!({}), json!({"essential": true})),
        ("no cpu is 0", json!({}), json!({"cpu": 0})),
        ("null is absent", json!({}), json!({"command": null})),
        ("no words are no command", json!({}), json!({"command": []})),
        ("no variables", json!({}), json!({"environment": []})),
        ("no labels", json!({}), json!({"dockerLabels": {}})),
        ("no mounts", json!({}), json!({"mountPoints": [], "volumesFrom": []})),
        ("not privileged", json!({}), json!({"privileged": false})),
        ("writable root", json!({}), json!({"readonlyRootFilesystem": false})),
        ("no terminal", json!({}), json!({"interactive": false, "pseudoTerminal": false})),
        ("variables in another order", env(&[("A", "1"), ("B", "2")]), env(&[("B", "2"), ("A", "1")])),
        (
            "secrets in another order",
            json!({"secrets": [{"name": "A", "valueFrom": "a"}, {"name": "B", "valueFrom": "b"}]}),
            json!({"secrets": [{"name": "B", "valueFrom": "b"}, {"valueFrom": "a", "name": "A"}]}),
        ),
        ("tcp is the default", port(json!({})), port(json!({"protocol": "tcp"}))),
        ("an empty protocol", port(json!({})), port(json!({"protocol": ""}))),
        ("a host port of 0", port(json!({})), port(json!({"hostPort": 0}))),
        ("awsvpc has the container's port", port(json!({})), port(json!({"hostPort": 80}))),
        (
            "a check's defaults",
            json!({"healthCheck": {"command": ["CMD", "x"]}}),
            json!({"healthCheck": {"command": ["CMD", "x"], "interval": 30, "timeout": 5, "retries": 3}}),
        ),
        (
            "mounts are writable",
            json!({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}),
            json!({"mountPoints": [{"sourceVolume": "v", "containerPath": "/v", "readOnly": false}]}),
        ),
        ("a tag beside the digest", pinned(""), pinned(":v1")),
        (
            "members in another order",
            json!({"dockerLabels": {"a": "1", "b": "2"}}),
            json!({"dockerLabels": {"b": "2", "a": "1"}}),
        ),
        (
            "no secret options",
            json!({"logConfiguration": {"logDriver": "awslogs"}}),
            json!({"logConfiguration": {"logDriver": "awslogs", "secretOptions": []}}),
        ),
        (
            "limits in another order",
            json!({"ulimits": [{"name": "core"}, {"name": "nofile"}]}),
            json!({"ulimits": [{"name": "nofile"}, {"name": "core"}]}),
        ),
    ] {
        check(name, &container(one), &container(other), true);
    }
}

#[test]
fn a_container_that_would_run_differently_does_not_mean_the_same() {
    let image = |text: &str| json!({"image": text});
    for (name, one, other) in [
        ("not essential", json!({}), json!({"essential": false})),
        ("some cpu", json!({}), json!({"cpu": 10})),
        ("a command", json!({}), json!({"command": ["x"]})),
        ("words in another order", json!({"command": ["a", "b"]}), json!({"command": ["b", "a"]})),
        ("entry point in another order", json!({"entryPoint": ["a", "b"]}), json!({"entryPoint": ["b", "a"]})),
        ("another value", env(&[("A", "1")]), env(&[("A", "2")])),
        ("an empty value is a variable", json!({}), env(&[("A", "")])),
        ("another case of a name", env(&[("A", "1")]), env(&[("a", "1")])),
        ("another secret", json!({}), json!({"secrets": [{"name": "A", "valueFrom": "a"}]})),
        (
            "another port",
            json!({"portMappings": [{"containerPort": 80}]}),
            json!({"portMappings": [{"containerPort": 81}]}),
        ),
        (
            "udp",
            json!({"portMappings": [{"containerPort": 80}]}),
            json!({"portMappings": [{"containerPort": 80, "protocol": "udp"}]}),
        ),
        ("another digest", image(&format!("registry.example/app@{DIGEST}")), image("registry.example/app:1")),
        ("another repository", image("registry.example/app:1"), image("registry.example/other:1")),
        ("another tag", image("registry.example/app:1"), image("registry.example/app:2")),
        (
            "a check more patient",
            json!({"healthCheck": {"command": ["x"]}}),
            json!({"healthCheck": {"command": ["x"], "retries": 4}}),
        ),
        ("read only", json!({}), json!({"readonlyRootFilesystem": true})),
        ("a member of tomorrow", json!({}), json!({"tomorrow": {"a": 1}})),
        ("a member of tomorrow that is off", json!({}), json!({"tomorrow": false})),
        (
            "environment files in another order: the later wins",
            json!({"environmentFiles": [{"value": "a"}, {"value": "b"}]}),
            json!({"environmentFiles": [{"value": "b"}, {"value": "a"}]}),
        ),
        ("another user", json!({}), json!({"user": "1000"})),
    ] {
        check(name, &container(one), &container(other), false);
    }
}

#[test]
fn a_task_is_compared_by_what_it_means_as_well() {
    for (name, one, other, wanted) in [
        ("cpu as text", json!({"cpu": "256"}), json!({"cpu": 256}), true),
        ("a quarter of a vCPU", json!({"cpu": "256"}), json!({"cpu": ".25 vCPU"}), true),
        ("two gigabytes", json!({"memory": "2048"}), json!({"memory": "2 GB"}), true),
        ("more memory", json!({"memory": "2048"}), json!({"memory": "4096"}), false),
        ("no volumes", json!({}), json!({"volumes": []}), true),
        ("an empty role", json!({}), json!({"taskRoleArn": ""}), true),
        ("another role", json!({}), json!({"taskRoleArn": "arn:aws:iam::1:role/r"}), false),
        ("tags are no part of what runs", json!({}), json!({"tags": [{"key": "a", "value": "b"}]}), true),
        (
            "compatibilities in another order",
            json!({"requiresCompatibilities": ["EC2", "FARGATE"]}),
            json!({"requiresCompatibilities": ["FARGATE", "EC2"]}),
            true,
        ),
        ("another network", json!({}), json!({"networkMode": "host"}), false),
        ("bridge is the default", json!({"networkMode": "bridge"}), json!({"networkMode": null}), true),
        ("another family", json!({}), json!({"family": "g"}), false),
        ("another platform", json!({}), json!({"runtimePlatform": {"cpuArchitecture": "ARM64"}}), false),
        ("an empty platform", json!({}), json!({"runtimePlatform": {}}), true),
        ("faults allowed", json!({}), json!({"enableFaultInjection": true}), false),
        ("a bigger disk", json!({}), json!({"ephemeralStorage": {"sizeInGiB": 40}}), false),
    ] {
        check(name, &task(one), &task(other), wanted);
    }
    let (a, b) = (json!({"name": "a", "image": "i"}), json!({"name": "b", "image": "i"}));
    let both = |one: &Value, other: &Value| json!({"family": "f", "containerDefinitions": [one, other]});
    check("containers in another order", &both(&a, &b), &both(&b, &a), true);
    check("one container less", &both(&a, &b), &json!({"family": "f", "containerDefinitions": [a]}), false);
}
