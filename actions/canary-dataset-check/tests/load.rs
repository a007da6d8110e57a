//! The load check against a real server that freezes, and beside a closed loop on the same server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use world::{Server, World, case, ok};

/// Serves any number of connections on one thread, and freezes for two seconds of every ten.
const STALLING: &str = r#"
import asyncio, sys, time
period, frozen = float(sys.argv[2]), float(sys.argv[3])
start = time.monotonic()
class Answer(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        body = b'{"a": 1}'
        answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        self.transport.write(answer * data.count(b"\r\n\r\n"))
async def freeze():
    while True:
        now = (time.monotonic() - start) % period
        if now >= period - frozen: time.sleep(period - now)
        await asyncio.sleep(0.001)
async def main():
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await freeze()
asyncio.run(main())
"#;

struct Stalling {
    child: Child,
    port: u16,
}

impl Stalling {
    fn start(period: &str, frozen: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let args = ["-c", STALLING, &port.to_string(), period, frozen];
        let child = Command::new("python3").args(args).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { child, port }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Stalling {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn canary(load: &str) -> String {
    format!("version: 1\ntarget: {{timeout: 5s}}\ncases: {{from: cases.jsonl}}\nload: {load}\n")
}

fn quantile(report: &serde_json::Value, name: &str) -> f64 {
    let all = report["load"]["quantiles_ms"].as_array().unwrap();
    all.iter().find(|pair| pair[0] == name).unwrap()[1].as_f64().unwrap()
}

/// Of every ten seconds, the requests of two wait from two seconds down to nothing: 5 % of all wait 1.5 s and more, 1 %
/// wait 1.9 s and more. Here at a tenth of the time: 150 ms and 190 ms.
#[test]
fn a_frozen_service_is_measured_as_its_users_feel_it() {
    let server = Stalling::start("1", "0.2");
    let world = World::new(&canary("{rate: 500/s, duration: 4s, max_lag: 1s, p95: {max: 20ms}}"), &case("a", "/", 1));
    let ran = world.run(&server.url(), &[]);
    assert_eq!((ran.code, ran.report["verdict"].as_str()), (1, Some("fail")), "{}", ran.log);
    assert_eq!(ran.report["load"]["sent"], 2000);
    let (p50, p95, p99) = (quantile(&ran.report, "p50"), quantile(&ran.report, "p95"), quantile(&ran.report, "p99"));
    assert!(p50 < 100.0 && p95 > 120.0 && p99 > 150.0, "{p50} {p95} {p99}");
    assert!(ran.log.contains("load: p95 is between"), "{}", ran.log);
    assert!(ran.summary.contains("xychart-beta") && ran.summary.contains("Latency by share"), "{}", ran.summary);
}

#[test]
fn a_quick_service_passes_and_too_few_requests_prove_nothing() {
    let server = Stalling::start("1000", "0");
    let load = |more: &str| canary(&format!("{{rate: 200/s, duration: 1s, max_lag: 1s, {more}}}"));
    let run = |load: &str| World::new(load, &case("a", "/", 1)).run(&server.url(), &[]);
    let ran = run(&load("warmup: 200ms, p95: {max: 2s}, min_rate: 100/s"));
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert_eq!((&ran.report["load"]["sent"], &ran.report["load"]["wrong"]), (&200.into(), &0.into()));
    let ran = run(&load("p99: {max: 2s}"));
    assert_eq!(ran.code, 3, "200 requests without one above the limit do not show a p99: {}", ran.log);
    assert!(ran.log.contains("more requests would tell"), "{}", ran.log);
}

#[test]
fn wrong_answers_under_load_are_wrong_and_a_generator_that_cannot_keep_up_says_so() {
    let server = Server::start(|seen| ok(if seen.number == 0 { "{\"a\": 1}" } else { "{\"a\": 2}" }));
    let ran =
        World::new(&canary("{rate: 100/s, duration: 500ms, max_lag: 1s}"), &case("a", "/", 1)).run(&server.url(), &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(
        ran.log.contains("load: 50 of 50 requests were answered wrongly; allowed: 0 ($.a: expected 1, seen 2"),
        "{}",
        ran.log
    );

    let stalling = Stalling::start("1", "0.5");
    let load = canary("{rate: 500/s, duration: 1500ms, max_in_flight: 5, max_lag: 1s, p95: {max: 1ms}}");
    let ran = World::new(&load, &case("a", "/", 1)).run(&stalling.url(), &[]);
    assert_eq!((ran.code, ran.report["verdict"].as_str()), (3, Some("inconclusive")), "{}", ran.log);
    assert!(ran.log.contains("all 5 requests that may be under way were"), "{}", ran.log);
}

#[test]
fn a_slower_candidate_is_told_from_its_baseline() {
    let slow = Server::start(|seen| {
        if seen.number > 0 {
            std::thread::sleep(Duration::from_millis(100));
        }
        ok("{\"a\": 1}")
    });
    let quick = Stalling::start("1000", "0");
    let load = canary("{rate: 100/s, duration: 1s, max_lag: 1s, p50: {max_increase: 20%}}");
    let world = World::new(&load, &case("a", "/", 1));
    let ran = world.run(&slow.url(), &["--baseline-url", &quick.url()]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("at most 20.0 % more is allowed"), "{}", ran.log);
    let ran = world.run(&slow.url(), &[]);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.log.contains("baseline-url"), "{}", ran.log);
}
