//! The process: from arguments and environment to an exit code. Nothing else in the suite exits.

use crate::{
    Action, Annotation, Cancel, Declaration, Exit, Failure, Report, Runner, Summary, cancel,
    commands::Level,
    file_commands,
    inputs::{CommandLine, Given},
    log::{Log, Voice},
    summary::Alert,
};
use std::{collections::BTreeMap, path::Path, process::ExitCode, sync::Arc, time::Duration};

/// One action of a multi-call binary.
#[derive(Clone, Copy)]
pub struct Entry {
    name: &'static str,
    run: fn(Vec<String>) -> ExitCode,
    declaration: fn() -> Declaration,
}

impl Entry {
    /// The entry of an action.
    #[must_use]
    pub fn of<A: Action>() -> Self {
        Self { name: A::NAME, run: run::<A>, declaration: Declaration::of::<A> }
    }

    /// The action's declaration.
    #[must_use]
    pub fn declaration(&self) -> Declaration {
        (self.declaration)()
    }
}

/// Which part of a step this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The runner started it through the launcher: inputs from the environment only.
    Main,
    /// The runner started its post step.
    Post,
    /// A person or a script started it.
    CommandLine,
}

/// How long an action that heeds signals may take after the first: the runner kills 10 s after it.
const GRACE: Duration = Duration::from_secs(9);

/// The `main` of an action's own binary.
#[must_use]
pub fn main<A: Action>() -> ExitCode {
    run::<A>(std::env::args().skip(1).collect())
}

/// The `main` of a binary that holds several actions: `lockkeeper <action> …`.
#[must_use]
pub fn dispatch(entries: &[Entry]) -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next();
    if let Some(entry) = entries.iter().find(|entry| Some(entry.name) == name.as_deref()) {
        return (entry.run)(args.collect());
    }
    let asked = matches!(name.as_deref(), None | Some("--help" | "-h"));
    let mut text = format!("lockkeeper {}\n\nUsage: lockkeeper <action> [inputs]\n\n", env!("CARGO_PKG_VERSION"));
    for entry in entries {
        text += &format!("  {:<22}{}\n", entry.name, entry.declaration().about.description);
    }
    if let (false, Some(name)) = (asked, name) {
        text = format!("error: `{name}` is no action of this binary\n\n{text}");
    }
    print(&text, asked);
    ExitCode::from(if asked { Exit::Done } else { Exit::BadInput }.code())
}

fn run<A: Action>(args: Vec<String>) -> ExitCode {
    let env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.to_string_lossy().into_owned())))
        .collect();
    let (phase, args) = match args.split_first() {
        Some((first, rest)) if first == "main" && rest.is_empty() => (Phase::Main, Vec::new()),
        Some((first, rest)) if first == "post" && rest.is_empty() => (Phase::Post, Vec::new()),
        _ => (Phase::CommandLine, args),
    };
    let (given, json) = match phase {
        Phase::CommandLine => match Given::from_args::<A>(&args, &env) {
            CommandLine::Run { given, json } => (given, json),
            CommandLine::Say(text) => {
                let asked = !text.use_stderr();
                print(&text.render().to_string(), asked);
                return ExitCode::from(if asked { Exit::Done } else { Exit::BadInput }.code());
            }
        },
        Phase::Main | Phase::Post => (Given::from_env::<A>(&env), false),
    };
    let voice = match env.get("GITHUB_ACTIONS") {
        Some(value) if value == "true" => Voice::Workflow,
        _ => Voice::Person,
    };
    let sink: Box<dyn std::io::Write + Send> =
        if json { Box::new(std::io::stderr()) } else { Box::new(std::io::stdout()) };
    let (signals, cancel) = Cancel::new();
    let runner = Arc::new(Runner::new(env, Log::new(voice, A::NAME, sink), cancel));
    given.secrets::<A>().into_iter().for_each(|secret| runner.mask(secret));
    install_panic_hook(Arc::clone(&runner));
    let listen = || cancel::listen(signals, phase != Phase::CommandLine);
    let exit = with_runtime(&runner, listen, async {
        match phase {
            Phase::Post => post::<A>(&runner, &given).await,
            Phase::Main | Phase::CommandLine => step::<A>(&runner, &given, phase, json).await,
        }
    });
    leave(exit)
}

