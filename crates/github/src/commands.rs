//! Workflow commands: how ours are written, and how everything else is kept from being one.
//!
//! The runner reads commands from both output streams in two forms (`ActionCommand.cs`): `::name props::data` at the
//! start of a line after white space, and the older `##[name props]data` anywhere in a line. Either can set an output
//! or a mask, so text from outside (service events, labels, titles) goes through [`neutral`] before it is printed.

use std::borrow::Cow;

/// The text with both command forms broken visibly and without control characters, so that no line of it acts on the runner.
///
/// `::` at the start of a line becomes `: :`, `##[` becomes `## [`. A carriage return ends a line for the runner, so it
/// becomes a line feed; other control characters (terminal escapes) become `U+FFFD`, and so do invisible ones, which the
/// runner's culture-sensitive string search skips and which can make a log read otherwise than it is.
#[must_use]
pub fn neutral(text: &str) -> Cow<'_, str> {
    let harmless = !text.contains("##[") && !text.contains("::") && !text.chars().any(is_control);
    if harmless {
        return Cow::Borrowed(text);
    }
    let broken = plain(text).replace("##[", "## [");
    let lines: Vec<Cow<'_, str>> = broken.split('\n').map(neutral_line).collect();
    Cow::Owned(lines.join("\n"))
}

/// The text with `\n` as its only line end and `U+FFFD` for characters that a terminal obeys or a reader does not see.
pub(crate) fn plain(text: &str) -> String {
    let visible = |c| match c {
        '\r' => '\n',
        c if is_control(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(visible).collect()
}

fn neutral_line(line: &str) -> Cow<'_, str> {
    let start = line.len() - line.trim_start().len();
    match line[start..].strip_prefix("::") {
        Some(rest) => Cow::Owned(format!("{}: :{rest}", &line[..start])),
        None => Cow::Borrowed(line),
    }
}

fn is_control(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    invisible || (c.is_control() && c != '\n' && c != '\t')
}

/// The command that masks a secret: its text exactly, escaped as the toolkit does.
pub(crate) fn mask(secret: &str) -> String {
    format!("::add-mask::{}", escape_data(secret))
}

/// One command line: properties and data made plain, and escaped as the toolkit does (`%` first).
pub(crate) fn command(name: &str, properties: &[(&str, &str)], data: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(key, value)| format!("{key}={}", escape_property(value))).collect();
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{name}{space}{}::{}", properties.join(","), escape_data(&plain(data).replace("##[", "## [")))
}

fn escape_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_data(&plain(text).replace("##[", "## [")).replace(':', "%3A").replace(',', "%2C")
}

/// How loud an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Notice,
    Warning,
    Error,
}

impl Level {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A message GitHub shows on the run's page, and beside the line of a file where one is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub(crate) level: Level,
    pub(crate) message: String,
    pub(crate) title: Option<String>,
    pub(crate) place: Option<(String, u32)>,
}

impl Annotation {
    fn new(level: Level, message: impl Into<String>) -> Self {
        Self { level, message: message.into(), title: None, place: None }
    }

    /// Something wrong. The runner shows ten per step at most: put the telling one first.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Level::Error, message)
    }

    /// Something a person should look at.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Level::Warning, message)
    }

    /// Something worth knowing.
    pub fn notice(message: impl Into<String>) -> Self {
        Self::new(Level::Notice, message)
    }

    /// A heading of its own; without one the action's name stands there.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The file, relative to the workspace, and its 1-based line.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, line: u32) -> Self {
        self.place = Some((path.into(), line));
        self
    }

    /// The command that makes it, its message cut at the 4096 characters the runner shows.
    pub(crate) fn to_command(&self, default_title: &str) -> String {
        let line = self.place.as_ref().map(|(_, line)| line.to_string());
        let mut properties = vec![("title", self.title.as_deref().unwrap_or(default_title))];
        if let (Some((path, _)), Some(line)) = (&self.place, &line) {
            properties.extend([("file", path.as_str()), ("line", line.as_str())]);
        }
        let message: String = self.message.chars().take(4096).collect();
        command(self.level.word(), &properties, &message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_command_forms_lose_their_power_and_keep_their_words() {
        for (text, safe) in [
            ("::set-output name=verdict::pass", ": :set-output name=verdict::pass"),
            ("  \u{a0}\t::add-mask::x", "  \u{a0}\t: :add-mask::x"),
            ("event ##[set-output name=verdict;]pass", "event ## [set-output name=verdict;]pass"),
            ("fine\r::error::x", "fine\n: :error::x"),
            ("fine\r\n::error::x", "fine\n: :error::x"),
            ("a::b", "a::b"),
            ("\u{1b}[31mred", "\u{fffd}[31mred"),
            ("###[[#", "### [[#"),
            ("#\u{200b}#[set-output name=a;]b", "#\u{fffd}#[set-output name=a;]b"),
        ] {
            assert_eq!(neutral(text), safe, "{text:?}");
        }
    }

    #[test]
    fn a_command_steers_no_terminal_and_a_mask_is_exact() {
        assert_eq!(
            command("error", &[("title", "\u{1b}c")], "a\u{7}\u{202e}b"),
            "::error title=\u{fffd}c::a\u{fffd}\u{fffd}b"
        );
        assert_eq!(mask("a\u{7}##[b\r\n%"), "::add-mask::a\u{7}##[b%0D%0A%25");
    }

    #[test]
    fn a_command_keeps_its_data_on_one_line() {
        assert_eq!(
            Annotation::error("50 % bad\r\n::set-output name=x::y").title("a:b,c").file("app.yml", 3).to_command("kit"),
            "::error title=a%3Ab%2Cc,file=app.yml,line=3::50 %25 bad%0A::set-output name=x::y"
        );
    }

    /// The runner's own grammar, as read in its source: is this line a command?
    fn is_command(line: &str) -> bool {
        let v2 = line.trim_start().strip_prefix("::").is_some_and(|rest| rest.contains("::"));
        let v1 = line.find("##[").is_some_and(|at| line[at..].contains(']'));
        v1 || v2
    }

    proptest! {
        #[test]
        fn no_line_of_neutral_text_is_a_command(text in "([ \t\r\n:#\\[\\]a-z=]|::|##\\[|set-output|\u{2028}|\u{85})*") {
            let safe = neutral(&text);
            prop_assert!(!safe.split(['\n', '\r']).any(is_command), "{safe:?}");
            prop_assert_eq!(neutral(&safe), safe.clone(), "twice is as once");
        }

        #[test]
        fn an_annotation_is_one_line_whatever_it_says(message in any::<String>(), title in any::<String>()) {
            let line = Annotation::warning(message).title(title).to_command("kit");
            prop_assert!(!line.contains(['\n', '\r']));
            prop_assert!(line.starts_with("::warning title="));
        }
    }
}
