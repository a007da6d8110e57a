//! From what the runner or the command line says to typed inputs, with every mistake reported at once.
//!
//! clap stops at the first wrong argument, so the values are collected as text first, each is tried alone with its own
//! parser, and only when all are right does clap parse the whole.

use crate::{
    Action, Failure, InputError,
    declaration::{self, is_list, is_secret},
};
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, error::ContextKind};
use std::collections::{BTreeMap, BTreeSet};

/// The inputs as text: name to values, in the order given.
#[derive(Debug, Default)]
pub(crate) struct Given {
    values: BTreeMap<String, Vec<String>>,
    unknown: Vec<String>,
}

/// What the command line comes to before any value is looked at.
pub(crate) enum CommandLine {
    /// Inputs, and whether `--json` was asked for.
    Run { given: Given, json: bool },
    /// `--help`, `--version`, or a flag nobody knows: clap's own text.
    Say(clap::Error),
}

impl Given {
    /// The inputs in `INPUT_<NAME>`, as the runner sets them. Empty means unset.
    pub(crate) fn from_env<A: Action>(env: &BTreeMap<String, String>) -> Self {
        let command = declaration::command::<A>();
        let mut given = Self::default();
        let entries = env.iter().filter_map(|(key, value)| Some((key.strip_prefix("INPUT_")?, value)));
        for (name, value) in entries {
            // A shell cannot set a name with a hyphen, so an underscore will do as well.
            let name = name.to_lowercase().replace('_', "-");
            match declaration::inputs(&command).find(|arg| arg.get_long() == Some(&name)) {
                Some(arg) => given.add(arg, &name, value),
                None => given.unknown.push(name),
            }
        }
        given
    }

    /// The inputs on a command line; what is not on it may come from the environment.
    pub(crate) fn from_args<A: Action>(args: &[String], env: &BTreeMap<String, String>) -> CommandLine {
        let strict = declaration::command::<A>();
        // With --help anywhere the full command answers; otherwise a lenient twin takes every value as text.
        let lenient = strict.clone().mut_args(lenient);
        let words = [A::NAME.to_owned()].into_iter().chain(args.iter().cloned());
        let matches = match lenient.try_get_matches_from(words.clone()) {
            Ok(matches) => matches,
            Err(_) if asks_for_text(args) => return CommandLine::Say(text_of(strict, words)),
            Err(error) => return CommandLine::Say(error),
        };
        let mut given = Self::from_env::<A>(env);
        given.unknown.clear();
        for arg in declaration::inputs(&strict) {
            if let Some(values) = matches.get_many::<String>(arg.get_id().as_str()) {
                let name = arg.get_long().unwrap_or_default().to_owned();
                given.values.insert(name, values.cloned().collect());
            }
        }
        CommandLine::Run { given, json: matches.get_flag("json") }
    }

    fn add(&mut self, arg: &Arg, name: &str, value: &str) {
        let values: Vec<String> = if is_list(arg) {
            value.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
        } else {
            Some(value.trim()).filter(|value| !value.is_empty()).map(str::to_owned).into_iter().collect()
        };
        if !values.is_empty() {
            self.values.insert(name.to_owned(), values);
        }
    }

    /// The values of secret inputs, to be masked before anything is printed.
    pub(crate) fn secrets<A: Action>(&self) -> Vec<&str> {
        let command = declaration::command::<A>();
        let secret: BTreeSet<&str> =
            declaration::inputs(&command).filter(|arg| is_secret(arg)).filter_map(Arg::get_long).collect();
        let values = self.values.iter().filter(|(name, _)| secret.contains(name.as_str()));
        values.flat_map(|(_, values)| values.iter().map(String::as_str)).collect()
    }

    /// Names that are set but are no inputs, with the input probably meant.
    pub(crate) fn misspelt<A: Action>(&self) -> Vec<InputError> {
        let command = declaration::command::<A>();
        let names: Vec<&str> = declaration::inputs(&command).filter_map(Arg::get_long).collect();
        let error = |name: &String| {
            let problem = match closest(name, &names) {
                Some(meant) => format!("not an input of {}; did you mean `{meant}`?", A::NAME),
                None => format!("not an input of {}; it has {}", A::NAME, names.join(", ")),
            };
            InputError::unseen(name, problem)
        };
        self.unknown.iter().map(error).collect()
    }

