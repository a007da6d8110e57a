use super::*;
use crate::{
    decide::{InFlight, Refusal},
    model::{Service, ServiceDeployment, Status},
};
use subject::{Digest, ImageRef};

fn image() -> ImageRef {
    "registry.example/app".parse::<subject::Repository>().unwrap().image(Digest::of(b"new"))
}

fn back() -> Back {
    Back { task_definition: "f:1".into(), is_active: true, images: vec![("app@1".into(), Presence::Present)] }
}

fn group(weight: Option<u32>, healthy: usize) -> Group {
    Group { arn: format!("tg-{weight:?}-{healthy}"), weight, healthy }
}

fn seen() -> Seen {
    let facts =
        Facts { service: Some(Service::default()), presence: vec![(image(), Presence::Present)], ..Facts::default() };
    Seen {
        facts,
        plan: Plan::Keep,
        back: Ok(Some(back())),
        alarms: Ok(vec![("p99".into(), "OK".into())]),
        groups: Ok(vec![group(Some(100), 2), group(Some(0), 0)]),
        platforms: ("amd64".into(), vec!["amd64".into(), "arm64".into()]),
        logs: Ok(vec![("/ecs/s".into(), true)]),
    }
}

fn row(seen: &Seen, what: &str) -> Check {
    table(seen).into_iter().find(|check| check.what.contains(what)).unwrap()
}

#[test]
fn a_service_that_nothing_is_wrong_with_is_go_in_every_row() {
    let table = table(&seen());
    assert_eq!(table.len(), 8);
    assert!(table.iter().all(|check| check.answer == Answer::Go), "{table:#?}");
    assert_eq!(worst(&table), Answer::Go);
    let mut none = seen();
    none.facts.service = None;
    assert_eq!(super::table(&none).len(), 3);
    none.facts.presence.clear();
    assert_eq!(row(&none, "has the images").says, "none is changed");
    assert!(row(&seen(), "has the images").says.contains("@sha256:"));
    assert_eq!(worst(&[]), Answer::Unknown, "nothing asked is nothing known");
}

#[test]
fn each_thing_in_the_way_is_seen_in_its_row_and_what_cannot_be_read_is_never_go() {
    type Change = fn(&mut Seen);
    let rows: [(&str, Change, Answer, &str); 25] = [
        (
            "can be deployed",
            |s| s.plan = Plan::Refuse(Refusal { why: "w".into(), help: "h".into() }),
            Answer::NoGo,
            "w; h",
        ),
        ("has the images", |s| s.facts.presence[0].1 = Presence::Missing, Answer::NoGo, "is not there"),
        ("has the images", |s| s.facts.presence[0].1 = Presence::Unknown("403".into()), Answer::Unknown, "403"),
        (
            "in flight",
            |s| {
                let (service_deployment_arn, status) = ("sd/1".to_owned(), Status::InProgress);
                let deployment = ServiceDeployment { service_deployment_arn, status, ..ServiceDeployment::default() };
                s.facts.in_flight = vec![InFlight { deployment, definition: None }];
            },
            Answer::NoGo,
            "sd/1 is IN_PROGRESS",
        ),
        ("go back to", |s| s.back = Ok(None), Answer::NoGo, "would stall"),
        ("go back to", |s| s.back = Ok(Some(Back { is_active: false, ..back() })), Answer::NoGo, "inactive"),
        (
            "go back to",
            |s| s.back = Ok(Some(Back { images: vec![("app@1".into(), Presence::Missing)], ..back() })),
            Answer::NoGo,
            "f:1: app@1 is not there",
        ),
        (
            "go back to",
            |s| s.back = Ok(Some(Back { images: vec![("app@1".into(), Presence::Unknown("no".into()))], ..back() })),
            Answer::Unknown,
            "no",
        ),
        ("go back to", |s| s.back = Err("denied".into()), Answer::Unknown, "denied"),
        ("alarm", |s| s.alarms = Ok(vec![("p99".into(), "ALARM".into())]), Answer::NoGo, "p99 is on"),
        ("alarm", |s| s.alarms = Ok(vec![("p99".into(), "INSUFFICIENT_DATA".into())]), Answer::Unknown, "INSUFFICIENT"),
        ("alarm", |s| s.alarms = Err("denied".into()), Answer::Unknown, "denied"),
        ("alarm", |s| s.alarms = Ok(vec![]), Answer::Go, "has none"),
        ("healthy", |s| s.groups = Ok(vec![group(None, 0)]), Answer::NoGo, "no healthy target"),
        ("healthy", |s| s.groups = Ok(vec![group(Some(100), 0), group(Some(0), 2)]), Answer::NoGo, "no healthy target"),
        ("healthy", |s| s.groups = Ok(vec![group(Some(90), 1), group(Some(10), 1)]), Answer::NoGo, "both"),
        ("healthy", |s| s.groups = Ok(vec![group(Some(0), 1), group(Some(0), 1)]), Answer::NoGo, "every weight"),
        ("healthy", |s| s.groups = Err("denied".into()), Answer::Unknown, "denied"),
        ("healthy", |s| s.groups = Ok(vec![]), Answer::Go, "no target group"),
        ("healthy", |s| s.groups = Ok(vec![group(None, 2)]), Answer::Go, "2 healthy"),
        ("processor", |s| s.platforms.1 = vec![], Answer::Go, "does not say"),
        ("processor", |s| s.platforms.1 = vec!["arm64".into()], Answer::NoGo, "on amd64, the image is for arm64"),
        ("processor", |s| s.platforms.0 = "riscv64".into(), Answer::NoGo, "amd64, arm64"),
        ("log groups", |s| s.logs = Ok(vec![("/ecs/x".into(), false)]), Answer::NoGo, "/ecs/x does not exist"),
        ("log groups", |s| s.logs = Err("denied".into()), Answer::Unknown, "denied"),
    ];
    for (what, change, answer, says) in rows {
        let mut seen = seen();
        change(&mut seen);
        let check = row(&seen, what);
        assert_eq!(check.answer, answer, "{check:?}");
        assert!(check.says.contains(says), "{check:?}");
        assert_eq!(worst(&table(&seen)), answer, "{what}");
    }
}
