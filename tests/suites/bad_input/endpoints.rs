//! Nobody listens at the other end: AWS, a registry, Prometheus, the service. It could not be found out (exit code 3),
//! and that is never a yes.

use crate::{
    place::{CLOSED, Place},
    served::serve,
};

const HEX: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const GAUGE: &str = "guardrails: [{name: up, gauge: {source: prom, query: up}, min: 1, min_samples: 1}]\n";

/// An image in a registry that is not there.
fn image() -> String {
    format!("{CLOSED}/acme/app@sha256:{HEX}")
}

#[test]
fn ecs_deploy_says_that_aws_cannot_be_reached() {
    let Some(place) = Place::new() else { return };
    let (place, image) = (place.without_aws(), image());
    let service = [("cluster", "prod"), ("service", "api")];
    let deploy = [&service[..], &[("image", &image)]].concat();
    let words = ["failed to read the service prod/api: ecs:DescribeServices", "Connection refused", "AWS_ENDPOINT_URL"];
    place.fails("ecs-deploy", &deploy, 3, &words);
    let back = [&service[..], &[("mode", "rollback")]].concat();
    place.fails("ecs-deploy", &back, 3, &["prod/api", "Connection refused"]);
}

#[test]
fn ecs_deploy_without_a_region_or_credentials_says_which() {
    let Some(place) = Place::new() else { return };
    let image = image();
    let deploy = [("cluster", "prod"), ("service", "api"), ("image", &image)];
    place.fails("ecs-deploy", &deploy, 2, &["failed to connect to AWS: no region is set", "`aws-region`"]);
    let role = [("aws-region", "eu-west-1"), ("role-to-assume", "arn:aws:iam::123456789012:role/deploy")];
    let words = ["id-token: write"];
    place.fails("ecs-deploy", &[&deploy[..], &role].concat(), 3, &words);
    let tagged = [("cluster", "prod"), ("service", "api"), ("resolve-tag", "true")];
    let tag = format!("{CLOSED}/acme/app:1.4.0");
    let Some(place) = Place::new() else { return };
    let tagged = [&tagged[..], &[("image", &tag)]].concat();
    let words = ["resolve the tag", &tag, "nothing was changed"];
    place.without_aws().fails("ecs-deploy", &tagged, 3, &words);
}

#[test]
fn a_registry_that_is_not_there_leaves_no_file_and_no_statement() {
    let contract = "version: 1\nfields: {team: {literal: grazing}}\n";
    let canary = "version: 1\ncases: { from: cases.jsonl }\n";
    let case = "{\"id\":\"a\",\"request\":{\"path\":\"/x\"},\"expect\":{\"status\":200}}\n";
    let Some(place) = Place::new() else { return };
    let place = place.with("provenance.yml", contract).with("canary.yml", canary).with("cases.jsonl", case);
    let gate = format!(
        "version: 1\nwindow: {{watch: 2s, interval: 1s, settle: 0s}}\nsources: {{prom: {{type: prometheus, url: 'http://{CLOSED}', scrape_interval: 1s}}}}\n{GAUGE}"
    );
    let key = attest::SigningKey::generate();
    let public = key.public().to_pem().unwrap();
    let place = place.with("guardrails.yml", gate).env([("GITHUB_SHA".to_owned(), "a".repeat(40))]);
    let image = image();
    let words = ["failed to find the image", CLOSED, "Connection refused"];
    let anonymous = [("image", image.as_str()), ("registry-auth", "anonymous")];
    let base = format!("http://{CLOSED}");
    for (action, more) in [
        ("sbom", vec![]),
        ("provenance-stamp", vec![]),
        ("provenance-stamp", vec![("mode", "verify"), ("public-key", public.as_str())]),
        ("canary-dataset-check", vec![("base-url", base.as_str())]),
        ("guardrail-gate", vec![]),
    ] {
        place.fails(action, &[&anonymous[..], &more].concat(), 3, &words);
    }
}

