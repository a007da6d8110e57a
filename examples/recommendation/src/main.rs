//! A grazing-recommendation API, the sample service of the suite.
//!
//! It is small but not a toy: it carries a provenance contract in every answer, says which logic it runs, and can be
//! perfectly healthy and still wrong. What it does is decided by the files beside the binary, so one binary makes all
//! flavours of the image.

mod facts;
mod faults;
mod metrics;
mod recommend;
mod rules;
mod server;

use std::{env, error::Error, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("recommendation: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Loads everything, then answers until SIGTERM; a service that cannot load its files does not start.
async fn serve() -> Result<(), Box<dyn Error>> {
    let folder = app_folder()?;
    let rules = rules::Rules::load(&folder.join("rules.json"))?;
    let facts = facts::Facts::load(&folder)?;
    let address: SocketAddr = format!("{}:{}", setting("HOST", "0.0.0.0"), setting("PORT", "8080"))
        .parse()
        .map_err(|error| format!("HOST or PORT: {error}"))?;

    let listener =
        tokio::net::TcpListener::bind(address).await.map_err(|error| format!("listen on {address}: {error}"))?;
    eprintln!("recommendation: logic {} listens on {}", rules.logic_version, listener.local_addr()?);
    let crash = faults::crash(rules.faults.crash.clone());
    let app = server::routes(Arc::new(server::Service::new(rules, facts)));
    let serving = axum::serve(listener, app).with_graceful_shutdown(terminated());
    tokio::select! {
        ended = serving => Ok(ended?),
        message = crash => Err(message.into()),
    }
}

/// The folder of the binary; `APP_DIR` points elsewhere during development.
fn app_folder() -> Result<PathBuf, Box<dyn Error>> {
    if let Some(folder) = env::var_os("APP_DIR") {
        return Ok(folder.into());
    }
    let binary = env::current_exe()?;
    Ok(binary.parent().ok_or("the binary has no folder")?.to_owned())
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
}

/// Resolves at SIGTERM (what ECS sends) or SIGINT; requests in flight are answered first.
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
