//! Services, metrics servers, files and the run's own names that say hostile things.

use crate::{
    harmless::{HOSTILE, Place, all},
    served::serve,
};
use serde_json::json;

const JSON: &str = "content-type: application/json";

#[test]
fn a_service_answers_a_canary_with_commands() {
    let cases = json!({ "id": all(), "request": { "path": "/x" }, "expect": { "status": 200, "json": { "a": 1 } } });
    let plain = "{\"id\":\"a\",\"request\":{\"path\":\"/x\"},\"expect\":{\"status\":200}}\n";
    let canary = "version: 1\ncases: { from: cases.jsonl }\nassert: [{ path: $.status, equals: ready }]\n";
    let members: serde_json::Map<String, serde_json::Value> =
        HOSTILE.iter().map(|text| ((*text).to_owned(), json!(text))).collect();
    let bodies =
        [json!({ "status": all() }).to_string(), json!(members).to_string(), all(), json!([all()]).to_string()];
    for body in bodies {
        for status in ["200 OK", "500 Internal Server Error"] {
            let url = serve(status, JSON, &body);
            let Some(place) = Place::new() else { return };
            let place = place.with("canary.yml", canary).with("cases.jsonl", plain);
            place.ends("canary-dataset-check", &[("base-url", &url)], (1, "fail"));
        }
    }
    let Some(place) = Place::new() else { return };
    let url = serve("302 Found", "location: http://x.example/##[add-mask]x", "");
    let place = place.with("canary.yml", canary).with("cases.jsonl", plain);
    place.ends("canary-dataset-check", &[("base-url", &url)], (1, "fail"));
    let probed =
        "version: 1\nprobes: [{ name: ready, get: /r, within: 1s, assert: [{ path: $.status, equals: x }] }]\n";
    let url = serve("200 OK", JSON, json!({ "status": all() }).to_string());
    let place = place.with("canary.yml", format!("{probed}cases: {{ from: cases.jsonl }}\n"));
    place.ends("canary-dataset-check", &[("base-url", &url)], (1, "fail"));
    let place = place.with("cases.jsonl", format!("{cases}\n"));
    place.ends("canary-dataset-check", &[("base-url", &url)], (2, "error"));
}

#[test]
fn a_prometheus_answers_a_gate_with_commands() {
    let error = json!({ "status": "error", "errorType": HOSTILE[0], "error": all() }).to_string();
    let warning = json!({ "status": "success", "warnings": HOSTILE, "infos": HOSTILE,
                          "data": { "resultType": "matrix", "result": [{ "metric": { "a": all() }, "values": [[1, all()]] }] } });
    let past = (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1)).to_string();
    for (status, body) in [
        ("400 Bad Request", error),
        ("200 OK", warning.to_string()),
        ("403 ::set-output name=verdict::pass", all()),
        ("200 OK", all()),
    ] {
        let url = serve(status, JSON, &body);
        let Some(place) = Place::new() else { return };
        let file = format!(
            "version: 1\nwindow: {{watch: 2s, interval: 1s, settle: 0s}}\n\
             sources: {{prom: {{type: prometheus, url: '{url}', scrape_interval: 1s}}}}\n\
             guardrails: [{{name: up, gauge: {{source: prom, query: up}}, min: 1, min_samples: 1}}]\n"
        );
        let place = place.with("guardrails.yml", file);
        let outcome = place.ends("guardrail-gate", &[("window-start", &past)], (3, "error"));
        assert_eq!(outcome.outputs["rollback"], "false");
    }
}

#[test]
fn a_live_response_answers_a_verification_with_commands() {
    let contract = "version: 1\nfields: {team: {literal: grazing}, rules: {sha256: rules.json}}\n";
    for body in
        [json!({ "team": all(), "rules": all() }).to_string(), json!({ HOSTILE[0]: 1, "team": [all()] }).to_string()]
    {
        let url = serve("200 OK", JSON, body);
        let Some(place) = Place::new() else { return };
        let place = place.with("provenance.yml", contract).with("rules.json", "{}");
        place.ends("provenance-stamp", &[("mode", "verify"), ("url", &url)], (1, "refused"));
    }
    let url = serve("200 OK", JSON, all());
    let Some(place) = Place::new() else { return };
    let place = place.with("provenance.yml", contract).with("rules.json", "{}");
    place.ends("provenance-stamp", &[("mode", "verify"), ("url", &url)], (3, "error"));
    place.ends("provenance-stamp", &[("mode", "verify"), ("manifest", "rules.json")], (1, "refused"));
}

#[test]
fn files_of_the_workspace_hold_commands() {
    for text in HOSTILE {
        let Some(place) = Place::new() else { return };
        let name = text.replace(['/', '\0'], "_");
        let place = place.with(&format!("{name}/Cargo.lock"), text).with("provenance.yml", text);
        let place = place.with("guardrails.yml", text).with("canary.yml", text);
        place.ends("sbom", &[], (2, "broken"));
        place.ends("provenance-stamp", &[], (2, "error"));
        place.ends("guardrail-gate", &[], (2, "error"));
        place.ends("canary-dataset-check", &[("base-url", "http://127.0.0.1:9")], (2, "error"));
    }
    let Some(place) = Place::new() else { return };
    let packages: Vec<String> =
        HOSTILE.iter().map(|text| format!("[[package]]\nname = {}\nversion = \"1.0.0\"\n", json!(text))).collect();
    let place = place.with("Cargo.lock", format!("version = 4\n{}", packages.concat()));
    let outcome = place.step("sbom", &[]).run().unwrap();
    place.is_harmless("sbom", &[], &outcome);
    let locked: serde_json::Map<String, serde_json::Value> = HOSTILE
        .iter()
        .map(|text| (format!("node_modules/{text}"), json!({ "version": text, "license": text, "resolved": text })))
        .collect();
    let Some(place) = Place::new() else { return };
    let place = place.with("package-lock.json", json!({ "lockfileVersion": 3, "packages": locked }).to_string());
    let outcome = place.step("sbom", &[]).run().unwrap();
    place.is_harmless("sbom", &[], &outcome);
}

#[test]
fn inputs_and_names_of_the_run_hold_commands() {
    for text in HOSTILE {
        let Some(place) = Place::new() else { return };
        let run =
            ["GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_ACTOR", "GITHUB_WORKFLOW_REF", "GITHUB_JOB", "GITHUB_RUN_ID"];
        let place = place.env(run.map(|name| (name.to_owned(), text.to_owned())));
        let given = [("image", text), ("mode", text), ("cluster", text), ("service", text), (text, "x")];
        place.ends("ecs-deploy", &given, (2, "error"));
        place.ends("sbom", &[("image", text), ("platform", text), ("exclude", text)], (2, "error"));
        place.ends("guardrail-gate", &[("guardrails", text), ("parameters", text)], (2, "error"));
        place.ends("canary-dataset-check", &[("base-url", text), ("cases", text)], (2, "error"));
        let place = place.with("provenance.yml", "version: 1\nfields: {id: {run: id}, actor: {env: GITHUB_ACTOR}}\n");
        let outcome = place.step("provenance-stamp", &[("manifest-path", "m.json")]).run().unwrap();
        place.is_harmless("provenance-stamp", &[], &outcome);
    }
}
