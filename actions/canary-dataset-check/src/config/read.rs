//! Reading `canary.yml`.

mod beside;

use super::{Canary, Cases, Limits, Origin, Patience, Probe, Promise, RunningVersion, Target};
use crate::{
    assertion::{Assertion, Everywhere, Selector, assertion, metadata, path, selector, tolerance, value},
    cases::Template,
    contract::Extra,
    length::Length,
    load::Load,
    tolerance::Tolerance,
};
use document::{Fields, Filling, Json, Parameter, Problem};
use reqwest::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE};
use std::{collections::BTreeSet, path::PathBuf};

const SECTIONS: [&str; 16] = [
    "version",
    "parameters",
    "target",
    "probes",
    "running_version",
    "cases",
    "tolerances",
    "ignore",
    "redact",
    "metadata",
    "assert",
    "limits",
    "load",
    "contract",
    "compare",
    "staleness",
];

/// Reads the file's text. `given` are the run's parameters, `expect_version` its own idea of the running version.
///
/// # Errors
/// Everything that is wrong with the file, in the order of its lines.
pub fn read(text: &str, given: &[Parameter], expect_version: Option<&str>) -> Result<Canary, Vec<Problem>> {
    let filling = Filling { given, queries: &[] };
    let understand = |root: &Fields<'_>| sections(&root.clone().only(&SECTIONS), expect_version);
    let (canary, unused_parameters) = document::read_filled(text, filling, understand)?;
    Ok(Canary { unused_parameters, ..canary })
}

fn sections(root: &Fields<'_>, expect_version: Option<&str>) -> Option<Canary> {
    root.version_one();
    let mut every_answer = root.child("metadata").map(|contract| metadata(&contract)).unwrap_or_default();
    every_answer.extend(assertions(root));
    let everywhere =
        Everywhere { tolerances: tolerances(root), ignored: paths(root, "ignore"), redacted: paths(root, "redact") };
    let (cases, target) = (cases(root), target(root.child("target")));
    if !matches!(target.origin, Origin::Service) {
        let of_a_service = ["probes", "running_version", "contract", "load", "compare"];
        for key in of_a_service.into_iter().filter(|key| root.has(key)) {
            root.refuse(key, "is about a service, and `target` is none");
        }
    }
    Some(Canary {
        target,
        probes: root.mappings("probes").into_iter().filter_map(probe).collect(),
        running_version: running_version(root, expect_version),
        everywhere,
        every_answer,
        limits: root.child("limits").map(|fields| limits(&fields)).unwrap_or_default(),
        load: root.child("load").and_then(|fields| Load::read(&fields)),
        contract: root.child("contract").and_then(|fields| promise(&fields)),
        compare: root.child("compare").and_then(|fields| beside::comparison(&fields)),
        staleness: root.child("staleness").and_then(|fields| beside::staleness(&fields)),
        unused_parameters: Vec::new(),
        cases: cases?,
    })
}

fn assertions(fields: &Fields<'_>) -> Vec<Assertion> {
    fields.mappings("assert").iter().filter_map(assertion).collect()
}

fn target(fields: Option<Fields<'_>>) -> Target {
    let fields = fields.map(|fields| fields.only(&["timeout", "concurrency", "headers", "answers", "id", "command"]));
    let timeout = fields.as_ref().and_then(|fields| length(fields, "timeout", 1));
    let concurrency = fields.as_ref().and_then(|fields| fields.whole("concurrency", 1..=512));
    let headers = fields.as_ref().and_then(|fields| fields.child("headers"));
    Target {
        origin: fields.as_ref().and_then(origin).unwrap_or(Origin::Service),
        timeout: timeout.unwrap_or(Length::from_millis(5000)),
        concurrency: concurrency.and_then(|number| usize::try_from(number).ok()).unwrap_or(8),
        headers: headers.map(|fields| headers_of(&fields)).unwrap_or_default(),
    }
}

/// A target that is no service at an address.
fn origin(fields: &Fields<'_>) -> Option<Origin> {
    let command = fields.get("command").map(|value| match value {
        Json::List(words) if !words.is_empty() => words
            .iter()
            .map(|word| match word {
                Json::Text(text) | Json::Number(text) => Some(text.clone()),
                _ => None,
            })
            .collect::<Option<Vec<String>>>(),
        _ => None,
    });
    match (fields.text("answers"), command) {
        (None, None) => {
            if fields.has("id") {
                fields.refuse("id", "belongs to `answers`");
            }
            None
        }
        (Some(path), None) => {
            let id = if fields.has("id") { selector(fields, "id")? } else { path_of_id().ok()? };
            Some(Origin::Batch(PathBuf::from(path), id))
        }
        (None, Some(Some(words))) => Some(Origin::Program(words)),
        (None, Some(None)) => {
            fields.refuse("command", "expected a list of words, such as [./predict, --json]");
            None
        }
        (Some(_), Some(_)) => {
            fields.refuse("command", "`answers` and `command` are two different targets");
            None
        }
    }
}

