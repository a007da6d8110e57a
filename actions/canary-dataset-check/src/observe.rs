//! Looks at the running service.

mod ask;
mod asked;
mod batch;
mod load;
mod probe;
mod program;
mod run;
mod served;

pub(crate) use ask::Service;
pub use ask::{Answer, Reply};
pub use asked::{Asked, CaseVerdict, Counts, Results};
pub use probe::{ProbeResult, ProbeState};

use crate::{decide, inputs::Settings, load::Measured};
use github::{Exit, Failure, Runner};

/// What was seen. Filled as it goes, so that a cancelled run still has what it saw.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The probes that were asked, in order.
    pub probes: Vec<ProbeResult>,
    /// The running version, where it was asked for.
    pub running_version: Option<ProbeResult>,
    /// The cases; `None` when it did not come to them.
    pub results: Option<Results>,
    /// The load check; `None` when it did not come to it.
    pub load: Option<Measured>,
    /// The same load on the baseline.
    pub baseline_load: Option<Measured>,
}

impl Observed {
    /// Whether everything asked so far was right.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.probes.iter().chain(&self.running_version).all(|probe| probe.state == ProbeState::Good)
    }
}

/// Asks, on a runtime of this thread alone: an answer wakes who waits for it without a way through another thread, which
/// would cost more than everything else. Says whether it came to its end; a signal ends it.
pub(crate) fn alone(runner: &Runner, settings: &Settings, observed: &mut Observed) -> Result<bool, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unknown, "prepare to ask").because(error).state("nothing was asked"))?;
    let asking = async {
        tokio::select! {
            biased;
            () = runner.cancel().requested() => Ok(false),
            done = observe(runner, settings, observed) => done.map(|()| true),
        }
    };
    tokio::task::block_in_place(|| {
        let came = runtime.block_on(asking);
        // A generator that has been stopped still waits for its last answers; nobody else does.
        runtime.shutdown_background();
        came
    })
}

/// Asks the probes, then for the version, then the cases; each only while the ones before were right, because a case
/// asked of a sick service or of another release says nothing.
async fn observe(runner: &Runner, settings: &Settings, observed: &mut Observed) -> Result<(), Failure> {
    let service = Service::of(settings)?;
    for probe in &settings.canary.probes {
        let result = probe::wait_for(&service, probe, &settings.canary.everywhere).await;
        runner.info(result.line());
        observed.probes.push(result);
        if !observed.is_well() {
            return Ok(());
        }
    }
    if let Some(version) = &settings.canary.running_version {
        let result = probe::version(&service, version, &settings.canary.everywhere).await;
        runner.info(result.line());
        observed.running_version = Some(result);
        if !observed.is_well() {
            return Ok(());
        }
    }
    if let (Some(contract), Some(path)) =
        (&settings.contract, settings.canary.contract.as_ref().and_then(|it| it.served.as_ref()))
    {
        let result = served::compare(&service, path, contract).await;
        runner.info(result.line());
        observed.probes.push(result);
        if !observed.is_well() {
            return Ok(());
        }
    }
    let results = observed.results.insert(Results::default());
    let baseline = settings.baseline_url.as_ref().map(|url| Service::baseline(url, &settings.canary.target));
    let baseline = baseline.transpose()?;
    run::cases(runner, (&service, baseline.as_ref()), settings, results).await?;
    under_load(runner, (&service, baseline.as_ref()), settings, observed).await
}

/// The load check, on the baseline first. Wrong answers are not worth being measured.
async fn under_load(
    runner: &Runner,
    (service, baseline): (&Service, Option<&Service>),
    settings: &Settings,
    observed: &mut Observed,
) -> Result<(), Failure> {
    let Some(load) = settings.canary.load.as_ref().filter(|_| decide::cases_are_well(observed, settings.canary.limits))
    else {
        return Ok(());
    };
    if let Some(baseline) = baseline.filter(|_| load.is_relative()) {
        observed.baseline_load = Some(load::under_load(runner, baseline, settings, load).await?);
    }
    observed.load = Some(load::under_load(runner, service, settings, load).await?);
    Ok(())
}
