//! The load check, run on a thread of its own.

use super::Service;
use crate::{
    cases::Request,
    inputs::Settings,
    load::{Load, Measured, Shot, Stop, fire},
    random::Reservoir,
};
use github::{Exit, Failure, Runner};
use std::time::Duration;

/// Cases that take turns; more would be memory and no more variety.
const MOST_SHOTS: usize = 1000;

/// How often a long check says where it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// Stops the generator when nobody waits for it any more.
struct Guard(Stop);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// Puts the service under load.
pub(super) async fn under_load(
    runner: &Runner,
    service: &Service,
    settings: &Settings,
    load: &Load,
) -> Result<Measured, Failure> {
    let failed = |error: String| {
        let failure = Failure::new(Exit::Unknown, "put under load").subject(service.name());
        failure.because(error).state("the service was asked; nothing was changed")
    };
    let shots = shots(service, settings, load).map_err(failed)?;
    let whole = load.warmup.seconds() + load.duration.seconds();
    runner.info(format!("load on {}: {} requests/s for {whole:.0} s", service.name(), load.rate));
    let guard = Guard(Stop::default());
    let (plan, there, stop) = (load.clone(), service.clone(), guard.0.clone());
    let everywhere = settings.canary.everywhere.clone();
    let mut firing = tokio::task::spawn_blocking(move || fire(&plan, there, (shots, everywhere), stop));
    let mut tick = tokio::time::interval(PROGRESS);
    tick.tick().await;
    loop {
        tokio::select! {
            biased;
            fired = &mut firing => {
                let measured = fired.map_err(|error| failed(error.to_string()))?;
                return measured.map_err(|error| failed(error.to_string()));
            }
            _ = tick.tick() => runner.info(format!("load: {} requests settled", guard.0.done())),
        }
    }
}

/// What is asked: the one request, or a fair choice of the cases.
fn shots(service: &Service, settings: &Settings, load: &Load) -> Result<Vec<Shot>, String> {
    let shot =
        |request: &Request, status, assertions| service.encode(request).map(|wire| Shot { wire, status, assertions });
    if let Some(request) = &load.request {
        return Ok(vec![shot(request, 200, Vec::new())?]);
    }
    let mut chosen = Reservoir::new(MOST_SHOTS, settings.canary.cases.seed);
    let mut stream = settings.dataset.stream().map_err(|error| error.to_string())?;
    while let Some(case) = stream.next(&settings.canary).map_err(|error| error.to_string())? {
        chosen.offer(case);
    }
    chosen.items.into_iter().map(|case| shot(&case.request, case.status, case.assertions)).collect()
}
