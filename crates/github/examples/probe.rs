//! An action that does what its inputs say: the fixture of this crate's process tests.

use clap::{Args, ValueEnum};
use github::{About, Action, Exit, Failure, Output, Post, Report, Runner, Summary};
use secrecy::{ExposeSecret, SecretString};
use std::{process::ExitCode, time::Duration};

struct Probe;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    Pass,
    Refuse,
    Fail,
    Panic,
    Wait,
    Spin,
    Leak,
}

/// Inputs of every kind the kit supports.
#[derive(Debug, Args)]
struct Inputs {
    /// What to do.
    #[arg(long, value_enum, default_value = "pass")]
    mode: Mode,
    /// The cluster to look at. An ARN will do.
    #[arg(long)]
    cluster: String,
    /// How many minutes to wait.
    #[arg(long, default_value = "10")]
    wait_minutes: u32,
    /// Only say what would be done.
    #[arg(long, value_parser = github::yes_no(), action = clap::ArgAction::Set, num_args = 0..=1,
          default_value = "false", default_missing_value = "true", require_equals = true)]
    dry_run: bool,
    /// Labels to set.
    #[arg(long)]
    label: Vec<String>,
    /// A key.
    #[arg(long, value_name = "SECRET", value_parser = github::secret)]
    signing_key: Option<SecretString>,
}

impl Action for Probe {
    const NAME: &'static str = "probe";
    type Inputs = Inputs;

    fn about() -> About {
        About {
            description: "Does what its inputs say.",
            icon: "anchor",
            color: "blue",
            outputs: &[Output { name: "seen", description: "The inputs as they arrived." }],
            post: Post::Always,
            examples: "  probe --cluster c --dry-run",
        }
    }

    async fn run(runner: &Runner, inputs: Inputs) -> Result<Report, Failure> {
        runner.save_state("cluster", &inputs.cluster);
        match inputs.mode {
            Mode::Pass => {
                let seen = format!("{} {} {} {:?}", inputs.cluster, inputs.wait_minutes, inputs.dry_run, inputs.label);
                Ok(Report::new(Exit::Done, "pass", "all good")
                    .output("seen", seen)
                    .summary(Summary::new().paragraph("text")))
            }
            Mode::Refuse => Ok(Report::new(Exit::Refused, "no", "the answer is no")),
            Mode::Fail => Err(Failure::new(Exit::Unknown, "look")
                .subject("c/web")
                .because("no answer")
                .state("as before")
                .help("retry")),
            #[expect(clippy::panic, reason = "a bug is what this mode stands for")]
            Mode::Panic => panic!("a bug\n::set-output name=verdict::pass"),
            Mode::Wait => {
                // Signals are heeded before it is said: until then the kit ends the process, and would be right to.
                let cancelled = runner.cancel().is_requested();
                runner.info("waiting");
                if cancelled || runner.sleep(Duration::from_secs(60)).await.is_err() {
                    runner.info("rolling back");
                    return Ok(Report::new(Exit::Cancelled, "cancelled", "rolled back after a signal"));
                }
                Ok(Report::new(Exit::Done, "pass", "waited"))
            }
            Mode::Spin => {
                runner.info("spinning");
                std::thread::sleep(Duration::from_secs(60));
                Ok(Report::new(Exit::Done, "pass", "span"))
            }
            Mode::Leak => {
                let key = inputs.signing_key.map(|key| key.expose_secret().to_owned()).unwrap_or_default();
                runner.info(format!("the key is {key}"));
                runner.warning("event says\n::set-output name=verdict::pass ##[add-mask]x");
                Ok(Report::new(Exit::Done, "pass", format!("leaked {key}")).output("seen", key))
            }
        }
    }

    async fn post(runner: &Runner, _inputs: Inputs) -> Result<(), Failure> {
        runner.info(format!("post saw {:?}", runner.state("cluster")));
        Ok(())
    }
}

fn main() -> ExitCode {
    github::main::<Probe>()
}
