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
        let example = repository().join("examples/recommendation");
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path();
        fs::copy(binary(), app.join("recommendation")).unwrap();
        fs::copy(example.join("flavours").join(flavour).join("rules.json"), app.join("rules.json")).unwrap();
        fs::create_dir(app.join("data")).unwrap();
        for file in fs::read_dir(example.join("data")).unwrap().flatten() {
            fs::copy(file.path(), app.join("data").join(file.file_name())).unwrap();
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
    let service = Service::start(flavour);
    let world = World::new("", "");
    let canary = repository().join("examples/recommendation/canary/canary.yml");
    let ran =
        world.run(&service.url, &[&["--config", canary.to_str().unwrap(), "--expect-version", GIT_SHA], args].concat());
    drop(service);
    ran
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
fn the_datasets_are_what_the_second_calculation_says() {
    let script = repository().join("examples/recommendation/canary/expectations.py");
    let output = Command::new("python3").arg(script).arg("--check").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
