//! A dataset file: checked whole before anything is sent, then streamed.

use super::Case;
use crate::config::Canary;
use document::{Problem, shorten};
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};
use subject::{Digest, Hasher};

/// The longest line, in bytes.
pub const MAX_LINE: u64 = 1024 * 1024;

/// Problems told at once; a file of another kind has one per line.
const MAX_PROBLEMS: usize = 20;

/// A dataset every line of which has been understood.
#[derive(Debug, Clone)]
pub struct Dataset {
    path: PathBuf,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many cases it has; at least 1.
    pub cases: u64,
    /// Paths that `canary.yml` has a tolerance for and no case expects a value of.
    pub unused_tolerances: Vec<String>,
}

/// Why there is no dataset.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// Lines are wrong, or there are too few.
    #[error("{} of its lines are wrong", .0.len())]
    Wrong(Vec<Problem>),
}

impl Dataset {
    /// Reads the whole file once, in constant memory but for some 40 bytes per case, and understands every line.
    ///
    /// # Errors
    /// [`DatasetError`]; of the wrong lines, the first 20 are told.
    pub fn check(path: &Path, canary: &Canary) -> Result<Self, DatasetError> {
        let mut lines = Lines::open(path)?;
        let mut problems = Vec::new();
        let mut ids: HashMap<Digest, usize> = HashMap::new();
        let mut used = HashSet::new();
        while let Some((number, line)) = lines.next()? {
            match understood(number, &line, canary) {
                Ok(case) => {
                    used.extend(case.assertions.iter().map(|assertion| assertion.selector.text().to_owned()));
                    if let Some(first) = ids.insert(Digest::of(case.id.as_bytes()), number) {
                        let text = format!("`{}` is the id of line {first} already", shorten(&case.id));
                        problems.push(Problem { line: Some(number), place: "id".to_owned(), text });
                    }
                }
                Err(wrong) => problems.extend(wrong),
            }
            if problems.len() >= MAX_PROBLEMS {
                return Err(DatasetError::Wrong(problems));
            }
        }
        let cases = ids.len() as u64;
        if problems.is_empty() && cases < canary.cases.min {
            let text = match cases {
                0 => "has no cases; a check of nothing would prove nothing".to_owned(),
                _ => format!("has {cases} cases, and canary.yml asks for at least {}", canary.cases.min),
            };
            problems.push(Problem { line: None, place: String::new(), text });
        }
        if !problems.is_empty() {
            return Err(DatasetError::Wrong(problems));
        }
        // An expected value holds all below its path.
        let meets = |path: &str| used.iter().any(|known: &String| path.starts_with(known.as_str()));
        let tolerances = canary.everywhere.tolerances.iter().map(|(path, _)| path.text());
        let unused_tolerances = tolerances.filter(|path| !meets(path)).map(str::to_owned).collect();
        Ok(Self { path: path.to_owned(), digest: lines.hasher.finish(), cases, unused_tolerances })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A stream of its cases.
    ///
    /// # Errors
    /// When the file cannot be opened any more.
    pub fn stream(&self) -> io::Result<Stream> {
        Ok(Stream { lines: Lines::open(&self.path)?, digest: self.digest })
    }
}

/// The cases of a dataset, one after another.
pub struct Stream {
    lines: Lines,
    digest: Digest,
}

impl Stream {
    /// The next case; `None` after the last.
    ///
    /// # Errors
    /// When the file cannot be read, or is not the one that was checked: it has changed since.
    pub fn next(&mut self, canary: &Canary) -> io::Result<Option<Case>> {
        let changed = || io::Error::other("it has changed while it was being used");
        if let Some((number, line)) = self.lines.next()? {
            return understood(number, &line, canary).map(Some).map_err(|_| changed());
        }
        if self.lines.hasher.clone().finish() == self.digest { Ok(None) } else { Err(changed()) }
    }
}

fn understood(number: usize, line: &Line<'_>, canary: &Canary) -> Result<Case, Vec<Problem>> {
    match line {
        Line::Whole(bytes) => Case::parse(number, bytes, canary),
        Line::TooLong => {
            let text = format!("is longer than {MAX_LINE} bytes");
            Err(vec![Problem { line: Some(number), place: String::new(), text }])
        }
    }
}

/// Lines of bounded length, blank ones left out, hashed as they go by.
struct Lines {
    file: BufReader<File>,
    hasher: Hasher,
    number: usize,
    line: Vec<u8>,
}

enum Line<'a> {
    Whole(&'a [u8]),
    TooLong,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        Ok(Self { file: BufReader::with_capacity(64 * 1024, file), hasher: Hasher::new(), number: 0, line: Vec::new() })
    }

