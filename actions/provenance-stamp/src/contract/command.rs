//! `command`: a program whose output is a field's value. A list of words, never a line for a shell.

use super::{CommandValue, Format, Program, parse};
use document::{Fields, Json};

/// More words than this are a script, which belongs into a file.
const MAX_WORDS: usize = 64;
/// How long a program may take where the contract says nothing.
const USUAL_SECONDS: u32 = 30;
/// A program that takes longer than this is a job of its own.
const MOST_SECONDS: u64 = 600;

/// The program as far as it could be read; what is wrong with it is noted.
pub(super) fn command(value: &Json, keys: &Fields<'_>) -> Option<CommandValue> {
    let words = words(value).map_err(|problem| keys.refuse("command", problem)).ok()?;
    let (name, arguments) = words.split_first()?;
    let name = if name.contains('/') {
        // The slash stays, for it says that this is no name to be looked for.
        format!("./{}", parse::inside(name).map_err(|problem| keys.refuse("command", problem)).ok()?)
    } else {
        name.clone()
    };
    let seconds = match keys.has("timeout_seconds") {
        true => keys.whole("timeout_seconds", 1..=MOST_SECONDS).and_then(|seconds| u32::try_from(seconds).ok())?,
        false => USUAL_SECONDS,
    };
    let (format, pointer) = parse::reading(keys, "what it prints", Format::Text)?;
    Some(CommandValue { program: Program { name, arguments: arguments.to_vec(), seconds }, pointer, format })
}

fn words(value: &Json) -> Result<Vec<String>, String> {
    let wanted = || "must be a list of words, as in `[python3, tools/as_of.py]`; no shell reads it".to_owned();
    let Json::List(items) = value else { return Err(wanted()) };
    if items.len() > MAX_WORDS {
        return Err(format!("has more than {MAX_WORDS} words; put them into a script"));
    }
    let word = |item: &Json| match item {
        Json::Text(text) if !text.contains('\0') => Ok(text.clone()),
        Json::Number(token) => Ok(token.clone()),
        _ => Err(wanted()),
    };
    let words = items.iter().map(word).collect::<Result<Vec<_>, _>>()?;
    if words.first().is_none_or(String::is_empty) { Err(wanted()) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Contract, Kind, Source};

    #[test]
    fn a_program_is_a_list_of_words_with_a_bound_on_its_time() {
        let yaml = "version: 1\nfields:\n  as_of: {command: [./tools/as-of, --days, 3], format: json, pointer: /at, type: timestamp, timeout_seconds: 5}\n  lines: {command: [wc, -l]}\n";
        let contract = Contract::parse(yaml).unwrap();
        let arguments = vec!["--days".to_owned(), "3".to_owned()];
        let program = Program { name: "./tools/as-of".into(), arguments, seconds: 5 };
        let wanted = CommandValue { program, pointer: "/at".into(), format: Format::Json };
        assert_eq!((&contract.fields[0].source, contract.fields[0].kind), (&Source::Command(wanted), Kind::Timestamp));
        let Source::Command(lines) = &contract.fields[1].source else { panic!("{:?}", contract.fields[1]) };
        assert_eq!((lines.program.seconds, lines.format), (USUAL_SECONDS, Format::Text));
    }

    #[test]
    fn what_a_shell_would_have_to_read_is_refused() {
        for (declaration, wanted) in [
            ("{command: 'date -u'}", "list of words"),
            ("{command: []}", "list of words"),
            ("{command: ['']}", "list of words"),
            ("{command: [a, [b]]}", "list of words"),
            ("{command: [../x]}", "below the contract's root"),
            ("{command: [/bin/date]}", "below the contract's root"),
            ("{command: [a], timeout_seconds: 0}", "whole number from 1 to 600"),
            ("{command: [a], format: json}", "`pointer` is missing"),
            ("{command: [a], canonical: json}", "belongs to `sha256`"),
            ("{env: A, timeout_seconds: 3}", "belongs to `command`, not to `env`"),
        ] {
            let told = Contract::parse(&format!("version: 1\nfields: {{x: {declaration}}}")).unwrap_err();
            assert!(told.iter().any(|told| told.to_string().contains(wanted)), "{declaration}: {told:?}");
        }
    }
}