#[test]
fn a_service_that_is_not_there_is_no_pass() {
    let canary = "version: 1\ntarget: {timeout: 500ms}\ncases: { from: cases.jsonl }\n";
    let case = "{\"id\":\"a\",\"request\":{\"path\":\"/x\"},\"expect\":{\"status\":200}}\n";
    let Some(place) = Place::new() else { return };
    let place = place.with("canary.yml", canary).with("cases.jsonl", case);
    let base = format!("http://{CLOSED}");
    let asked = [("base-url", base.as_str())];
    let outcome = place.answers("canary-dataset-check", &asked, (3, "inconclusive"), &[CLOSED, "Connection refused"]);
    assert_eq!((outcome.outputs["passed"].as_str(), outcome.outputs["unanswered"].as_str()), ("0", "1"));
    let probes = "probes: [{ name: alive, get: /healthz, within: 1s }]\n";
    let place = place.with("canary.yml", canary.to_owned() + probes);
    let outcome = place.answers("canary-dataset-check", &asked, (3, "inconclusive"), &["alive"]);
    assert_eq!(outcome.outputs["passed"], "0");
    let sick = serve("503 Service Unavailable", "content-type: text/plain", "starting");
    let outcome = place.answers("canary-dataset-check", &[("base-url", &sick)], (1, "fail"), &["alive", "503"]);
    assert_eq!(outcome.outputs["passed"], "0");
}

#[test]
fn a_live_response_that_is_none_is_not_verified() {
    let Some(place) = Place::new() else { return };
    let place = place.with("provenance.yml", "version: 1\nfields: {team: {literal: grazing}}\n");
    let html = serve("200 OK", "content-type: text/html", "<html>sign in</html>");
    let twice = serve("200 OK", "content-type: application/json", "{\"team\": \"a\", \"team\": \"grazing\"}");
    let gone = serve("404 Not Found", "content-type: application/json", "{\"team\": \"grazing\"}");
    let away = serve("302 Found", "location: http://127.0.0.1:9/", "");
    let cut = serve("200 OK", "content-type: application/json", "{\"team\": \"graz");
    let closed = format!("http://{CLOSED}/version");
    for (url, word) in [
        (&closed, "Connection refused"),
        (&html, "not unambiguous JSON"),
        (&twice, "not unambiguous JSON"),
        (&gone, "404"),
        (&away, ""),
        (&cut, "not unambiguous JSON"),
    ] {
        let asked = [("mode", "verify"), ("url", url.as_str())];
        place.fails("provenance-stamp", &asked, 3, &["failed to read the live response of http://", word]);
    }
    let good = serve("200 OK", "content-type: application/json", "{\"team\": \"grazing\"}");
    let nowhere = [("mode", "verify"), ("url", good.as_str()), ("pointer", "/metadata")];
    place.fails("provenance-stamp", &nowhere, 3, &["the response has nothing at /metadata"]);
}

#[test]
fn metrics_that_cannot_be_read_hold_the_release_where_it_is() {
    let window = "version: 1\nwindow: {watch: 2s, interval: 1s, settle: 0s}\n";
    let prometheus = |url: &str| {
        format!("{window}sources: {{prom: {{type: prometheus, url: '{url}', scrape_interval: 1s}}}}\n{GAUGE}")
    };
    let minutes = "version: 1\nwindow: {watch: 60s, interval: 60s, settle: 0s}\n";
    let cloudwatch = format!(
        "{minutes}sources: {{lb: {{type: cloudwatch, namespace: N}}}}\n\
         guardrails: [{{name: up, gauge: {{source: lb, metric: M}}, min: 1, min_samples: 1}}]\n"
    );
    let past = (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(10)).to_string();
    let html = serve("200 OK", "content-type: text/html", "<html>sign in</html>");
    let files = [
        (prometheus(&format!("http://{CLOSED}")), "Connection refused"),
        (prometheus(&html), "not the Prometheus API"),
        (cloudwatch, "Connection refused"),
    ];
    let gate: &[(&str, &str)] = &[("window-start", &past)];
    let (preflight, lax) = (&[("mode", "preflight")], [gate, &[("on-inconclusive", "pass")]].concat());
    // Each asks again for some seconds before it gives up, so they do it side by side.
    std::thread::scope(|scope| {
        for (file, word) in &files {
            for with in [gate, preflight, &lax] {
                scope.spawn(move || {
                    let Some(place) = Place::new() else { return };
                    let place = place.with("guardrails.yml", file).without_aws();
                    let outcome = place.answers("guardrail-gate", with, (3, "error"), &["up", word]);
                    assert_eq!(outcome.outputs["rollback"], "false", "{}", outcome.log);
                });
            }
        }
    });
}