fn path_of_id() -> Result<Selector, String> {
    path("$.id")
}

/// Headers that say how a request is sent: a second one beside the client's own would leave open which holds.
const OWN: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE];

/// The headers a mapping names.
pub(crate) fn headers_of(fields: &Fields<'_>) -> Vec<(HeaderName, HeaderValue)> {
    let header = |key: &str| {
        let value = fields.text(key)?;
        let name = HeaderName::try_from(key).map_err(|_| fields.refuse(key, "is not the name of a header")).ok()?;
        if OWN.contains(&name) {
            fields.refuse(key, "is written by the client itself");
            return None;
        }
        let value =
            HeaderValue::try_from(value).map_err(|_| fields.refuse(key, "is not the value of a header")).ok()?;
        Some((name, value))
    };
    fields.keys().filter_map(header).collect()
}

/// A path such as `/healthz` at `key`.
pub(crate) fn path_of(fields: &Fields<'_>, key: &str) -> Option<String> {
    fields.demand(key, "/healthz")?;
    let path = fields.text(key)?;
    let good = path.starts_with('/') && !path.chars().any(|c| c.is_control() || c.is_whitespace());
    if !good {
        fields.refuse(key, format!("`{path}` is not a path: it starts with `/` and has no white space"));
    }
    good.then_some(path)
}

/// The HTTP status that is expected, 200 unless said otherwise.
pub(crate) fn status_of(fields: &Fields<'_>) -> u16 {
    let status = fields.whole("status", 100..=599).and_then(|status| u16::try_from(status).ok());
    status.unwrap_or(200)
}

fn length(fields: &Fields<'_>, key: &str, least_ms: u64) -> Option<Length> {
    let length: Length = fields.parsed(key)?;
    if length < Length::from_millis(least_ms) {
        fields.refuse(key, format!("`{length}` is too short"));
        return None;
    }
    Some(length)
}

/// One right answer within a minute, asked for every second, unless said otherwise.
const PATIENCE: Patience =
    Patience { successes: 1, every: Length::from_millis(1000), within: Length::from_millis(60_000) };

fn patience(fields: &Fields<'_>) -> Patience {
    let successes = fields.whole("successes", 1..=1000).and_then(|number| u32::try_from(number).ok());
    Patience {
        successes: successes.unwrap_or(PATIENCE.successes),
        every: length(fields, "every", 1).unwrap_or(PATIENCE.every),
        within: length(fields, "within", 0).unwrap_or(PATIENCE.within),
    }
}

fn probe(fields: Fields<'_>) -> Option<Probe> {
    let fields = fields.only(&["name", "get", "status", "assert", "successes", "every", "within"]);
    let (patience, assertions, status) = (patience(&fields), assertions(&fields), status_of(&fields));
    let path = path_of(&fields, "get")?;
    Some(Probe { name: fields.text("name").unwrap_or_else(|| path.clone()), path, status, assertions, patience })
}

/// The running version is asked for when the file has the section or the run names a version.
fn running_version(root: &Fields<'_>, expect_version: Option<&str>) -> Option<RunningVersion> {
    let fields = root.child("running_version");
    if fields.is_none() && (expect_version.is_none() || root.has("running_version")) {
        return None;
    }
    let fields = fields.map(|fields| fields.only(&["get", "path", "equals", "successes", "every", "within"]));
    let text = |key: &str| fields.as_ref().and_then(|fields| fields.text(key));
    let Some(expected) = expect_version.map(str::to_owned).or_else(|| text("equals")) else {
        root.refuse("running_version", "says no version: give `equals` here, or the input `expect-version`");
        return None;
    };
    let path = text("path").unwrap_or_else(|| "$.git_sha".to_owned());
    let assertion = value(&path, &Json::Text(expected.clone()))
        .map_err(|problem| root.refuse("running_version", format!("path: {problem}")))
        .ok()?;
    let asked = match &fields {
        Some(fields) if fields.has("get") => path_of(fields, "get")?,
        _ => "/version".to_owned(),
    };
    let patience = fields.as_ref().map_or(PATIENCE, patience);
    Some(RunningVersion { path: asked, assertion, expected, patience })
}