/// Runs the future beside a watch for signals, which ends an action that does not heed them.
fn with_runtime<Listening: Future<Output = ()> + Send + 'static>(
    runner: &Arc<Runner>,
    listen: impl FnOnce() -> std::io::Result<Listening>,
    work: impl Future<Output = Exit>,
) -> Exit {
    // One worker beside this thread: signals are seen even while an action computes.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let listening = runtime.and_then(|runtime| {
        let inside = runtime.enter();
        let listening = listen()?;
        drop(inside);
        Ok((runtime, listening))
    });
    let (runtime, listening) = match listening {
        Ok(begun) => begun,
        Err(error) => {
            let failure = Failure::new(Exit::Unknown, "start").because(error).state("nothing was changed");
            return tell_failure(runner, "start", &failure);
        }
    };
    runtime.spawn(listening);
    let watched = Arc::clone(runner);
    runtime.spawn(async move {
        end_when_cancelled(&watched).await;
        leave(Exit::Cancelled)
    });
    runtime.block_on(work)
}

async fn end_when_cancelled(runner: &Runner) {
    runner.cancel.first().await;
    if runner.cancel.is_heeded() {
        tokio::select! {
            () = tokio::time::sleep(GRACE) => {}
            () = async {
                runner.cancel.insisted().await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            } => {}
        }
    }
    runner.log.notice(Level::Error, "cancelled before the work was finished");
    write_outputs(runner, &[("verdict".to_owned(), "cancelled".to_owned())]);
}

async fn step<A: Action>(runner: &Runner, given: &Given, phase: Phase, json: bool) -> Exit {
    // Outputs exist even if this process is killed, and what is written later wins.
    let names: Vec<String> = Declaration::of::<A>().outputs().iter().map(|output| output.name.to_owned()).collect();
    let blank: Vec<(String, String)> = names.iter().map(|name| (name.clone(), String::new())).collect();
    write_outputs(runner, &blank);
    let misspelt = match phase {
        Phase::Main => given.misspelt::<A>(),
        Phase::Post | Phase::CommandLine => Vec::new(),
    };
    // act hands a composite's inputs down to the steps inside it, so there a stray name proves nothing.
    let (errors, doubtful) =
        if runner.env("ACT") == Some("true") { (Vec::new(), misspelt) } else { (misspelt, Vec::new()) };
    doubtful.iter().for_each(|error| runner.warning(error.to_string()));
    let result = match given.parse::<A>(errors) {
        Ok(inputs) => A::run(runner, inputs).await,
        Err(failure) => Err(failure),
    };
    match result {
        Ok(report) => tell_report(runner, A::NAME, &names, report, json),
        Err(failure) => {
            let failure = failure.or_explain(A::NAME);
            let exit = tell_failure(runner, A::NAME, &failure);
            if json {
                print(&format!("{}\n", failure_document(A::NAME, &failure)), true);
            }
            exit
        }
    }
}

async fn post<A: Action>(runner: &Runner, given: &Given) -> Exit {
    // Wrong inputs were reported by main, which then did nothing that a post step would have to finish.
    let Ok(inputs) = given.parse::<A>(Vec::new()) else { return Exit::Done };
    match A::post(runner, inputs).await {
        Ok(()) => Exit::Done,
        Err(failure) => tell_failure(runner, A::NAME, &failure),
    }
}

fn tell_report(runner: &Runner, name: &str, declared: &[String], report: Report, json: bool) -> Exit {
    let headline = format!("{name}: {}", report.headline);
    match report.exit {
        Exit::Done => runner.info(&headline),
        Exit::Refused | Exit::BadInput | Exit::Unknown | Exit::Cancelled => runner.log.annotate(&report.error()),
    }
    report.annotations.iter().for_each(|annotation| runner.log.annotate(annotation));
    let document = report_document(name, &report);
    let mut outputs = vec![("verdict".to_owned(), report.verdict.clone())];
    outputs.push(("report-path".to_owned(), write_document(runner, name, &document)));
    for (output, value) in &report.outputs {
        if declared.contains(output) {
            outputs.push((output.clone(), value.clone()));
        } else {
            runner.warning(format!("`{output}` is not a declared output of {name}: please report this bug"));
        }
    }
    write_outputs(runner, &outputs);
    write_summary(runner, &title(report.exit, name, &report.headline).extend(report.summary));
    if json {
        print(&format!("{}\n", runner.log.redact(&document)), true);
    }
    report.exit
}

