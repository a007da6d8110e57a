//! The files through which a step hands values to the runner (`FileCommandManager.cs`): outputs, state, environment.
//!
//! A value is always written as a heredoc with a random delimiter, so that it may hold any text and cannot end itself.
//! Each write is one append: a process killed in the middle of a run leaves whole entries.

use std::{fs::OpenOptions, io::Write, path::Path};

/// `name<<delimiter`, the value, the delimiter.
///
/// # Errors
/// When the name is not `[A-Za-z_][A-Za-z0-9_-]*`, or the system gives no randomness.
pub(crate) fn heredoc(name: &str, value: &str) -> Result<String, std::io::Error> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !name.starts_with(first) || !name.chars().all(|c| first(c) || c.is_ascii_digit() || c == '-') {
        return Err(std::io::Error::other(format!("`{name}` cannot name an output or a state")));
    }
    loop {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(std::io::Error::other)?;
        let delimiter = format!("lockkeeper_{}", hex::encode(random));
        if !value.contains(&delimiter) {
            return Ok(format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
        }
    }
}

/// Appends text in one write.
pub(crate) fn append(path: &Path, text: &str) -> Result<(), std::io::Error> {
    OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The runner's reader for one entry: the value ends at the line that equals the delimiter.
    fn read_back(entry: &str) -> (String, String) {
        let (head, rest) = entry.split_once('\n').unwrap();
        let (name, delimiter) = head.split_once("<<").unwrap();
        let lines: Vec<&str> = rest.split('\n').collect();
        let end = lines.iter().position(|line| *line == delimiter).unwrap();
        assert_eq!(lines[end + 1..], [""], "the delimiter ends the entry");
        (name.to_owned(), lines[..end].join("\n"))
    }

    proptest! {
        #[test]
        fn any_value_comes_back_as_it_was(value in "(?s).*") {
            prop_assert_eq!(read_back(&heredoc("verdict", &value).unwrap()), ("verdict".to_owned(), value));
        }
    }

    #[test]
    fn a_name_that_could_smuggle_a_second_entry_is_refused() {
        for name in ["", "a b", "a=b", "a<<b", "a\nb", "1a", "é"] {
            assert!(heredoc(name, "x").is_err(), "{name:?}");
        }
    }
}