fn cases(root: &Fields<'_>) -> Option<Cases> {
    root.demand("cases", "{from: cases.jsonl}")?;
    let fields = root.child("cases")?.only(&["from", "min", "repeats", "seed", "sample", "id", "request", "expect"]);
    fields.demand("from", "cases.jsonl");
    let repeats = fields.whole("repeats", 1..=100).and_then(|number| u32::try_from(number).ok());
    let seed = fields.whole("seed", 0..=u64::MAX).unwrap_or(0);
    let sample = fields.whole("sample", 1..=u64::MAX);
    let template = template(&fields);
    let min = fields.whole("min", 1..=u64::MAX).unwrap_or(1);
    Some(Cases {
        from: PathBuf::from(fields.text("from")?),
        min,
        repeats: repeats.unwrap_or(1),
        seed,
        sample,
        template,
    })
}

/// The JSONPaths listed at `key`.
fn paths(root: &Fields<'_>, key: &str) -> Vec<Selector> {
    let one = |item: &Json| match item {
        Json::Text(text) => path(text).map_err(|problem| root.refuse(key, problem)).ok(),
        other => {
            root.refuse(key, format!("expected JSONPaths, found {}", document::kind(other)));
            None
        }
    };
    match root.get(key) {
        Some(Json::List(items)) => items.iter().filter_map(one).collect(),
        Some(other) => one(other).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What makes cases of records; its parts are held to what they mean when a record has been filled in.
fn template(fields: &Fields<'_>) -> Option<Template> {
    let parts = ["id", "request", "expect"].map(|key| fields.get(key).cloned());
    match parts {
        [None, None, None] => None,
        [Some(id), Some(request), Some(expect)] => Some(Template { id, request, expect }),
        _ => {
            fields.refuse_all("a template has `id`, `request` and `expect`, such as id: '{id}', request: {path: '/p/{id}'}, expect: {values: {$.a: '{a}'}}");
            None
        }
    }
}

fn promise(fields: &Fields<'_>) -> Option<Promise> {
    let fields = fields.clone().only(&["openapi", "extra_fields", "served"]);
    fields.demand("openapi", "openapi.json");
    let extra = match fields.text("extra_fields").as_deref() {
        None | Some("ignore") => Extra::Ignored,
        Some("fail") => Extra::Refused,
        Some(other) => {
            fields.refuse("extra_fields", format!("`{other}` is neither ignore nor fail"));
            return None;
        }
    };
    let served = if fields.has("served") { Some(path_of(&fields, "served")?) } else { None };
    Some(Promise { openapi: PathBuf::from(fields.text("openapi")?), extra, served })
}

fn tolerances(root: &Fields<'_>) -> Vec<(Selector, Tolerance)> {
    let mut seen = BTreeSet::new();
    let one = |fields: Fields<'_>| {
        let fields = fields.only(&["path", "abs", "rel", "decimals", "sig", "ulp"]);
        fields.demand("path", "$.days_remaining")?;
        let path = selector(&fields, "path")?;
        let tolerance = tolerance(&fields);
        if tolerance.is_exact() {
            fields.refuse_all("says no tolerance: give `abs`, `rel`, `decimals`, `sig` or `ulp`");
        }
        if !seen.insert(path.text().to_owned()) {
            fields.refuse("path", format!("`{}` has a tolerance already", path.text()));
        }
        Some((path, tolerance))
    };
    root.mappings("tolerances").into_iter().filter_map(one).collect()
}

fn limits(fields: &Fields<'_>) -> Limits {
    let fields = fields.clone().only(&["failures", "flaky"]);
    Limits {
        failures: fields.parsed("failures").unwrap_or_default(),
        flaky: fields.parsed("flaky").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Allowed;

    const WHOLE: &str = r#"
version: 1
parameters: {line: "1.4"}
target: {timeout: 2s, concurrency: 16, headers: {X-Canary: "yes"}}
probes:
- {name: alive, get: /healthz, successes: 3, every: 100ms, within: 30s}
- {get: /readyz, status: 204, assert: [{path: $.status, equals: ready}]}
running_version: {get: /version, path: $.git_sha, equals: abc}
cases: {from: "cases-${line}.jsonl", min: 10, repeats: 2}
tolerances: [{path: $.days, abs: 0.05}, {path: $.kg, abs: 0.5, rel: "1e-5"}]
metadata: {git_sha: git-sha, generated_at: {format: timestamp, max_age: 5m}, $.nested.id: string}
assert: [{path: $.confidence, between: [0, 1]}]
limits: {failures: 0, flaky: 1%}
"#;

    fn problems(text: &str) -> Vec<String> {
        read(text, &[], None).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_whole_file_is_understood() {
        let canary = read(WHOLE, &["line=1.5".parse().unwrap()], None).unwrap();
        assert_eq!((canary.target.timeout.to_string(), canary.target.concurrency), ("2s".to_owned(), 16));
        assert_eq!(canary.probes.iter().map(|probe| probe.name.as_str()).collect::<Vec<_>>(), ["alive", "/readyz"]);
        assert_eq!((canary.probes[0].patience.successes, canary.probes[1].status), (3, 204));
        assert_eq!(canary.running_version.unwrap().expected, "abc");
        assert_eq!(
            canary.cases,
            Cases { from: "cases-1.5.jsonl".into(), min: 10, repeats: 2, seed: 0, sample: None, template: None }
        );
        assert_eq!((canary.everywhere.tolerances.len(), canary.every_answer.len()), (2, 4));
        assert_eq!(canary.limits, Limits { failures: Allowed::Count(0), flaky: Allowed::PerMillion(10_000) });
    }

    #[test]
    fn the_least_file_has_safe_defaults() {
        let canary = read("version: 1\ncases: {from: c.jsonl}\n", &[], None).unwrap();
        assert_eq!((canary.target.timeout.to_string(), canary.target.concurrency), ("5s".to_owned(), 8));
        assert_eq!((canary.cases.min, canary.cases.repeats, canary.limits), (1, 1, Limits::default()));
        assert!(canary.probes.is_empty() && canary.running_version.is_none());
    }

    #[test]
    fn the_run_may_say_which_version_is_expected() {
        let version = |text: &str, given| read(text, &[], given).map(|canary| canary.running_version);
        let least = "version: 1\ncases: {from: c.jsonl}\n";
        let asked = version(least, Some("abc")).unwrap().unwrap();
        assert_eq!((asked.path.as_str(), asked.expected.as_str()), ("/version", "abc"));
        assert_eq!(version(WHOLE, Some("def")).unwrap().unwrap().expected, "def");
        let open = format!("{least}running_version: {{path: $.version}}\n");
        assert_eq!(version(&open, Some("1.4.0")).unwrap().unwrap().expected, "1.4.0");
        assert_eq!(
            problems(&open),
            ["line 3: running_version: says no version: give `equals` here, or the input `expect-version`"]
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once_in_the_order_of_the_lines() {
        let text = "version: 2\nporbes: []\ntarget:\n  timeout: 0ms\n  headers: {\"a b\": c, Host: x}\nprobes:\n- get: healthz\n- \
                    {status: 99}\ncases: {from: c.jsonl, min: 0}\nmetadata: {git_sha: sha}\nassert:\n- path: $.a\n\
                    limits: {failures: 101%}\ntolerances: [{path: $.x}, {path: $.a, abs: 1}, {path: $.a, rel: 1}]\n";
        assert_eq!(
            problems(text),
            [
                "line 1: version: only version 1 is known; write `version: 1`",
                "line 2: porbes: unknown key; did you mean `probes`?",
                "line 4: target.timeout: `0s` is too short",
                "line 5: target.headers.a b: is not the name of a header",
                "line 5: target.headers.Host: is written by the client itself",
                "line 7: probes[0].get: `healthz` is not a path: it starts with `/` and has no white space",
                "line 8: probes[1].status: `99` is not a whole number from 100 to 599",
                "line 8: probes[1]: `get` is missing; for example `get: /healthz`",
                "line 9: cases.min: `0` is not a whole number of at least 1",
                "line 10: metadata.git_sha: `sha` is neither a type (null, boolean, number, integer, string, array, \
                 object) nor a format (text, semver, git-sha, sha256, timestamp, date)",
                "line 12: assert[0]: asserts nothing; say what must hold at this path, or `present: true`",
                "line 13: limits.failures: `101%` is neither a number of cases nor a percentage below 100; write 0, 3 \
                 or 0.5%",
                "line 14: tolerances[0]: says no tolerance: give `abs`, `rel`, `decimals`, `sig` or `ulp`",
                "line 14: tolerances[2].path: `$.a` has a tolerance already",
            ]
        );
        assert_eq!(problems("version: 1\n"), ["line 1: `cases` is missing; for example `cases: {from: cases.jsonl}`"]);
        assert_eq!(problems("- 1\n"), ["line 1: expected a mapping of keys, found a list"]);
        assert_eq!(problems(""), ["line 1: expected a mapping of keys, found nothing"]);
    }
}
