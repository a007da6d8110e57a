//! A real Prometheus over two hours of history that promtool has backfilled: presets, backtest, and a release that ended.

use crate::{
    gate::{Ended, Running},
    presets::{began, preset},
};
use std::{
    fmt::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Growth per second of every counter of a job, before the release and after it.
const COUNTERS: [(&str, f64, f64); 8] = [
    ("http_requests_total{job=\"good\",code=\"200\"}", 20.0, 20.0),
    ("http_requests_total{job=\"good\",code=\"500\"}", 0.05, 0.06),
    ("http_requests_total{job=\"bad\",code=\"200\"}", 20.0, 20.0),
    ("http_requests_total{job=\"bad\",code=\"500\"}", 0.05, 1.2),
    ("http_requests_total{job=\"broken\",code=\"200\"}", 20.0, 20.0),
    ("http_requests_total{job=\"broken\",code=\"500\"}", 1.5, 1.5),
    ("recommendations_total", 20.0, 20.0),
    ("recommendations_blocked_total", 0.4, 2.0),
];

/// Two hours of samples, one every fifteen seconds, in OpenMetrics.
fn openmetrics(began: i64) -> String {
    let mut text = String::new();
    let mut series = |name: &str, before: f64, after: f64| {
        for at in (began - 5400..began + 1500).step_by(15) {
            let grown = (at.min(began) - began + 5400) as f64 * before + (at - began).max(0) as f64 * after;
            writeln!(text, "{name} {} {at}", grown.round()).unwrap();
        }
    };
    for (name, before, after) in COUNTERS {
        series(name, before, after);
    }
    for job in ["good", "bad", "broken"] {
        series(&format!("http_request_duration_seconds_bucket{{job=\"{job}\",le=\"0.25\"}}"), 19.8, 19.8);
        series(&format!("http_request_duration_seconds_count{{job=\"{job}\"}}"), 20.0, 20.0);
    }
    text + "# EOF\n"
}

impl Server {
    fn start(began: i64) -> Option<Self> {
        if Command::new("promtool").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI has to have the package `prometheus`");
            eprintln!("SKIPPED: no `promtool` on this machine (Debian: apt-get install prometheus)");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("d.om"), openmetrics(began)).unwrap();
        std::fs::write(file("prometheus.yml"), "global: { scrape_interval: 15s }\n").unwrap();
        let mut backfill = Command::new("promtool");
        backfill.args(["tsdb", "create-blocks-from", "openmetrics"]).arg(file("d.om")).arg(file("data"));
        let filled = backfill.stdout(Stdio::null()).output().unwrap();
        assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = serve(&file("prometheus.yml"), &file("data"), port);
        let server = Self { child, port, _folder: folder };
        let patience = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(patience.elapsed() < Duration::from_secs(60), "prometheus does not come up");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    fn gate(&self, name: &str, more: &str, began: i64) -> crate::gate::Gate {
        preset(name, &format!("prometheus_url=http://127.0.0.1:{} {more}", self.port), began)
    }
}

fn serve(config: &Path, data: &Path, port: u16) -> Child {
    Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--log.level=error")
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_release_in_the_past_of_a_real_prometheus_is_decided_against_what_was_before_it() {
    let began = began();
    let Some(server) = Server::start(began) else { return };
    let http = |job: &str| server.gate("prometheus-http", &format!("job={job}"), began).start();
    let running = [http("good"), http("bad"), http("broken"), http("nobody")];
    let [good, bad, broken, nobody] = running.map(Running::wait);
    good.expect(0, "pass", "false");
    bad.expect(1, "fail", "true");
    assert!(bad.outputs["reason"].starts_with("error-rate: "), "{:?}", bad.outputs["reason"]);
    // An hour of steady counts: requests are the unit, and one interval of 5 % is proof.
    let figures = |ended: &Ended| ended.report["guardrails"][0]["figures"]["share"].clone();
    assert!((1.0..3.0).contains(&figures(&bad)["burst"].as_f64().unwrap()), "{:#}", figures(&bad));
    assert_eq!(figures(&bad)["proven_at"], 1, "{:#}", figures(&bad));
    broken.expect(3, "inconclusive", "false");
    broken.says("outside its limit already before the deployment");
    nobody.expect(3, "inconclusive", "false");
    nobody.says("no data in the whole window");

    // Only the blocked share exists, and it has grown fivefold; the others were never counted.
    let business = server.gate("business-prometheus", "", began).run();
    business.expect(1, "fail", "true");
    assert!(business.outputs["reason"].starts_with("blocked: "), "{:?}", business.outputs["reason"]);

    let backtest = server.gate("prometheus-http", "job=good", began).arg("mode", "backtest");
    let backtest = backtest.arg("backtest-hours", "2").run();
    backtest.expect(0, "tested", "false");
    backtest.says("rolled back at most 0 of ");
    assert!(backtest.summary.contains("half within"), "{}", backtest.summary);
}
