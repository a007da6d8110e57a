//! The sample service in all its flavours, under the example's own `canary.yml`: what must pass passes, and the healthy
//! but wrong one does not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use serde_json::json;
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};
use world::{Ran, World, repository};

const GIT_SHA: &str = "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c";

/// The service's binary; built where it has not been.
fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let example = repository().join("examples/recommendation");
        let built = ["x86_64-unknown-linux-musl/release", "release"]
            .map(|folder| example.join("target").join(folder).join("recommendation"));
        if let Some(there) = built.iter().find(|path| path.exists()) {
            return there.clone();
        }
        let cargo = Command::new(env!("CARGO")).args(["build", "--release", "--quiet"]).current_dir(&example).status();
        assert!(cargo.unwrap().success(), "the sample service builds");
        built[1].clone()
    })
}

struct Service {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Service {
    fn start(flavour: &str) -> Self {
        Self::with_weather_of(flavour, None)
    }

    /// With the weather fetched at another time than the example's.
    fn with_weather_of(flavour: &str, fetched_at: Option<&str>) -> Self {
        let example = repository().join("examples/recommendation");
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path();
        fs::copy(binary(), app.join("recommendation")).unwrap();
        fs::copy(example.join("flavours").join(flavour).join("rules.json"), app.join("rules.json")).unwrap();
        fs::create_dir(app.join("data")).unwrap();
        for file in fs::read_dir(example.join("data")).unwrap().flatten() {
            fs::copy(file.path(), app.join("data").join(file.file_name())).unwrap();
        }
        if let Some(fetched_at) = fetched_at {
            let weather = fs::read_to_string(app.join("data/weather.json")).unwrap();
            fs::write(app.join("data/weather.json"), weather.replace("2026-09-21T05:40:00Z", fetched_at)).unwrap();
        }
        fs::write(app.join("run-manifest.json"), json!({"git_sha": GIT_SHA, "run_id": "1"}).to_string()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(app.join("recommendation"))
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", &port.to_string())])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        Self { child, url: format!("http://127.0.0.1:{port}"), _folder: folder }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The check as a user of the example runs it.
fn check(flavour: &str, args: &[&str]) -> Ran {
    of(&Service::start(flavour), "canary", &[&["--expect-version", GIT_SHA], args].concat())
}

/// One of the example's configurations on a service.
fn of(service: &Service, config: &str, args: &[&str]) -> Ran {
    let canary = repository().join(format!("examples/recommendation/canary/{config}.yml"));
    World::new("", "").run(&service.url, &[&["--config", canary.to_str().unwrap()], args].concat())
}

#[test]
fn each_good_release_passes_the_dataset_of_its_own_logic_and_fails_the_others() {
    for (flavour, line, code) in
        [("good", "1.4", 0), ("new-logic", "1.5", 0), ("good", "1.5", 1), ("new-logic", "1.4", 1)]
    {
        let ran = check(flavour, &["--parameters", &format!("line={line}")]);
        assert_eq!(ran.code, code, "{flavour} on {line}: {}", ran.log);
    }
}

#[test]
fn healthy_but_wrong_is_refused_for_exactly_the_land_measured_in_acres() {
    let ran = check("wrong", &[]);
    assert_eq!((ran.code, ran.report["verdict"].as_str()), (1, Some("fail")), "{}", ran.log);
    assert!(ran.report["probes"].as_array().unwrap().iter().all(|probe| probe["state"] == "good"));
    assert_eq!(ran.report["running_version"]["state"], "good");
    let wrong: Vec<&str> =
        ran.report["wrong"].as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(wrong, ["b-002", "b-005", "b-007", "b-010", "b-012", "b-015", "b-017", "b-020", "b-022"]);
    assert!(ran.summary.contains("- $.days_remaining: "), "{}", ran.summary);
}

#[test]
fn a_crashing_release_never_gets_as_far_as_a_case() {
    let ran = check("crashing", &["--parameters", "patience=2s"]);
    assert_ne!(ran.code, 0, "{}", ran.log);
    assert_eq!(ran.report["counts"], json!(null));
}

#[test]
fn slow_passes_until_the_time_for_an_answer_is_short() {
    assert_eq!(check("slow", &[]).code, 0);
    let ran = check("slow", &["--parameters", "timeout=400ms"]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("expected within 400 ms, seen not yet"), "{}", ran.log);
}

#[test]
fn erroring_passes_because_its_errors_are_elsewhere() {
    let ran = check("erroring", &[]);
    assert_eq!(ran.code, 0, "that is what guardrails on real traffic are for: {}", ran.log);
}

#[test]
fn golden_scenarios_notice_logic_that_drifted() {
    let ran = of(&Service::start("new-logic"), "golden", &[]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    let ran = of(&Service::start("wrong"), "golden", &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("$.days_remaining: expected"), "{}", ran.log);
}

#[test]
fn the_contract_is_kept_by_the_good_and_broken_by_a_version_that_is_none() {
    assert_eq!(of(&Service::start("new-logic"), "contract", &[]).code, 0);
    let ran = of(&Service::start("unversioned"), "contract", &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("$.logic_version: expected a match of"), "{}", ran.log);
}

#[test]
fn staging_is_passed_by_the_good_and_not_by_the_slow() {
    let ran = of(&Service::start("new-logic"), "staging", &[]);
    assert_eq!((ran.code, &ran.report["load"]["sent"]), (0, &json!(300)), "{}", ran.log);
    let ran = of(&Service::start("slow"), "staging", &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("load: p95 is between 8"), "{}", ran.log);
}

#[test]
fn data_are_fresh_the_day_they_were_fetched_and_blocked_two_days_later() {
    let hours_ago = |hours: i64| (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours)).to_string();
    for (hours, code) in [(1, 0), (30, 1), (60, 1)] {
        let ran = of(&Service::with_weather_of("new-logic", Some(&hours_ago(hours))), "freshness", &[]);
        assert_eq!(ran.code, code, "{hours}: {}", ran.log);
    }
    let ran = of(&Service::start("new-logic"), "freshness", &[]);
    assert!(ran.log.contains("staleness: 5 of 5 answers are blocked; allowed: 0"), "{}", ran.log);
}

#[test]
fn a_deployment_is_asked_until_it_is_healthy_and_runs_what_was_meant() {
    let quick = ["--parameters", "every=50ms", "--parameters", "within=1s"];
    let asked = |flavour: &str, version: &str| {
        of(&Service::start(flavour), "deployed", &[&quick[..], &["--expect-version", version]].concat())
    };
    assert_eq!(asked("new-logic", GIT_SHA).code, 0);
    let other = asked("new-logic", "0000000000000000000000000000000000000000");
    assert_eq!(other.code, 1, "{}", other.log);
    assert_ne!(asked("crashing", GIT_SHA).code, 0);
}

#[test]
fn capacity_is_that_of_the_good_and_not_of_the_slow() {
    // A tenth of what is asked for, so that tests beside this one do not decide it.
    let quick = ["--parameters", "rate=100/s", "--parameters", "least=90/s", "--parameters", "duration=2s"];
    let ran = of(&Service::start("new-logic"), "capacity", &quick);
    assert_eq!(ran.code, 0, "{}", ran.log);
    let ran = of(&Service::start("slow"), "capacity", &quick);
    assert_eq!(ran.code, 1, "{}", ran.log);
}

#[test]
fn the_datasets_are_what_the_second_calculation_says() {
    let script = repository().join("examples/recommendation/canary/expectations.py");
    let output = Command::new("python3").arg(script).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
