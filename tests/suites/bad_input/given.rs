//! Inputs that are missing, misspelt, malformed or contradict each other: all of them in one error, before anything is
//! asked of anybody.

use crate::place::Place;

const DIGEST: &str = "ghcr.io/acme/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TAG: &str = "ghcr.io/acme/app:1.4.0";

type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// Runs the cases of one action where AWS, registries and services are out of reach: a wrong input is known without them.
fn refused(action: &str, place: Place, cases: &[Case<'_>]) {
    let place = place.without_aws();
    for (with, words) in cases {
        let outcome = place.fails(action, with, 2, &[&["failed to read the inputs: "], *words].concat());
        assert!(outcome.took < std::time::Duration::from_secs(5), "{action} {with:?} took {:?}", outcome.took);
        assert!(outcome.state.is_empty(), "nothing for a post step to finish: {:?}", outcome.state);
    }
}

#[test]
fn ecs_deploy_names_every_wrong_input_at_once() {
    let Some(place) = Place::new() else { return };
    let role =
        [("cluster", "c"), ("service", "s"), ("image", DIGEST), ("aws-region", "Mars!"), ("role-to-assume", "x")];
    let cases: [Case<'_>; 10] = [
        (&[], &["2 are wrong", "\n  cluster: required", "\n  service: required"]),
        (&[("cluster", "  "), ("service", "\n")], &["2 are wrong", "cluster: required", "service: required"]),
        (
            &[("clutser", "prod"), ("service", "s"), ("image", "app:1"), ("mode", "deplyo"), ("wait-minutes", "ten")],
            &[
                "5 are wrong",
                "\n  clutser: not an input of ecs-deploy; did you mean `cluster`?",
                "\n  cluster: required, but not given",
                "\n  mode: must be one of deploy, rollback, resume, recover, run-task, diff, preflight, iam-policy; did you mean `deploy`? (saw `deplyo`)",
                "\n  image: no registry in front of the repository",
                "\n  wait-minutes: not a number (saw `ten`)",
            ],
        ),
        (
            &[("cluster", "c"), ("service", "s"), ("image", TAG), ("to-image", DIGEST), ("to-revision", "api:1")],
            &["3 are wrong", "image: is a tag", "`resolve-tag: true`", "to-image: belongs to `mode: rollback`"],
        ),
        (
            &[("cluster", "c"), ("service", "s"), ("mode", "rollback"), ("image", DIGEST), ("to-image", TAG)],
            &["2 are wrong", "image: belongs to `mode: deploy`", "to-image: is a tag; history knows digests"],
        ),
        (
            &[("cluster", "c"), ("service", "s"), ("mode", "rollback"), ("to-image", DIGEST), ("to-revision", "a:1")],
            &["1 is wrong", "to-revision: contradicts `to-image`"],
        ),
        (
            &[("cluster", "c"), ("service", "s"), ("image", DIGEST), ("wait-minutes", "NaN"), ("poll-seconds", "0")],
            &["2 are wrong", "wait-minutes: not between 0.05 and 1440", "poll-seconds: not between 0.1 and 60"],
        ),
        (
            &[("cluster", "c"), ("service", "s"), ("image", "ghcr.io/acme/app@sha256:abc"), ("dry-run", "1")],
            &["2 are wrong", "\n  image: ", "dry-run: must be one of true, false (saw `1`)"],
        ),
        (
            &[("cluster", "c"), ("service", "s"), ("image", DIGEST), ("registry-auth", "ecr"), ("on-competing", "no")],
            &["1 is wrong", "on-competing: must be one of refuse, supersede (saw `no`)"],
        ),
        (&role, &["2 are wrong", "aws-region: ", "saw `Mars!`", "role-to-assume: is not the ARN of an IAM role"]),
    ];
    refused("ecs-deploy", place, &cases);
}

#[test]
fn canary_dataset_check_names_every_wrong_input_at_once() {
    let Some(place) = Place::new() else { return };
    let good = "{\"id\":\"a\",\"request\":{\"path\":\"/x\"},\"expect\":{\"status\":200}}\n";
    let place = place.with("canary.yml", "version: 1\ncases: {from: cases.jsonl}\n").with("cases.jsonl", good);
    let cases: [Case<'_>; 7] = [
        (&[], &["1 is wrong", "\n  base-url: is missing"]),
        (
            &[("base-ulr", "https://x.example"), ("image", TAG), ("parameters", "line\n=1"), ("junit-paht", "x.xml")],
            &[
                "5 are wrong",
                "base-ulr: not an input of canary-dataset-check; did you mean `base-url`?",
                "junit-paht: not an input of canary-dataset-check; did you mean `junit-path`?",
                "image: a tag can move",
                "parameters: a parameter is written name=value (saw `line`)",
                "(saw `=1`)",
            ],
        ),
        (&[("base-url", "staging.example.org")], &["base-url: not a URL", "saw `staging.example.org`"]),
        (&[("base-url", "file:///etc/passwd")], &["base-url: not a URL of a web service"]),
        (&[("base-url", "https://x.example?token=1")], &["base-url: a base URL has neither `?` nor `#`"]),
        (&[("base-url", "https://me:pw@x.example")], &["base-url: credentials do not belong in a URL"]),
        (
            &[("base-url", "https://x.example"), ("image", DIGEST), ("signing-key-password", "secret-word")],
            &["signing-key: is missing, though signing-key-password is given"],
        ),
    ];
    refused("canary-dataset-check", place, &cases);
}

#[test]
fn guardrail_gate_names_every_wrong_input_at_once() {
    let Some(place) = Place::new() else { return };
    let file = "version: 1\nwindow: {watch: 5m, interval: 60s, settle: 0s}\n\
                sources: {lb: {type: cloudwatch, namespace: AWS/ApplicationELB}}\n\
                guardrails: [{name: up, gauge: {source: lb, metric: HealthyHostCount}, min: 1}]\n";
    let place = place.with("guardrails.yml", file);
    let cases: [Case<'_>; 4] = [
        (
            &[("mode", "watch"), ("guardrials", "g.yml"), ("on-inconclusive", "rollback"), ("image", "app")],
            &[
                "4 are wrong",
                "guardrials: not an input of guardrail-gate; did you mean `guardrails`?",
                "mode: must be one of gate, preflight, validate, detach, backtest, replay, import; did you mean `detach`? (saw `watch`)",
                "on-inconclusive: must be one of hold, fail, pass",
                "image: no registry in front",
            ],
        ),
        (
            &[("window-start", "yesterday"), ("parameters", "=a\nb")],
            &["3 are wrong", "window-start: ", "saw `yesterday`", "2026-", "parameters: "],
        ),
        (
            &[("window-start", "2999-01-01T00:00:00Z"), ("prometheus-token", "a-token"), ("signing-key", "key.pem")],
            &[
                "3 are wrong",
                "window-start: is more than a day ahead",
                "prometheus-token: the guardrail file has no Prometheus source",
                "signing-key: there is no `image`",
            ],
        ),
        (
            &[("image", DIGEST), ("signing-key", "nowhere.pem"), ("registry-password", "pass-word")],
            &[
                "2 are wrong",
                "signing-key: is neither PEM text nor",
                "registry-password: is used with `registry-auth: b",
            ],
        ),
    ];
    refused("guardrail-gate", place, &cases);
}

#[test]
fn provenance_stamp_names_every_wrong_input_at_once() {
    let Some(place) = Place::new() else { return };
    let place = place.with("provenance.yml", "version: 1\nfields: {team: {literal: grazing}}\n");
    let place = place.with("broken.json", "{\"team\": \"a\", \"team\": \"b\"}");
    let cases: [Case<'_>; 6] = [
        (
            &[
                ("mode", "check"),
                ("contarct", "p.yml"),
                ("url", "ftp://x"),
                ("pointer", "meta"),
                ("compare-files", "no"),
            ],
            &[
                "5 are wrong",
                "contarct: not an input of provenance-stamp; did you mean `contract`?",
                "mode: must be one of stamp, verify",
                "url: must start with http:// or https://",
                "pointer: must start with /",
                "compare-files: must be one of true, false",
            ],
        ),
        (
            &[("contract", "no.yml"), ("root", "nowhere"), ("manifest-path", "no/where.json"), ("public-key", "x")],
            &[
                "4 are wrong",
                "contract: cannot be read",
                "root: is not a folder",
                "public-key: belongs to `mode: verify`",
                "manifest-path: lies in a folder that is not there",
            ],
        ),
        (
            &[("manifest", "m.json"), ("url", "https://x.example"), ("pointer", "/a")],
            &["3 are wrong", "manifest: belongs to", "url: belongs to", "pointer: belongs to"],
        ),
        (
            &[("mode", "verify"), ("pointer", "/a")],
            &["2 are wrong", "mode: `verify` needs something to check", "pointer: points into a response"],
        ),
        (
            &[("mode", "verify"), ("image", DIGEST), ("manifest", "broken.json")],
            &["2 are wrong", "public-key: needed to verify", "manifest: is not unambiguous JSON"],
        ),
        (
            &[("mode", "verify"), ("image", DIGEST), ("public-key", "provenance.yml"), ("manifest", "gone.json")],
            &["2 are wrong", "public-key: ", "manifest: cannot be read"],
        ),
    ];
    refused("provenance-stamp", place, &cases);
}

#[test]
fn image_promote_names_every_wrong_input_at_once() {
    let Some(place) = Place::new() else { return };
    let policy = "version: 2\nnmae: x\nsigners: {a: {key: k}}\nrequire: {r: {predicate: nothing-known}}\n";
    let place = place.with("promotion.yml", policy).with("deep.yml", "[".repeat(10_000));
    let place = place.with("huge.yml", "#".repeat((1 << 20) + 1)).with("key.pem", "hello");
    let cases: [Case<'_>; 5] = [
        (&[], &["2 are wrong", "\n  image: required", "\n  policy: required"]),
        (
            &[
                ("image", "app"),
                ("polcy", "p.yml"),
                ("policy", "gone.yml"),
                ("dry-run", "perhaps"),
                ("tag-forms", "any"),
            ],
            &[
                "4 are wrong",
                "polcy: not an input of image-promote; did you mean `policy`?",
                "\n  image: no registry in front",
                "dry-run: must be one of true, false (saw `perhaps`)",
                "tag-forms: must be one of sha, semver, branch-sha, timestamp",
            ],
        ),
        (
            &[
                ("image", DIGEST),
                ("to", "UPPER/case"),
                ("policy", "promotion.yml"),
                ("public-key", "key.pem"),
                ("context", "region"),
            ],
            &[
                "to: ",
                "promotion.yml",
                "line 1: version: only version 1 is known",
                "line 2: nmae: unknown key; did you mean `name`?",
                "public-key: ",
                "context: is not `name=value`",
            ],
        ),
        (
            &[("image", DIGEST), ("tags", "latest\nv1\n-x\nblue"), ("policy", "deep.yml")],
            &["(saw `latest`)", "(saw `v1`)", "tags: is no tag", "(saw `blue`)", "policy: "],
        ),
        (
            &[("image", DIGEST), ("policy", "huge.yml")],
            &["to: and `tags` are both unset", "policy: is larger than 1024 KiB"],
        ),
    ];
    refused("image-promote", place, &cases);
}

#[test]
fn sbom_names_every_wrong_input_at_once() {
    let Some(place) = Place::new() else { return };
    let place = place.with("Cargo.lock", "version = 4\n").with("no-key.pem", "hello");
    let epoch = ("SOURCE_DATE_EPOCH".to_owned(), "yesterday".to_owned());
    let place = place.env([epoch]);
    let cases: [Case<'_>; 6] = [
        (
            &[("output", "x"), ("image", "app"), ("platform", "windows"), ("dev", "all"), ("attach", "sure")],
            &[
                "5 are wrong",
                "output: not an input of sbom; did you mean `output-file`?",
                "image: no registry in front",
                "platform: a platform looks like linux/amd64",
                "dev: must be one of include, mark, omit",
                "attach: must be one of true, false (saw `sure`)",
            ],
        ),
        (
            &[
                ("image", DIGEST),
                ("path", "."),
                ("attach", "true"),
                ("format", "cyclonedx-xml\ncyclonedx-xml"),
                ("project-version", "1"),
            ],
            &[
                "5 are wrong",
                "path: contradicts `image`",
                "signing-key: is missing",
                "project-version: contradicts `image`",
                "format: names a format twice",
                "SOURCE_DATE_EPOCH: is not a number of seconds",
            ],
        ),
        (
            &[("attach", "true"), ("signing-key", "k")],
            &["2 are wrong", "attach: needs an `image`", "SOURCE_DATE_EPOCH"],
        ),
        (&[("exclude", "[a\nb"), ("spec-version", "1.4")], &["spec-version: must be one of 1.5, 1.6, 1.7"]),
        (&[("exclude", "ok/**\n[a")], &["2 are wrong", "\n  exclude: ", "(saw `[a`)", "SOURCE_DATE_EPOCH"]),
        (
            &[("image", "ghcr.io/acme/app@sha512:abc"), ("registry-auth", "magic")],
            &["2 are wrong", "\n  image: ", "registry-auth: must be one of auto, ecr, docker, basic, anonymous"],
        ),
    ];
    refused("sbom", place, &cases);
}

#[test]
fn a_login_that_does_not_fit_is_named_by_every_action_that_has_one() {
    let Some(place) = Place::new() else { return };
    let place = place.with("no-key.pem", "hello").without_aws();
    let login = [("image", DIGEST), ("registry-auth", "basic"), ("signing-key", "no-key.pem")];
    let words = [
        "3 are wrong",
        "signing-key: names a file that holds no PEM text",
        "registry-username: is needed with `registry-auth: basic`",
        "registry-password: is needed",
    ];
    place.fails("sbom", &login, 2, &words);
    let deploy = [("cluster", "c"), ("service", "s")];
    let elsewhere = [("image", DIGEST), ("registry-auth", "ecr")];
    place.fails("sbom", &elsewhere, 2, &["registry-auth: contradicts the image: ghcr.io is no private ECR registry"]);
    place.fails("ecs-deploy", &[&deploy[..], &login].concat(), 2, &words);
}
