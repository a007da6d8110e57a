//! The declaration of an action as data: what clap knows of its inputs and [`About`] of the rest.

use crate::{About, Action, Output, Post};
use clap::{Arg, ArgAction, Args, Command};

/// An input as `action.yml`, the README and `--help` show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Kebab-case, as in `with:`.
    pub name: String,
    /// What it means, one paragraph.
    pub description: String,
    /// Whether a run without it is refused.
    pub required: bool,
    /// The value it has when it is not given.
    pub default: Option<String>,
    /// Whether its value is masked.
    pub secret: bool,
    /// The values it may have, where they are few.
    pub values: Vec<String>,
    /// Whether it takes several values, one per line.
    pub list: bool,
}

/// A whole action as declared.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The action's name.
    pub name: &'static str,
    /// What it says of itself.
    pub about: About,
    /// Its inputs in order of declaration.
    pub inputs: Vec<Input>,
}

/// The outputs the kit gives to every action.
const COMMON_OUTPUTS: [Output; 2] = [
    Output {
        name: "verdict",
        description: "The answer in one word; `error` when the action could not work, `cancelled` after a signal.",
    },
    Output {
        name: "report-path",
        description: "Path of the JSON report of this run; empty where the runner gives no temporary folder.",
    },
];

impl Declaration {
    /// The declaration of an action.
    #[must_use]
    pub fn of<A: Action>() -> Self {
        let command = command::<A>();
        Self { name: A::NAME, about: A::about(), inputs: inputs(&command).map(input).collect() }
    }

    /// Every output, those the kit adds first.
    #[must_use]
    pub fn outputs(&self) -> Vec<Output> {
        COMMON_OUTPUTS.iter().chain(self.about.outputs).copied().collect()
    }

    /// Whether the action has a post step.
    #[must_use]
    pub fn has_post(&self) -> bool {
        self.about.post == Post::Always
    }
}

/// The clap command of an action.
pub(crate) fn command<A: Action>() -> Command {
    let about = A::about();
    let command = Command::new(A::NAME).bin_name(A::NAME).version(env!("CARGO_PKG_VERSION")).max_term_width(100);
    // The doc comment of the inputs' type is for readers of the code, not of the help.
    let command = A::Inputs::augment_args(command).about(about.description).long_about(None);
    command.after_help(after_help(about)).mut_args(hide_spellings).arg(
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help("Print the JSON report to standard output and the log to standard error [command line only]"),
    )
}

fn after_help(about: About) -> String {
    format!(
        "Every input may also come from the environment as INPUT_<NAME>, the way the GitHub runner gives it.\n\n\
         Examples:\n{}\n\nExit codes: 0 done, 1 refused or rolled back, 2 bad inputs, 3 could not find out, 130 cancelled",
        about.examples.trim_end()
    )
}

/// The arguments that are inputs: those with a long name, without the kit's own.
pub(crate) fn inputs(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|arg| arg.get_long().is_some_and(|name| !["json", "help", "version"].contains(&name)))
}

pub(crate) fn is_secret(arg: &Arg) -> bool {
    arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == "SECRET"))
}

pub(crate) fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

fn input(arg: &Arg) -> Input {
    let text = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let values = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    Input {
        name: arg.get_long().unwrap_or_default().to_owned(),
        description: text.split_whitespace().collect::<Vec<_>>().join(" "),
        required: arg.is_required_set(),
        default: (!defaults.is_empty()).then(|| defaults.join("\n")),
        secret: is_secret(arg),
        values: short_values(values),
        list: is_list(arg),
    }
}

/// A switch needs no list of the six spellings of yes and no.
fn hide_spellings(arg: Arg) -> Arg {
    let switch = arg.get_possible_values().iter().any(|value| value.get_name() == "TRUE");
    arg.hide_possible_values(switch)
}

/// Six spellings of yes and no are two values to a reader.
fn short_values(values: Vec<String>) -> Vec<String> {
    if values.iter().any(|value| value == "TRUE") { vec!["true".into(), "false".into()] } else { values }
}
