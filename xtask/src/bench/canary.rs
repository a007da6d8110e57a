//! `canary-dataset-check` beside `wrk` on the sample service: how many answers a second it judges, how late it sends at ten
//! thousand a second, what a comparison costs, what a freezing service looks like, and the memory of it all.

use super::{
    measure::{self, Figures},
    registry::ours,
};
use crate::shell::{command, is_there, read, root, target};
use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    fs,
    io::{BufWriter, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PORT: &str = "18733";
const URL: &str = "http://127.0.0.1:18733";

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Canary {
    /// How many cases are asked of the service
    #[arg(long, default_value_t = 200_000)]
    cases: usize,
    /// How long each load lasts, in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How often each program runs
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Our program; by default the release tree's
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// A server that ends with this value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Measures and prints.
pub(super) fn run(options: &Canary) -> Result<()> {
    let ours = ours(options.binary.as_deref())?;
    let folder = target().join("bench/canary");
    fs::create_dir_all(&folder)?;
    let server = sample(&folder)?;
    judged(options, &ours, &folder)?;
    on_time(options, &ours, &folder)?;
    drop(server);
    compared(&ours, &folder, options)?;
    frozen(options, &ours, &folder)
}

/// The sample service, as a release has it.
fn sample(folder: &Path) -> Result<Server> {
    let example = root().join("examples/recommendation");
    crate::shell::run(command("cargo", &["build", "--release", "--quiet"]).current_dir(&example))?;
    let app = folder.join("app");
    fs::create_dir_all(app.join("data"))?;
    fs::copy(example.join("flavours/good/rules.json"), app.join("rules.json"))?;
    for file in fs::read_dir(example.join("data"))? {
        let file = file?;
        fs::copy(file.path(), app.join("data").join(file.file_name()))?;
    }
    fs::write(
        app.join("run-manifest.json"),
        r#"{"git_sha": "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c", "run_id": "1"}"#,
    )?;
    let mut service = command(example.join("target/release/recommendation"), &[]);
    start(service.env("APP_DIR", app).env("HOST", "127.0.0.1").env("PORT", PORT))
}

fn start(command: &mut Command) -> Result<Server> {
    let server = Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(("127.0.0.1", PORT.parse()?)).is_err() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(server)
}

/// Answers judged in full a second, beside requests of a closed loop that looks at nothing.
fn judged(options: &Canary, ours: &Path, folder: &Path) -> Result<()> {
    write(folder, "judged", "target: {concurrency: 50}\n", options.cases, |n| {
        format!(r#"{{"id":"c{n}","request":{{"path":"/healthz"}},"expect":{{"values":{{"$.status":"alive"}}}}}}"#)
    })?;
    let mut rates = Vec::new();
    for _ in 0..options.runs.max(1) {
        let (report, figures) = check(ours, folder, "judged", &["--base-url", URL])?;
        let seconds = seconds_between(&report)?;
        rates.push(options.cases as f64 / seconds);
        println!(
            "judged: {:.0} answers/s, {:.1} µs of processor each, {:.1} MB",
            options.cases as f64 / seconds,
            figures.cpu.as_secs_f64() * 1e6 / options.cases as f64,
            figures.memory as f64 / 1e6
        );
        if let Some(rate) = wrk(&["-t1", "-c50", "-d5s", &format!("{URL}/healthz")], "Requests/sec:")? {
            println!("wrk -t1 -c50: {rate} requests/s, nothing looked at");
        }
    }
    Ok(())
}

/// Ten thousand requests a second, each when it is due.
fn on_time(options: &Canary, ours: &Path, folder: &Path) -> Result<()> {
    let load = format!("load: {{rate: 10000/s, duration: {}s, warmup: 1s, p99: {{max: 1s}}}}\n", options.seconds);
    write(folder, "on-time", &load, 1, |_| {
        r#"{"id":"a","request":{"path":"/healthz"},"expect":{"values":{"$.status":"alive"}}}"#.to_owned()
    })?;
    let (report, figures) = check(ours, folder, "on-time", &["--base-url", URL])?;
    println!(
        "10,000/s: 99 % sent within {} ms of being due, {} answers/s, {:.1} MB; {}",
        report["load"]["schedule_lag_p99_ms"],
        report["load"]["answers_per_second"],
        figures.memory as f64 / 1e6,
        report["verdict"]
    );
    Ok(())
}

/// A batch of 100,000 answers of 2 KB, each compared with what it must be.
fn compared(ours: &Path, folder: &Path, options: &Canary) -> Result<()> {
    let body = |n: usize| {
        let fields: Vec<String> =
            (0..60).map(|field| format!(r#""field_{field:02}":{}.{field:02}125"#, n * 31 + field)).collect();
        format!(r#"{{"id":"c{n}",{},"note":"{}"}}"#, fields.join(","), "x".repeat(600))
    };
    write(folder, "compared", "target: {answers: compared.out.jsonl}\n", 100_000, |n| {
        format!(r#"{{"id":"c{n}","expect":{{"values":{{"$":{}}}}}}}"#, body(n))
    })?;
    lines(&folder.join("compared.out.jsonl"), 100_000, &body)?;
    println!("compared: 100,000 answers of about {} bytes", body(50_000).len());
    for _ in 0..options.runs.max(1) {
        let (validated, alone) = check(ours, folder, "compared", &["--mode", "validate"])?;
        let (report, figures) = check(ours, folder, "compared", &[])?;
        println!(
            "compared: {:.2} s of processor with reading the cases twice ({:.2} s once alone), {:.1} MB; {} of {}",
            figures.cpu.as_secs_f64(),
            alone.cpu.as_secs_f64(),
            figures.memory as f64 / 1e6,
            report["counts"]["passed"],
            validated["cases"]
        );
    }
    Ok(())
}

/// A service that freezes for two seconds of every ten, as its users wait for it and as a closed loop sees it.
fn frozen(options: &Canary, ours: &Path, folder: &Path) -> Result<()> {
    let text = fs::read_to_string(root().join("actions/canary-dataset-check/tests/load.rs"))?;
    let script = text.split("r#\"\n").nth(1).and_then(|rest| rest.split("\"#;").next());
    let script = script.context("the stalling server is not where it was")?;
    let server = start(&mut command("python3", &["-c", script, PORT, "10", "2"]))?;
    let seconds = options.seconds.max(20) / 10 * 10;
    let load = format!(
        "target: {{timeout: 10s}}\nload: {{rate: 500/s, duration: {seconds}s, max_lag: 1s, p95: {{max: 100ms}}}}\n"
    );
    write(folder, "frozen", &load, 1, |_| {
        r#"{"id":"a","request":{"path":"/"},"expect":{"values":{"$.a":1}}}"#.to_owned()
    })?;
    let (report, _) = check(ours, folder, "frozen", &["--base-url", URL])?;
    println!("frozen 2 s of 10 s, 500/s: {} (theory p95 1500 ms, p99 1900 ms)", report["load"]["quantiles_ms"]);
    let duration = format!("-d{seconds}s");
    if let Some(worst) = wrk(&["-t1", "-c10", &duration, "--latency", URL], "99%")? {
        println!("wrk -t1 -c10: 99 % within {worst}");
    }
    drop(server);
    Ok(())
}

/// A configuration, and its cases.
fn write(folder: &Path, name: &str, more: &str, cases: usize, case: impl Fn(usize) -> String) -> Result<()> {
    fs::write(folder.join(format!("{name}.yml")), format!("version: 1\ncases: {{from: {name}.jsonl}}\n{more}"))?;
    lines(&folder.join(format!("{name}.jsonl")), cases, &case)
}

/// A file of so many lines, never all of them in memory: the kernel hands our largest size down to what we start.
fn lines(path: &Path, count: usize, line: &dyn Fn(usize) -> String) -> Result<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    for n in 0..count {
        writeln!(file, "{}", line(n))?;
    }
    Ok(file.flush()?)
}

/// One run of the check: its report, and what it took.
fn check(ours: &Path, folder: &Path, name: &str, args: &[&str]) -> Result<(Value, Figures)> {
    let report = folder.join("lockkeeper-canary-dataset-check-.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut command = command(ours, &["canary-dataset-check", "--config"]);
    command.arg(folder.join(format!("{name}.yml"))).args(args);
    for variable in ["GITHUB_OUTPUT", "GITHUB_ACTION"] {
        command.env_remove(variable);
    }
    let (_, figures) = measure::run(command.env("RUNNER_TEMP", folder))?;
    let text = fs::read_to_string(&report).with_context(|| format!("{name} left no report"))?;
    let whole: Value = serde_json::from_str(&text)?;
    Ok((whole["report"].clone(), figures))
}

/// From the first question to the last answer.
fn seconds_between(report: &Value) -> Result<f64> {
    let seconds = |member: &str| -> Result<f64> {
        let text = report[member].as_str().context("a report without its times")?;
        let time = text.split_once('T').map_or(text, |(_, time)| time).trim_end_matches('Z');
        time.split(':').try_fold(0.0, |sum, part| Ok(sum * 60.0 + part.parse::<f64>()?))
    };
    Ok((seconds("finished_at")? - seconds("started_at")?).rem_euclid(86_400.0))
}

/// The word behind `label` in what wrk prints; `None` where there is no wrk (Debian: wrk).
fn wrk(args: &[&str], label: &str) -> Result<Option<String>> {
    if !is_there("wrk", &["-v"]) && !Path::new("/usr/bin/wrk").exists() {
        println!("wrk is not installed");
        return Ok(None);
    }
    let text = read(&mut command("wrk", args))?;
    let words = text.lines().find_map(|line| line.trim().strip_prefix(label));
    Ok(words.map(|words| words.trim().to_owned()))
}
