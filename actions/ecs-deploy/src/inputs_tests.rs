use super::*;
use clap::{FromArgMatches as _, Parser};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    inputs: Inputs,
}

fn settings(more: &[&str]) -> Result<Settings, Failure> {
    let line = ["x", "--cluster", "c", "--service", "s"].iter().chain(more);
    let matches = <Line as clap::CommandFactory>::command().get_matches_from(line);
    Settings::from(&Line::from_arg_matches(&matches).unwrap().inputs)
}

fn forth(more: &[&str]) -> Forth {
    match settings(more).unwrap().goal {
        Goal::Deploy(forth) => *forth,
        other => panic!("{other:?}"),
    }
}

const RULE: &str = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/lb/1/2/3";
const IMAGE: &str = "r.example/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[test]
fn inputs_that_fit_together_become_a_goal() {
    assert!(matches!(forth(&["--image", IMAGE]).image, Some(Reference::Image(_))));
    assert!(matches!(forth(&["--image", "r.example/a:v1", "--resolve-tag"]).image, Some(Reference::Tag(_))));
    assert_eq!(forth(&["--task-definition", "api:41"]).base, Base::Revision("api:41".into()));
    assert_eq!(forth(&["--task-definition", "deploy/api.json"]).base, Base::File("deploy/api.json".into()));
    assert!(!forth(&["--overrides", "containers: {api: {cpu: 1}}"]).overrides.is_empty());
    let at = settings(&["--mode", "rollback", "--to-time", "2026-11-20T12:00:00Z"]).unwrap().goal;
    assert_eq!(at, Goal::Rollback(Back::Time("2026-11-20T12:00:00Z".parse().unwrap())));
    assert_eq!(settings(&["--mode", "recover"]).unwrap().goal, Goal::Recover);
    assert_eq!(settings(&["--mode", "resume"]).unwrap().goal, Goal::Resume);
    assert_eq!(settings(&["--mode", "rollback"]).unwrap().goal, Goal::Rollback(Back::Last));
    let back = settings(&["--mode", "rollback", "--to-revision", "api:41"]).unwrap().goal;
    assert_eq!(back, Goal::Rollback(Back::Revision("api:41".into())));
}

#[test]
fn contradictions_are_reported_all_at_once() {
    for (line, count) in [
        (vec![], 1),
        (vec!["--image", "r.example/a:v1"], 1),
        (vec!["--to-image", IMAGE, "--to-revision", "api:1"], 3),
        (vec!["--mode", "rollback", "--image", IMAGE, "--to-image", "r.example/a:v1"], 2),
        (vec!["--mode", "rollback", "--to-revision", "api"], 1),
        (vec!["--mode", "rollback", "--to-time", "2026-11-20T12:00:00Z", "--to-revision", "api:1"], 1),
        (vec!["--mode", "resume", "--to-deployment", "arn"], 1),
        (vec!["--mode", "deploy", "--image", IMAGE, "--command", "up"], 1),
        (vec!["--image", IMAGE, "--strategy", "canary", "--gate", "true", "--wait-until", "begun"], 1),
        (vec!["--mode", "recover", "--image", IMAGE], 1),
        (vec!["--overrides", "containers: [a]\nmemry: 1"], 2),
        (vec!["--image", IMAGE, "--gate", "true"], 1),
        (vec!["--image", IMAGE, "--strategy", "rolling", "--gate", "true"], 1),
        (vec!["--image", IMAGE, "--strategy", "canary", "--traffic-percent", "100"], 1),
        (vec!["--image", IMAGE, "--strategy", "linear", "--traffic-percent", "2", "--step-minutes", "0.5"], 2),
        (vec!["--image", IMAGE, "--engine", "load-balancer"], 2),
        (vec!["--image", IMAGE, "--engine", "load-balancer", "--strategy", "rolling"], 3),
        (vec!["--image", IMAGE, "--listener-rule", RULE, "--alternate-service", "b"], 2),
        (vec!["--mode", "rollback", "--to-image", IMAGE, "--to-revision", "api:1"], 1),
    ] {
        assert_eq!(settings(&line).unwrap_err().input_errors().len(), count, "{line:?}");
    }
}

#[test]
fn a_load_balancer_moves_by_any_fraction_of_a_minute_and_ecs_by_whole_ones() {
    let sides = ["--engine", "load-balancer", "--alternate-service", "b", "--listener-rule", RULE];
    let quick = ["--image", IMAGE, "--strategy", "linear", "--traffic-percent", "2.5", "--step-minutes", "0.1"];
    let progress = settings(&[&sides[..], &quick[..]].concat()).unwrap().progress;
    assert_eq!(progress.plan(SignedDuration::from_mins(1)).unwrap().steps().len(), 40);
    assert!(settings(&quick).is_err());
    for wrong in
        ["arn:aws:ecs:r:1:listener-rule/x", "listener-rule/x", "arn:aws:elasticloadbalancing:r:1:targetgroup/x"]
    {
        let sides = ["--engine", "load-balancer", "--alternate-service", "b", "--listener-rule", wrong];
        assert!(settings(&[&sides[..], &quick[..]].concat()).is_err(), "{wrong}");
    }
}

#[test]
fn a_gate_is_a_program_and_its_arguments_word_by_word() {
    let gate = ["--gate", "bin/check", "--gate", "--url", "--gate", "https://x/?a=1 2"];
    let line = [&["--image", IMAGE, "--strategy", "canary"][..], &gate[..]].concat();
    let gate = settings(&line).unwrap().progress.gate.unwrap();
    assert_eq!((gate.program.as_str(), gate.arguments), ("bin/check", vec!["--url".into(), "https://x/?a=1 2".into()]));
}

#[test]
fn a_revision_is_a_family_and_a_number() {
    for good in ["api:41", "arn:aws:ecs:eu-west-1:123456789012:task-definition/my-api_1:7"] {
        assert!(is_revision(good), "{good}");
    }
    for bad in ["", "api", "api:", "api:0", "api:-1", ":1", "a b:1", "arn:aws:ecs:r:1:service/api:1", "api:1:2"] {
        assert!(!is_revision(bad), "{bad}");
    }
}

#[test]
fn times_are_bounded() {
    assert_eq!(minutes("0.5").unwrap(), Duration::from_secs(30));
    for bad in ["0", "-1", "1441", "NaN", "inf", "ten", ""] {
        assert!(minutes(bad).is_err(), "{bad}");
    }
    assert!(seconds("0.05").is_err() && seconds("61").is_err());
}