    /// The typed inputs.
    ///
    /// # Errors
    /// Every missing and malformed input, with `misspelt` in front.
    pub(crate) fn parse<A: Action>(&self, misspelt: Vec<InputError>) -> Result<A::Inputs, Failure> {
        let command = declaration::command::<A>();
        let wrong = declaration::inputs(&command).flat_map(|arg| self.check(arg));
        let errors: Vec<InputError> = misspelt.into_iter().chain(wrong).collect();
        if !errors.is_empty() {
            return Err(Failure::inputs(errors));
        }
        let words = self.values.iter().flat_map(|(name, values)| values.iter().map(move |v| format!("--{name}={v}")));
        let parsed = command
            .no_binary_name(true)
            .try_get_matches_from(words)
            .and_then(|matches: ArgMatches| A::Inputs::from_arg_matches(&matches));
        parsed.map_err(|error| {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Failure::inputs(vec![InputError::unseen("inputs", line)])
        })
    }

    fn check(&self, arg: &Arg) -> Vec<InputError> {
        let name = arg.get_long().unwrap_or_default();
        let Some(values) = self.values.get(name) else {
            let missing = || InputError::unseen(name, format!("required, but not given: {}", first_sentence(arg)));
            return if arg.is_required_set() { vec![missing()] } else { Vec::new() };
        };
        values.iter().filter_map(|value| wrong_value(arg, name, value)).collect()
    }
}

/// Tries one value with the argument's own parser.
fn wrong_value(arg: &Arg, name: &str, value: &str) -> Option<InputError> {
    let alone = Command::new("input").no_binary_name(true).disable_help_flag(true).arg(independent(arg));
    let error = alone.try_get_matches_from([format!("--{name}={value}")]).err()?;
    let context = |kind| error.get(kind).map(ToString::to_string).filter(|text| !text.is_empty());
    let problem = match (std::error::Error::source(&error), context(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(valid)) => {
            let switch = valid.contains("True, TRUE, ");
            let valid = valid.replace("True, TRUE, ", "").replace(", False, FALSE", "");
            // Of two words nothing is meant by being a little like one of them.
            let meant = context(ContextKind::SuggestedValue).filter(|_| !switch);
            let meant = meant.map(|meant| format!("; did you mean `{meant}`?"));
            format!("must be one of {valid}{}", meant.unwrap_or_default())
        }
        (None, None) => error.kind().to_string(),
    };
    Some(if is_secret(arg) { InputError::unseen(name, problem) } else { InputError::new(name, value, problem) })
}

/// The argument without what ties it to others.
fn independent(arg: &Arg) -> Arg {
    arg.clone().required(false).default_values(Vec::<&str>::new())
}

/// The argument taking any text, any number of times.
fn lenient(arg: Arg) -> Arg {
    if !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        return arg;
    }
    let flag = arg.get_possible_values().iter().any(|value| value.get_name() == "TRUE");
    let arg = arg.required(false).default_values(Vec::<&str>::new()).action(ArgAction::Append);
    let arg = arg.value_parser(clap::builder::ValueParser::string()).allow_hyphen_values(true);
    if flag { arg } else { arg.num_args(1) }
}

fn asks_for_text(args: &[String]) -> bool {
    args.iter().any(|arg| matches!(arg.as_str(), "-h" | "--help" | "-V" | "--version"))
}

fn text_of(strict: Command, words: impl Iterator<Item = String>) -> clap::Error {
    let words = words.filter(|word| !word.starts_with("--json"));
    match strict.try_get_matches_from(words) {
        Err(error) => error,
        Ok(_) => clap::Error::new(clap::error::ErrorKind::DisplayHelp),
    }
}

fn first_sentence(arg: &Arg) -> String {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    help.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}

fn closest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let scored = names.iter().map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 > 0.8).then_some(best.1)
}