    fn next(&mut self) -> io::Result<Option<(usize, Line<'_>)>> {
        loop {
            self.line.clear();
            let read = (&mut self.file).take(MAX_LINE).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.hasher.update(&self.line);
            if read as u64 == MAX_LINE && self.line.last() != Some(&b'\n') {
                self.skip_line()?;
                return Ok(Some((self.number, Line::TooLong)));
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        Ok(Some((self.number, Line::Whole(&self.line))))
    }

    /// Reads over the rest of an endless line without keeping it.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.file.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(buffer.len(), |end| end + 1);
            self.hasher.update(&buffer[..length]);
            self.file.consume(length);
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary() -> Canary {
        let text = "version: 1\ncases: {from: c, min: 2}\ntolerances: [{path: $.a, abs: 1}]\n";
        crate::config::read(text, &[], None).unwrap()
    }

    fn check(text: &[u8]) -> Result<Dataset, Vec<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Dataset::check(file.path(), &canary()).map_err(|error| match error {
            DatasetError::Wrong(problems) => problems.iter().map(ToString::to_string).collect(),
            DatasetError::Unreadable(error) => vec![error.to_string()],
        })
    }

    fn line(id: &str) -> String {
        format!("{{\"id\":\"{id}\",\"request\":{{\"path\":\"/\"}},\"expect\":{{\"status\":200}}}}\n")
    }

    #[test]
    fn cases_are_counted_and_blank_lines_are_not() {
        let text = format!("{}\r\n\n{}", line("a"), line("b").trim_end());
        let dataset = check(text.as_bytes()).unwrap();
        assert_eq!((dataset.cases, dataset.digest), (2, Digest::of(text.as_bytes())));
        assert_eq!(dataset.unused_tolerances, ["$.a"]);
    }

    #[test]
    fn nothing_and_too_little_are_no_dataset() {
        assert_eq!(check(b"").unwrap_err(), ["has no cases; a check of nothing would prove nothing"]);
        assert_eq!(check(b"\n \n").unwrap_err(), ["has no cases; a check of nothing would prove nothing"]);
        assert_eq!(check(line("a").as_bytes()).unwrap_err(), ["has 1 cases, and canary.yml asks for at least 2"]);
    }

    #[test]
    fn every_broken_line_is_named_and_nothing_of_it_is_used() {
        let long = format!("\"{}\"\n", "x".repeat(3 << 20));
        let text = [line("a"), "{\"id\"\n".into(), line("b"), line("a"), long, line("c")].concat();
        assert_eq!(
            check(text.as_bytes()).unwrap_err(),
            [
                "line 2: not a JSON object: expected `:` at byte 6",
                "line 4: id: `a` is the id of line 1 already",
                "line 5: is longer than 1048576 bytes",
            ]
        );
        assert_eq!(check(&b"\xff\xfe\n".repeat(500)).unwrap_err().len(), MAX_PROBLEMS);
        assert!(check(b"\xef\xbb\xbf{}\n").unwrap_err()[0].starts_with("line 1: not a JSON object"));
    }

    #[test]
    fn a_file_that_changes_between_check_and_use_is_noticed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), line("a") + &line("b")).unwrap();
        let dataset = Dataset::check(file.path(), &canary()).unwrap();
        let count = |dataset: &Dataset| {
            let mut stream = dataset.stream()?;
            let mut cases = 0;
            while stream.next(&canary())?.is_some() {
                cases += 1;
            }
            io::Result::Ok(cases)
        };
        assert_eq!(count(&dataset).unwrap(), 2);
        std::fs::write(file.path(), line("a")).unwrap();
        assert!(count(&dataset).unwrap_err().to_string().contains("changed"));
    }
}
