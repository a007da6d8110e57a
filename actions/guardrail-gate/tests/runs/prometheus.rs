//! A real Prometheus, scraping a small exporter of ours once a second.

use crate::{
    gate::{Ended, Gate, Running},
    scripted::{runtime, serve},
};
use axum::{Router, routing::get};
use serde_json::Value;
use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Prometheus and what it scrapes; both end with the value.
struct World {
    server: Child,
    port: u16,
    /// Whether the late error has happened.
    late: Arc<AtomicBool>,
    runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Forty requests a second for every service, in counters that were born long ago.
fn exposition(elapsed: f64, late: bool, started_ms: i64) -> String {
    let n = 1000 + (elapsed * 40.0) as u64;
    let mut text = String::new();
    for service in ["healthy", "failing", "late"] {
        text += &format!("all_total{{svc=\"{service}\"}} {n}\n");
    }
    text += &format!("all_total{{svc=\"idle\"}} 500\nbad_total{{svc=\"failing\"}} {}\n", n / 2);
    if late {
        text += "bad_total{svc=\"late\"} 4\n";
    }
    for (service, fast) in [("fast", n), ("slow", n / 2)] {
        text += &format!("request_seconds_bucket{{svc=\"{service}\",le=\"0.25\"}} {fast}\n");
        text += &format!("request_seconds_bucket{{svc=\"{service}\",le=\"1\"}} {n}\n");
        text += &format!("request_seconds_count{{svc=\"{service}\"}} {n}\n");
    }
    text += "nan_gauge NaN\ninf_gauge +Inf\ntwo{i=\"a\"} 1\ntwo{i=\"b\"} 1\n";
    // A time of its own makes no staleness marker, so Prometheus gives it out as fresh for five minutes.
    text + &format!("old_gauge 1 {}\n", started_ms - 60_000)
}

impl World {
    /// `None`, said loudly, where Prometheus is not installed; a failure in CI.
    fn start() -> Option<Self> {
        if Command::new("prometheus").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI has to have the package `prometheus`");
            eprintln!("SKIPPED: no `prometheus` on this machine (Debian: apt-get install prometheus)");
            return None;
        }
        let runtime = runtime();
        let late = Arc::new(AtomicBool::new(false));
        let (began, started_ms) = (Instant::now(), jiff::Timestamp::now().as_millisecond());
        let flag = Arc::clone(&late);
        let metrics = move || {
            let text = exposition(began.elapsed().as_secs_f64(), flag.load(Ordering::SeqCst), started_ms);
            async move { text }
        };
        let exporter = serve(&runtime, Router::new().route("/metrics", get(metrics)));
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 900ms }}\nscrape_configs:\n- {{ job_name: app, static_configs: [ {{ targets: [ '{exporter}' ] }} ] }}\n"
        );
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let world = Self { server, port, late, runtime, _folder: folder };
        world.wait_for_data();
        Some(world)
    }

    fn wait_for_data(&self) {
        let patience = Instant::now();
        // Two scrapes, so that every counter has something to grow from.
        while self.ask("count_over_time(all_total{svc=\"idle\"}[1m]) >= 2").is_none() {
            assert!(patience.elapsed() < Duration::from_secs(60), "prometheus does not come up");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The value of the first series, by Prometheus' own evaluation.
    fn ask(&self, query: &str) -> Option<f64> {
        let client = transport::client(transport::Limits::default()).unwrap();
        let request = client.post(format!("{}/api/v1/query", self.url())).form(&[("query", query)]);
        let body = self.runtime.block_on(async { request.send().await?.text().await }).ok()?;
        let answer: Value = serde_json::from_str(&body).ok()?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A gate with one guardrail, over three intervals of two seconds.
    fn gate(&self, guardrail: &str) -> Gate {
        let file = format!(
            "version: 1\nwindow: {{ watch: 6s, interval: 2s, history: 0s }}\nsources:\n  prom: {{ type: prometheus, url: \"${{url}}\", scrape_interval: 1s }}\nguardrails:\n  - name: one\n    {guardrail}\n"
        );
        Gate::new(&file).arg("parameters", &format!("url={}", self.url()))
    }
}

fn share(service: &str, absent: &str) -> String {
    let counter = |name: &str| format!("{{ counter: '{name}{{svc=\"{service}\"}}' }}");
    let (numerator, denominator) = (counter("bad_total"), counter("all_total"));
    format!(
        "share: {{ source: prom, numerator: {numerator}, denominator: {denominator}, absent_numerator: {absent} }}\n    max: 1%\n    min_samples: 100"
    )
}

fn latency(service: &str, limit: &str) -> String {
    format!(
        "latency: {{ source: prom, percentile: 95, histogram: request_seconds, selector: 'svc=\"{service}\"' }}\n    max: {limit}"
    )
}

/// With a second guardrail, observed only, whose query cannot be answered.
fn beside_a_wrong_query(guardrail: &str) -> String {
    format!("{guardrail}\n  - name: other\n    gauge: {{ source: prom, query: two }}\n    max: 5\n    required: false")
}

#[test]
fn a_real_prometheus_decides_each_case_as_it_should() {
    let Some(world) = World::start() else { return };
    let gauge = |query: &str| format!("gauge: {{ source: prom, query: '{query}' }}\n    max: 5");
    let cases: Vec<(&str, String, i32, &str, &str)> = vec![
        ("healthy", share("healthy", "zero"), 0, "pass", "pass"),
        ("failing", share("failing", "zero"), 1, "fail", "more than chance explains"),
        ("idle", share("idle", "zero"), 3, "inconclusive", "nothing was asked of the service"),
        ("unknown service", share("nobody", "zero"), 3, "inconclusive", "no data in the whole window"),
        ("never born", share("healthy", "no_data"), 3, "inconclusive", "absent_numerator: zero"),
        ("fast", latency("fast", "250ms"), 0, "pass", "pass"),
        ("slow", latency("slow", "250ms"), 1, "fail", "more than chance explains"),
        ("slow within a second", latency("slow", "1s"), 0, "pass", "pass"),
        ("no such bucket", latency("fast", "300ms"), 3, "inconclusive", "no such metric or bucket"),
        ("gauge", gauge("count(up)"), 0, "pass", "pass"),
        ("scalar", gauge("scalar(count(up))"), 0, "pass", "pass"),
        (
            "gauge over",
            gauge("max_over_time(all_total{svc=\"idle\"}[${interval}])").replace("${interval}", "2s"),
            1,
            "fail",
            "500",
        ),
        ("not a number", gauge("nan_gauge"), 3, "inconclusive", "not a number"),
        ("infinite", gauge("inf_gauge"), 3, "inconclusive", "infinite"),
        ("old", gauge("old_gauge"), 3, "inconclusive", "stale"),
        ("wrong beside right", beside_a_wrong_query(&share("healthy", "zero")), 0, "pass", "gives 2 series"),
        ("two series", gauge("two"), 3, "error", "gives 2 series"),
        ("wrong query", gauge("sum("), 3, "error", "bad_data"),
        ("a range where a value is due", gauge("up[5m]"), 3, "error", "HTTP 400"),
    ];
    let running: Vec<Running> = cases.iter().map(|(_, guardrail, ..)| world.gate(guardrail).start()).collect();
    let late = world.gate(&share("late", "zero")).start();
    std::thread::sleep(Duration::from_secs(4));
    world.late.store(true, Ordering::SeqCst);

    let mut healthy = None;
    for ((name, _, code, verdict, wanted), running) in cases.iter().zip(running) {
        let ended = running.wait();
        let rollback = if *code == 1 { "true" } else { "false" };
        eprintln!("{name}: {}", ended.log.lines().last().unwrap_or_default());
        ended.expect(*code, verdict, rollback);
        ended.says(wanted);
        if *name == "healthy" {
            healthy = Some(ended);
        }
    }
    counts_equal_the_stored_samples(&world, &healthy.unwrap());
    the_first_errors_of_a_new_series_are_counted(&world, &late.wait());
}

/// Prometheus itself says how far the counter was at both ends of the window.
fn counts_equal_the_stored_samples(world: &World, ended: &Ended) {
    let at =
        |name: &str| ended.report["window"][name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let counter = "all_total{svc=\"healthy\"}";
    let wanted = world.ask(&format!("{counter} @ {} - {counter} @ {}", at("end"), at("start"))).unwrap();
    assert_eq!(ended.report["guardrails"][0]["figures"]["share"]["total"].as_f64(), Some(wanted));
}

/// `increase()` does not see a counter that is born at 4 (prometheus/prometheus#1673); the gate does.
fn the_first_errors_of_a_new_series_are_counted(world: &World, ended: &Ended) {
    ended.expect(3, "inconclusive", "false");
    ended.says("over the limit, but chance may explain it: needs about");
    assert_eq!(ended.report["guardrails"][0]["figures"]["share"]["bad"], 4, "{:#}", ended.report);
    assert_eq!(world.ask("increase(bad_total{svc=\"late\"}[1m])"), Some(0.0));
}
