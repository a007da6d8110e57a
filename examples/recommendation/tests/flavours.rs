//! Every flavour, as the real binary beside its real files, asked over HTTP.

use serde_json::{Value, json};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

const GIT_SHA: &str = "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c";

/// A running service in an app folder laid out as in the image.
struct Running {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(flavour: &str) -> Self {
        Self::start_with(flavour, &json!({"git_sha": GIT_SHA, "run_id": "test-1"}))
    }

    fn start_with(flavour: &str, manifest: &Value) -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path();
        fs::copy(env!("CARGO_BIN_EXE_recommendation"), app.join("recommendation")).unwrap();
        fs::copy(example.join("flavours").join(flavour).join("rules.json"), app.join("rules.json")).unwrap();
        fs::create_dir(app.join("data")).unwrap();
        for file in fs::read_dir(example.join("data")).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), app.join("data").join(file.file_name())).unwrap();
        }
        fs::write(app.join("run-manifest.json"), manifest.to_string()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(app.join("recommendation"))
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", &port.to_string())])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let running = Self { child, port, _folder: folder };
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < deadline {
            sleep(Duration::from_millis(2));
        }
        running
    }

    /// Status and body of one GET.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    fn json(&self, path: &str) -> (u16, Value) {
        let (status, body) = self.get(path);
        (status, serde_json::from_str(&body).unwrap())
    }

    /// The ids of the cases whose expected values the service does not give.
    fn failing(&self, line: &str) -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("canary/cases-{line}.jsonl"));
        let cases = fs::read_to_string(path).unwrap();
        let cases = cases.lines().map(|case| serde_json::from_str::<Value>(case).unwrap());
        cases
            .filter(|case| {
                let (status, body) = self.json(case["request"]["path"].as_str().unwrap());
                let expect = &case["expect"];
                let values = expect["values"].as_object().unwrap();
                u64::from(status) != expect["status"].as_u64().unwrap_or(200)
                    || values.iter().any(|(path, expected)| !near(expected, &body[&path[2..]]))
            })
            .map(|case| case["id"].as_str().unwrap().to_owned())
            .collect()
    }

    fn signal(mut self, name: &str) -> Output {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
        self.ended()
    }

    fn ended(&mut self) -> Output {
        let mut stderr = Vec::new();
        let status = self.child.wait().unwrap();
        self.child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
        Output { status, stdout: Vec::new(), stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The service rounds; the expectations do not.
fn near(expected: &Value, seen: &Value) -> bool {
    match (expected.as_f64(), seen.as_f64()) {
        (Some(expected), Some(seen)) => {
            (expected - seen).abs() <= f64::max(0.051, 1e-5 * expected.abs()) || {
                expected.abs() > 200.0 && (expected - seen).abs() <= 0.51 + 1e-5 * expected.abs()
            }
        }
        _ => expected == seen,
    }
}

#[test]
fn good_gives_the_expected_values_of_its_own_logic_only() {
    let good = Running::start("good");
    assert_eq!(good.failing("1.4"), Vec::<String>::new());
    assert!(good.failing("1.5").len() > 20);
}

#[test]
fn new_logic_gives_other_values_legitimately() {
    let new = Running::start("new-logic");
    assert_eq!(new.failing("1.5"), Vec::<String>::new());
    assert!(new.failing("1.4").len() > 20);
}

#[test]
fn wrong_is_healthy_and_takes_acres_for_ten_times_as_much_land() {
    let wrong = Running::start("wrong");
    assert_eq!((wrong.get("/healthz").0, wrong.get("/readyz").0), (200, 200));
    assert_eq!(wrong.json("/version").1["logic_version"], "1.5.1");
    let acres = ["002", "005", "007", "010", "012", "015", "017", "020", "022"].map(|n| format!("b-{n}"));
    assert_eq!(wrong.failing("1.5"), acres);
    let over_max = wrong.get("/metrics").1.lines().find_map(|line| {
        line.strip_prefix("recommendations_days_remaining_over_max_total ").map(|n| n.parse::<u32>().unwrap())
    });
    assert_eq!(over_max, Some(4), "the business guardrail has something to see");

    let right = Running::start("new-logic");
    let usable = |service: &Running| service.json("/v1/recommendations/b-010").1["usable_forage_kg"].as_f64().unwrap();
    let ratio = usable(&wrong) / usable(&right);
    assert!((9.99..=10.01).contains(&ratio), "{ratio}");
    assert!(right.get("/metrics").1.contains("recommendations_days_remaining_over_max_total 0\n"));
}

#[test]
fn crashing_is_never_ready_and_exits_with_its_error_on_stderr() {
    let mut crashing = Running::start("crashing");
    assert_eq!((crashing.get("/healthz").0, crashing.get("/readyz").0), (200, 503));
    let output = crashing.ended();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("cannot load rules: herd index 41 out of bounds"), "{stderr}");
}

#[test]
fn slow_is_right_but_late() {
    let slow = Running::start("slow");
    let started = Instant::now();
    assert_eq!(slow.get("/readyz").0, 200);
    assert!(started.elapsed() < Duration::from_millis(400));
    let started = Instant::now();
    assert_eq!(slow.get("/v1/recommendations/b-001").0, 200);
    assert!(started.elapsed() >= Duration::from_millis(800));
}

#[test]
fn erroring_passes_the_dataset_and_fails_a_quarter_of_ordinary_traffic_the_same_way_each_time() {
    let erroring = Running::start("erroring");
    assert_eq!(erroring.failing("1.5"), Vec::<String>::new());
    let round = || {
        let codes = (1..=40).map(|n| erroring.get(&format!("/v1/recommendations/b-{n:03}")).0);
        codes.filter(|code| *code == 500).count()
    };
    let failed: usize = (0..3).map(|_| round()).sum();
    assert_eq!(failed, 32, "of 120");
    assert!(erroring.get("/metrics").1.contains("http_requests_total{handler=\"recommendations\",code=\"500\"} 32\n"));
}

#[test]
fn every_answer_carries_the_provenance_contract() {
    let good = Running::start("good");
    let (_, answer) = good.json("/v1/recommendations/b-001");
    let (_, version) = good.json("/version");
    for (name, value) in version.as_object().unwrap() {
        assert_eq!(&answer[name], value, "{name}");
    }
    assert_eq!(version["git_sha"], GIT_SHA);
    assert_eq!((&version["logic_version"], &version["config_version"]), (&json!("1.4.0"), &json!("2.1.0")));
    assert_eq!(version["boundary_hash"].as_str().unwrap().len(), 7 + 64);
    let generated = answer["generated_at_utc"].as_str().unwrap();
    assert!(generated.ends_with('Z') && generated.len() == 24, "{generated}");
}

#[test]
fn a_manifest_that_tells_of_another_image_keeps_it_from_being_ready() {
    let manifest = json!({"git_sha": GIT_SHA, "run_id": "test-1", "logic_version": "1.5.0"});
    let (status, body) = Running::start_with("good", &manifest).json("/readyz");
    assert_eq!(status, 503);
    assert_eq!(body["reason"], "run-manifest.json says logic_version \"1.5.0\", the image has \"1.4.0\"");
    assert_eq!(Running::start_with("good", &json!({"run_id": "x"})).get("/readyz").0, 503);
}

#[test]
fn sigterm_ends_it_cleanly() {
    let output = Running::start("good").signal("-TERM");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_contract_document_names_every_route() {
    let (status, document) = Running::start("good").json("/openapi.json");
    assert_eq!(status, 200);
    for path in ["/healthz", "/readyz", "/version", "/v1/recommendations/{boundary_id}", "/openapi.json", "/metrics"] {
        assert!(document["paths"][path]["get"]["responses"]["200"].is_object(), "{path}");
    }
}
