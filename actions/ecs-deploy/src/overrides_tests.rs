use super::*;
use crate::definition::Definition;
use subject::Digest;

fn base() -> Definition {
    let document = json!({"family": "f", "cpu": "256", "containerDefinitions": [
        {"name": "api", "image": "r.example/app:1", "tomorrow": {"a": 1},
         "environment": [{"name": "KEEP", "value": "1"}, {"name": "SET", "value": "old"}, {"name": "GO", "value": "x"}],
         "secrets": [{"name": "DB", "valueFrom": "arn:old"}],
         "dockerLabels": {"team": "a", "gone": "b"},
         "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-region": "r"}}},
        {"name": "proxy", "image": "r.example/proxy:1"}
    ]});
    Definition { document, tags: vec![json!({"key": "team", "value": "a"}), json!({"key": "old", "value": "x"})] }
}

fn applied(text: &str) -> Value {
    base().registration(&Overrides::read(text).unwrap(), None)
}

#[test]
fn what_is_named_is_changed_and_everything_else_stays() {
    let image = format!("r.example/app@{}", Digest::of(b"new"));
    let registration = applied(&format!(
        "containers:\n  api:\n    image: {image}\n    environment: {{SET: new, GO: null, NEW: 5}}\n    \
         secrets: {{DB: 'arn:new', KEY: 'arn:key'}}\n    command: [serve, --port, 8080]\n    entry-point: []\n    cpu: 128\n    \
         memory: 256\n    memory-reservation: 64\n    labels: {{gone: null, tier: web}}\n    \
         log-options: {{awslogs-group: /h}}\n  proxy:\n    environment: {{A: b}}\nmemory: 1024\ntags: {{old: null, team: b}}\n"
    ));
    let wanted = json!({"family": "f", "cpu": "256", "containerDefinitions": [
        {"name": "api", "image": image, "tomorrow": {"a": 1},
         "environment": [{"name": "KEEP", "value": "1"}, {"name": "SET", "value": "new"}, {"name": "NEW", "value": "5"}],
         "secrets": [{"name": "DB", "valueFrom": "arn:new"}, {"name": "KEY", "valueFrom": "arn:key"}],
         "dockerLabels": {"team": "a", "tier": "web"},
         "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/h", "awslogs-region": "r"}},
         "command": ["serve", "--port", "8080"], "entryPoint": [], "cpu": 128, "memory": 256, "memoryReservation": 64},
        {"name": "proxy", "image": "r.example/proxy:1", "environment": [{"name": "A", "value": "b"}]}
    ], "memory": "1024", "tags": [{"key": "team", "value": "b"}]});
    assert_eq!(registration, wanted);
    assert_eq!(applied("containers: {}"), base().registration(&Overrides::default(), None));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_what_was_meant() {
    let problems = Overrides::read(
        "containers:\n  api:\n    image: r.example/app:1\n    enviroment: {A: b}\n    command: serve\n    cpu: many\nmemry: 5\n",
    )
    .unwrap_err();
    let told = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for wanted in ["is a tag", "environment", "list of words", "cpu", "memory"] {
        assert!(told.contains(wanted), "{wanted} in\n{told}");
    }
    assert_eq!(problems.len(), 5, "{told}");
}

#[test]
fn a_container_that_is_not_there_is_refused_by_name() {
    let overrides = Overrides::read("containers: {web: {cpu: 1}}").unwrap();
    let error = overrides.with(None, None, &base()).unwrap_err();
    assert_eq!(error.to_string(), "the task definition has no container `web`; it has api, proxy");
    let image = "r.example/app".parse::<subject::Repository>().unwrap().image(Digest::of(b"new"));
    assert!(Overrides::default().with(Some(&image), None, &base()).is_err(), "several, and none named");
    let one = Overrides::default().with(Some(&image), Some("proxy"), &base()).unwrap();
    assert_eq!(one.images(), [("proxy".to_owned(), image)]);
}

#[test]
fn images_of_many_containers_are_all_promised() {
    let text = |name: &str| format!("r.example/{name}@{}", Digest::of(name.as_bytes()));
    let overrides = Overrides::read(&format!(
        "containers: {{api: {{image: '{}'}}, proxy: {{image: '{}'}}}}",
        text("api"),
        text("proxy")
    ));
    let images: Vec<_> =
        overrides.unwrap().images().into_iter().map(|(name, image)| (name, image.to_string())).collect();
    assert_eq!(images, [("api".to_owned(), text("api")), ("proxy".to_owned(), text("proxy"))]);
}
