//! Size of the release tree, and start-up of its binary beside Node's own, in one run.

use crate::{
    shell::{command, target},
    sums,
};
use anyhow::{Context, Result};
use std::{
    fs,
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 40;

/// Of nothing: what is asked for need not exist.
const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Prints the figures; it judges nothing.
pub(super) fn run() -> Result<()> {
    let tree = target().join("dist");
    let binary = tree.join("bin/linux-x64/lockkeeper");
    let bytes: u64 =
        sums::files(&tree)?.values().filter_map(|path| fs::metadata(path).ok()).map(|file| file.len()).sum();
    println!("release tree {:.2} MB, binary {:.2} MB", bytes as f64 / 1e6, fs::metadata(&binary)?.len() as f64 / 1e6);
    let help = median(&mut command(&binary, &["ecs-deploy", "--help"]))?;
    let node = median(&mut command("node", &["-e", "0"]))?;
    let launcher = tree.join("ecs-deploy/main.cjs");
    // Wrong inputs: the whole way through Node, checksum and binary, without a call to anything.
    let launched = median(command("node", &[]).arg(launcher).env("GITHUB_ACTIONS", "true"))?;
    let call = first_call(&mut command(&binary, &["ecs-deploy"]))?;
    let launched_call = first_call(command("node", &[]).arg(tree.join("ecs-deploy/main.cjs")))?;
    let rows = [
        ("ecs-deploy --help", help),
        ("binary to its first call", call),
        ("node, empty", node),
        ("launcher and binary", launched),
        ("launcher to first call", launched_call),
    ];
    for (what, time) in rows {
        println!("{what:<26}{:>8.2} ms  (median of {RUNS})  {:>6.2} x node", millis(time), millis(time) / millis(node));
    }
    Ok(())
}

/// The median time from the start of the program to its first connection to the cloud.
fn first_call(command: &mut Command) -> Result<Duration> {
    let cloud = TcpListener::bind("127.0.0.1:0")?;
    let host = cloud.local_addr()?;
    let inputs = [("CLUSTER", "c".to_owned()), ("SERVICE", "s".to_owned()), ("IMAGE", format!("{host}/app@{DIGEST}"))];
    command.envs(inputs.map(|(name, value)| (format!("INPUT_{name}"), value))).env("GITHUB_ACTIONS", "true");
    command
        .env("AWS_ENDPOINT_URL", format!("http://{host}"))
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    command.env("AWS_SECRET_ACCESS_KEY", "example").stdout(Stdio::null()).stderr(Stdio::null());
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        let mut child = command.spawn().context("failed to start the program to be timed")?;
        cloud.accept()?;
        times.push(start.elapsed());
        child.kill()?;
        child.wait()?;
        // What the killed program still had in the queue must not answer for the next.
        cloud.set_nonblocking(true)?;
        while cloud.accept().is_ok() {}
        cloud.set_nonblocking(false)?;
    }
    times.sort();
    Ok(times[RUNS / 2])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(command: &mut Command) -> Result<Duration> {
    let mut times = Vec::with_capacity(RUNS);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for _ in 0..RUNS {
        let start = Instant::now();
        command.status().context("failed to start the program to be timed")?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[RUNS / 2])
}
