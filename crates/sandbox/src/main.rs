//! `lockkeeper-sandbox`: the laptop cloud as a program.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use sandbox::{Options, Pace, Sandbox};
use std::{io::Write, path::PathBuf, time::Duration};

/// A laptop cloud: registry, ECS, load balancers, metrics, logs and identities on the loopback interface.
#[derive(Debug, Parser)]
#[command(name = "lockkeeper-sandbox", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the sandbox until it is told to stop; its tasks end with it.
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where blobs and unpacked images are kept; by default a folder that goes away with the sandbox.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// How many seconds a minute of baking lasts, between the steps of a deployment and after the last.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    minute: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Command::Serve(Serve { port, data_dir, minute }) = Cli::parse().command;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let pace = Pace { minute: Duration::from_secs(minute.into()), ..Pace::default() };
    let sandbox = Sandbox::start(Options { port, data_dir, pace }).await.context("start the sandbox")?;
    let env: serde_json::Map<_, _> = sandbox.env().into_iter().map(|(name, value)| (name, value.into())).collect();
    let greeting = serde_json::json!({"endpoint": sandbox.endpoint(), "env": env});
    let mut out = std::io::stdout();
    writeln!(out, "{greeting}").and_then(|()| out.flush()).context("say where the sandbox answers")?;
    writeln!(std::io::stderr(), "sandbox: answering at {}", sandbox.endpoint()).ok();
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    writeln!(std::io::stderr(), "sandbox: ending").ok();
    sandbox.shutdown().await;
    Ok(())
}
