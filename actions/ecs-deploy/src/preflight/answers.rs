//! What to ask of the cloud, and what its answers say. Pure.

use super::decide::{Answer, Check, worst};
use crate::{definition::Definition, model::Service, overrides::Overrides, verdict::Verdict};
use serde_json::Value;
use std::collections::BTreeSet;
use subject::ImageRef;

/// The images a deployment needs, each once: those it would run, and the one asked for where no container takes it.
pub(super) fn needed(overrides: &Overrides, image: Option<&ImageRef>) -> Vec<ImageRef> {
    let mut images: Vec<ImageRef> = overrides.images().into_iter().map(|(_, image)| image).collect();
    if let Some(image) = image.filter(|image| !images.contains(image)) {
        images.push(image.clone());
    }
    images
}

/// The processors an index has images for; `unknown` is how attestations in it are marked.
pub(super) fn architectures(index: &oci::Index) -> BTreeSet<String> {
    let said = index.manifests.iter().filter_map(|entry| entry.platform.as_ref());
    said.map(|platform| platform.architecture.clone()).filter(|name| name != "unknown").collect()
}

/// The alarms that would take a deployment back.
pub(super) fn watched(service: &Service) -> Vec<&str> {
    let configured = &service.deployment_configuration["alarms"];
    let names = configured["alarmNames"].as_array().filter(|_| configured["enable"] == true);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Their states, as the answer of `DescribeAlarms` has them. An alarm that is not there never goes off.
pub(super) fn states(names: &[&str], answer: &Value) -> Vec<(String, String)> {
    let listed =
        ["MetricAlarms", "CompositeAlarms"].into_iter().flat_map(|kind| answer[kind].as_array().into_iter().flatten());
    let listed: Vec<&Value> = listed.collect();
    let state = |name: &str| {
        let alarm = listed.iter().find(|alarm| alarm["AlarmName"] == name);
        alarm.map_or("not there", |alarm| alarm["StateValue"].as_str().unwrap_or_default())
    };
    names.iter().map(|name| ((*name).to_owned(), state(name).to_owned())).collect()
}

/// The log groups the containers write to in this region. Those made on demand need not be there.
pub(super) fn log_groups<'d>(base: &'d Definition, region: &str) -> BTreeSet<&'d str> {
    let of = |container: &str| {
        let options = base.log_options(container);
        let here = options["awslogs-region"].as_str().is_none_or(|other| other == region);
        options["awslogs-group"].as_str().filter(|_| here && options["awslogs-create-group"] != "true")
    };
    base.names().filter_map(of).collect()
}

/// Whether `DescribeLogGroups`, which answers with every group whose name begins so, has this very one.
pub(super) fn has_group(answer: &Value, name: &str) -> bool {
    answer["logGroups"].as_array().is_some_and(|all| all.iter().any(|group| group["logGroupName"] == name))
}

