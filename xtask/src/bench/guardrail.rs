//! `guardrail-gate` with ten guardrails over fifteen minutes that are past: the gate as a whole, its first call, how many
//! calls it makes, and the evaluation alone, which is what computing a verdict again from its report comes to.

use super::measure;
use crate::shell::{command, target};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Guardrail {
    /// How often each is run
    #[arg(long, default_value_t = 21)]
    runs: usize,
    /// Our program; by default the release tree's
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// When the release began: all of its window is past.
const BEGAN: &str = "2026-01-01T00:00:00Z";

/// The longest request read, in bytes.
const LARGEST: usize = 1 << 20;

/// Gates and computes again, and prints the medians.
pub(super) fn run(options: &Guardrail) -> Result<()> {
    let ours = super::registry::ours(options.binary.as_deref())?;
    let folder = target().join("bench/guardrail");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("guardrails.yml"), guardrails())?;
    let server = TcpListener::bind("127.0.0.1:0")?;
    let (url, calls) = (format!("http://{}", server.local_addr()?), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&calls);
    std::thread::spawn(move || server.incoming().flatten().for_each(|one| drop(serve(one, &counted))));
    let step = |words: &[&str]| {
        let mut step = command(&ours, &["guardrail-gate", "--guardrails", "guardrails.yml"]);
        step.args(words).current_dir(&folder).env_clear().env("AWS_ENDPOINT_URL", &url).env("RUNNER_TEMP", &folder);
        step.envs([("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "x")]);
        step
    };
    let runs = options.runs.max(1);
    let gate = median(runs, || step(&["--window-start", BEGAN]))?;
    let calls = calls.load(Ordering::Relaxed);
    let report = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).find(|path| is_report(path));
    // Computing it again leaves a report as well, in the same place.
    let kept = folder.join("kept");
    fs::copy(report.context("the gate left no report")?, &kept)?;
    let report = kept.display().to_string();
    let replay = median(runs, || step(&["--mode", "replay", "--report", &report]))?;
    let nothing = median(runs, || command(&ours, &["guardrail-gate", "--help"]))?;
    println!("ten guardrails, fifteen minutes, medians of {runs}:");
    println!("  the gate from start to end, its questions answered at once {:>7.2} ms", millis(gate));
    println!("  calls a gate makes                                         {:>7.2}", calls as f64 / runs as f64);
    println!("  the verdict computed again from its report                 {:>7.2} ms", millis(replay));
    println!("  of that, the program's own start (`--help`)                {:>7.2} ms", millis(nothing));
    Ok(())
}

/// Ten shares of one load balancer each, against limits they keep.
fn guardrails() -> String {
    let mut text = "version: 1\nwindow: {watch: 15m, interval: 60s, settle: 0s, history: 0s}\nsources:\n  alb: {type: \
                    cloudwatch, namespace: AWS/ApplicationELB, dimensions: {LoadBalancer: app/a/1}}\nguardrails:\n"
        .to_owned();
    for number in 0..10 {
        let _ = writeln!(
            text,
            "  - {{name: errors-{number}, max: {}%, share: {{source: alb, absent_numerator: zero, numerator: {{metric: \
             HTTPCode_{number}_Count}}, denominator: {{metric: RequestCount}}}}}}",
            number + 1
        );
    }
    text
}

fn is_report(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

fn median(runs: usize, step: impl Fn() -> Command) -> Result<Duration> {
    let mut figures = Vec::with_capacity(runs);
    for _ in 0..runs {
        let (status, taken) = measure::run(&mut step())?;
        if !status.success() {
            bail!("{} ended with {status}", step().get_program().display());
        }
        figures.push(taken);
    }
    Ok(measure::median(&figures).wall)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// CloudWatch for one connection: every query has a value for every minute asked for, and few errors.
fn serve(stream: TcpStream, calls: &AtomicUsize) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            length = header.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap_or(0));
        }
        let mut body = vec![0; length.min(LARGEST)];
        reader.read_exact(&mut body)?;
        calls.fetch_add(1, Ordering::Relaxed);
        let body = answer(&serde_json::from_slice(&body)?).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    }
}

fn answer(input: &Value) -> Value {
    let second = |member: &str| input[member].as_i64().unwrap_or_default();
    let minutes: Vec<i64> = (second("StartTime")..second("EndTime")).step_by(60).collect();
    let one = |query: &Value| {
        let all = query["MetricStat"]["Metric"]["MetricName"] == "RequestCount";
        let values = vec![if all { 600.0 } else { 2.0 }; minutes.len()];
        json!({"Id": query["Id"], "Label": "x", "StatusCode": "Complete", "Timestamps": minutes, "Values": values})
    };
    json!({"MetricDataResults": input["MetricDataQueries"].as_array().map(|all| all.iter().map(one).collect::<Vec<_>>())})
}
