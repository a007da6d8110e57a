//! The runner's own reading of a step's output: which lines are workflow commands, in both forms, on both streams.
//!
//! Written from `ActionCommand.cs` and `ActionCommandManager.cs` of actions/runner, which is stricter and odder than
//! `act`: the older form counts anywhere in a line, and `set-output` and `save-state` still work.

use std::collections::BTreeMap;

/// A line that the runner would act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The registered name, such as `error` or `set-output`.
    pub name: String,
    /// Its properties, unescaped.
    pub properties: BTreeMap<String, String>,
    /// Its data, unescaped.
    pub data: String,
}

/// The commands a runner of 2026 has registered.
const REGISTERED: [&str; 16] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// The command in a line, where it is one.
#[must_use]
pub fn parse(line: &str) -> Option<Command> {
    modern(line).or_else(|| legacy(line))
}

/// `::name key=value,…::data`, at the start of the line after white space.
fn modern(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (info, data) = rest.split_once("::")?;
    let data = unescape(data, &[("%0D", "\r"), ("%0A", "\n"), ("%25", "%")]);
    let value = |text: &str| unescape(text, &[("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]);
    command(info, ',', value, data)
}

/// `##[name key=value;…]data`, anywhere in the line.
fn legacy(line: &str) -> Option<Command> {
    let rest = &line[line.find("##[")? + 3..];
    let (info, data) = rest.split_once(']')?;
    let value = |text: &str| unescape(text, &[("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")]);
    command(info, ';', value, value(data))
}

fn command(info: &str, separator: char, value: impl Fn(&str) -> String, data: String) -> Option<Command> {
    let (name, properties) = info.split_once(' ').unwrap_or((info, ""));
    let properties = properties.trim().split(separator).filter_map(|property| property.split_once('='));
    let properties = properties.map(|(key, text)| (key.to_owned(), value(text))).collect();
    let registered = REGISTERED.iter().find(|known| known.eq_ignore_ascii_case(name));
    registered.map(|name| Command { name: (*name).to_owned(), properties, data })
}

fn unescape(text: &str, mappings: &[(&str, &str)]) -> String {
    mappings.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The lines of a stream as the runner's reader splits them: a lone carriage return ends one, too.
pub fn lines(stream: &str) -> impl Iterator<Item = &str> {
    stream.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_commands_where_the_runner_sees_them() {
        let output = |line: &str| parse(line).map(|c| (c.name, c.properties.get("name").cloned(), c.data));
        let set = Some(("set-output".to_owned(), Some("verdict".to_owned()), "pass".to_owned()));
        assert_eq!(output("  ::set-output name=verdict::pass"), set);
        assert_eq!(output("event: ##[set-output name=verdict;]pass"), set);
        assert_eq!(output("event: ::set-output name=verdict::pass"), None);
        assert_eq!(output("::unknown name=verdict::pass"), None);
        assert_eq!(parse("::error title=a%3Ab::50 %25%0Ax").map(|c| c.data), Some("50 %\nx".to_owned()));
        assert_eq!(lines("a\rb\r\nc\n").collect::<Vec<_>>(), ["a", "b", "c", ""]);
    }
}