/// What the table comes to, and the first row that says so where it is not go.
pub(super) fn verdict(table: &[Check]) -> (Verdict, Option<String>) {
    let worst = worst(table);
    let verdict = match worst {
        Answer::Go => return (Verdict::Ready, None),
        Answer::Unknown => Verdict::Unclear,
        Answer::NoGo => Verdict::Refused,
    };
    let first = table.iter().find(|check| check.answer == worst);
    (verdict, first.map(|check| format!("{}? {}", check.what, check.says)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use subject::Digest;

    fn image(text: &str) -> ImageRef {
        "registry.example/app".parse::<subject::Repository>().unwrap().image(Digest::of(text.as_bytes()))
    }

    fn definition(containers: Value) -> Definition {
        Definition { document: json!({ "containerDefinitions": containers }), tags: vec![] }
    }

    #[test]
    fn an_image_is_asked_for_once_and_where_no_container_takes_it_all_the_same() {
        let one = definition(json!([{"name": "api", "image": "x"}]));
        let taken = Overrides::default().with(Some(&image("a")), None, &one).unwrap();
        assert_eq!(needed(&taken, Some(&image("a"))), [image("a")]);
        assert_eq!(needed(&taken, Some(&image("b"))), [image("a"), image("b")]);
        assert_eq!(needed(&Overrides::default(), Some(&image("a"))), [image("a")]);
        assert_eq!(needed(&Overrides::default(), None), []);
    }

    #[test]
    fn attestations_are_for_no_processor() {
        let of = |architecture: &str| {
            json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": Digest::of(b"m"), "size": 1,
                "platform": {"os": "linux", "architecture": architecture}})
        };
        let index = json!({"schemaVersion": 2, "manifests": [of("arm64"), of("unknown"), of("amd64"), of("arm64")]});
        let index: oci::Index = serde_json::from_value(index).unwrap();
        assert_eq!(Vec::from_iter(architectures(&index)), ["amd64", "arm64"]);
    }

    #[test]
    fn alarms_count_where_they_are_switched_on_and_one_that_is_not_there_is_told() {
        let service =
            |alarms: Value| Service { deployment_configuration: json!({ "alarms": alarms }), ..Service::default() };
        assert_eq!(watched(&service(json!({"enable": true, "alarmNames": ["a", "b"]}))), ["a", "b"]);
        for none in
            [json!({"enable": false, "alarmNames": ["a"]}), json!({"enable": true, "alarmNames": []}), json!(null)]
        {
            assert!(watched(&service(none)).is_empty());
        }
        let answer = json!({"MetricAlarms": [{"AlarmName": "other", "StateValue": "OK"}, {"AlarmName": "a", "StateValue": "ALARM"}],
            "CompositeAlarms": [{"AlarmName": "c", "StateValue": "OK"}]});
        let wanted = [("a", "ALARM"), ("b", "not there"), ("c", "OK")].map(|(name, state)| (name.into(), state.into()));
        assert_eq!(states(&["a", "b", "c"], &answer), wanted);
    }

    #[test]
    fn log_groups_of_this_region_are_looked_for_once_unless_they_are_made_on_demand() {
        let logs = |options: Value| json!({"name": options["awslogs-group"], "logConfiguration": {"logDriver": "awslogs", "options": options}});
        let base = definition(json!([
            logs(json!({"awslogs-group": "/here", "awslogs-region": "eu-west-1"})),
            logs(json!({"awslogs-group": "/unsaid"})),
            logs(json!({"awslogs-group": "/elsewhere", "awslogs-region": "us-east-1"})),
            logs(json!({"awslogs-group": "/demand", "awslogs-create-group": "true"})),
            logs(json!({"awslogs-group": "/demand/elsewhere", "awslogs-create-group": "true", "awslogs-region": "us-east-1"})),
            {"name": "silent"},
        ]));
        assert_eq!(Vec::from_iter(log_groups(&base, "eu-west-1")), ["/here", "/unsaid"]);
        let answer = json!({"logGroups": [{"logGroupName": "/here/too"}, {"logGroupName": "/here"}]});
        assert!(has_group(&answer, "/here") && !has_group(&answer, "/her") && !has_group(&json!({}), "/here"));
    }

    #[test]
    fn the_worst_row_decides_and_is_told() {
        let row = |answer, says: &str| Check { what: "w", answer, says: says.to_owned() };
        let (go, open, no) = (row(Answer::Go, "g"), row(Answer::Unknown, "u"), row(Answer::NoGo, "n"));
        assert_eq!(verdict(std::slice::from_ref(&go)), (Verdict::Ready, None));
        assert_eq!(verdict(&[go.clone(), open.clone()]), (Verdict::Unclear, Some("w? u".into())));
        assert_eq!(verdict(&[open, go, no]), (Verdict::Refused, Some("w? n".into())));
        assert_eq!(verdict(&[]), (Verdict::Unclear, None));
    }
}
