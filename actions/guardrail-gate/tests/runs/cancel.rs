//! A signal during the watch.

use crate::{gate::Gate, scripted::Scripted};
use axum::response::IntoResponse;
use std::time::{Duration, Instant};

const FILE: &str = r#"
version: 1
window: { watch: 10m, interval: 1s, settle: 0s, history: 0s }
sources:
  prom: { type: prometheus, url: "${url}", scrape_interval: 1s }
guardrails:
  - name: errors
    share:
      source: prom
      numerator: { counter: bad_total }
      denominator: { counter: all_total }
      absent_numerator: zero
    max: 1%
"#;

#[test]
fn a_cancelled_watch_reports_what_it_knows_and_rolls_nothing_back() {
    let server =
        Scripted::start(|_| r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#.into_response());
    for signal in ["INT", "TERM"] {
        let asked = server.requests().len();
        let running = Gate::new(FILE).arg("parameters", &format!("url={}", server.url())).start();
        let patience = Instant::now();
        while server.requests().len() < asked + 2 && patience.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let sent = Instant::now();
        running.signal(signal);
        let ended = running.wait();
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        ended.expect(130, "cancelled", "false");
        assert_eq!(ended.report["guardrails"][0]["verdict"]["doubt"]["why"], "interrupted", "{:#}", ended.report);
        assert!(ended.report["window"]["settled"].as_u64().unwrap() >= 1);
    }
}