fn tell_failure(runner: &Runner, name: &str, failure: &Failure) -> Exit {
    runner.log.annotate(&Annotation::error(failure.to_string()));
    let verdict = if failure.exit() == Exit::Cancelled { "cancelled" } else { "error" };
    let mut outputs = vec![("verdict".to_owned(), verdict.to_owned())];
    outputs.push(("report-path".to_owned(), write_document(runner, name, &failure_document(name, failure))));
    outputs.extend(failure.outputs().iter().cloned());
    write_outputs(runner, &outputs);
    let details = failure.details().join("\n");
    let summary = title(failure.exit(), name, &failure.headline());
    write_summary(runner, &if details.is_empty() { summary } else { summary.code("", &details) });
    failure.exit()
}

fn title(exit: Exit, name: &str, headline: &str) -> Summary {
    let (icon, alert) = match exit {
        Exit::Done => ("✅", Alert::Tip),
        Exit::Refused => ("❌", Alert::Caution),
        Exit::BadInput | Exit::Unknown => ("⚠️", Alert::Warning),
        Exit::Cancelled => ("⏹️", Alert::Warning),
    };
    Summary::new().heading(&format!("{icon} {name}")).alert(alert, headline)
}

fn report_document(name: &str, report: &Report) -> String {
    let outputs: BTreeMap<&str, &str> =
        report.outputs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let document = serde_json::json!({
        "action": name, "version": env!("CARGO_PKG_VERSION"), "verdict": report.verdict, "exit-code": report.exit.code(),
        "headline": report.headline, "outputs": outputs, "report": report.document,
    });
    format!("{document:#}")
}

fn failure_document(name: &str, failure: &Failure) -> String {
    let document = serde_json::json!({
        "action": name, "version": env!("CARGO_PKG_VERSION"), "verdict": "error", "exit-code": failure.exit().code(),
        "headline": failure.headline(), "details": failure.details(),
    });
    format!("{document:#}")
}

/// The report's path, empty where there is no folder for it. A step runs at most once in a job, so its id names the file.
fn write_document(runner: &Runner, name: &str, document: &str) -> String {
    let Some(folder) = runner.env("RUNNER_TEMP") else { return String::new() };
    let step: String =
        runner.env("GITHUB_ACTION").unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect();
    let path = Path::new(folder).join(format!("lockkeeper-{name}-{step}.json"));
    match std::fs::write(&path, runner.log.redact(document)) {
        Ok(()) => path.display().to_string(),
        Err(error) => {
            runner.warning(format!("could not write the report {}: {error}", path.display()));
            String::new()
        }
    }
}

fn write_outputs(runner: &Runner, outputs: &[(String, String)]) {
    let Some(path) = runner.env("GITHUB_OUTPUT") else { return };
    let entries: Result<String, _> =
        outputs.iter().map(|(name, value)| file_commands::heredoc(name, &runner.log.redact(value))).collect();
    if let Err(error) = entries.and_then(|text| file_commands::append(Path::new(path), &text)) {
        runner.warning(format!("could not write the outputs: {error}"));
    }
}

fn write_summary(runner: &Runner, summary: &Summary) {
    let Some(path) = runner.env("GITHUB_STEP_SUMMARY") else { return };
    if let Err(error) = file_commands::append(Path::new(path), &runner.log.redact(&summary.to_markdown())) {
        runner.warning(format!("could not write the step summary: {error}"));
    }
}

/// A bug must not pass for a verdict, nor leave outputs unset.
fn install_panic_hook(runner: Arc<Runner>) {
    std::panic::set_hook(Box::new(move |panic| {
        let failure = Failure::new(Exit::Unknown, "go on").because(panic.to_string().replace('\n', " "));
        let failure = failure.help("this is a bug of Lockkeeper; please report it with this line");
        tell_failure(&runner, runner.log.title, &failure);
        let _: ExitCode = leave(Exit::Unknown);
    }));
}

#[expect(
    clippy::exit,
    reason = "the one place that ends the process; a runtime with a blocked thread would not return"
)]
fn leave(exit: Exit) -> ExitCode {
    std::process::exit(i32::from(exit.code()))
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "help and the JSON report are this process's own output")]
fn print(text: &str, to_stdout: bool) {
    if to_stdout {
        print!("{text}");
    } else {
        eprint!("{text}");
    }
}
