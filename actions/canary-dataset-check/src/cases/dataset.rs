//! A dataset file: checked whole before anything is sent, then streamed.

use super::{Case, csv};
use crate::config::Canary;
use document::{Json, Problem, shorten};
use std::{
    collections::HashSet,
    fs::File,
    hash::{BuildHasher as _, RandomState},
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
    /// Reads the whole file once, in constant memory but for some 9 to 18 bytes per case, and understands every line.
    ///
    /// # Errors
    /// [`DatasetError`]; of the wrong lines, the first 20 are told.
    pub fn check(path: &Path, canary: &Canary) -> Result<Self, DatasetError> {
        let mut lines = Lines::open(path)?;
        let mut problems = Vec::new();
        // Fingerprints of the ids: a second one sends us back to look whether it is the same id indeed.
        let (hasher, mut ids, mut cases) = (RandomState::new(), HashSet::new(), 0);
        let mut used = HashSet::new();
        while let Some((number, line)) = lines.next()? {
            match understood(number, &line, canary) {
                Ok(case) => {
                    used.extend(case.assertions.iter().map(|assertion| assertion.selector.text().to_owned()));
                    cases += 1;
                    if !ids.insert(hasher.hash_one(&case.id))
                        && let Some(first) = first_with(path, canary, &case.id, number)?
                    {
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

/// The line before `number` whose case has this id.
fn first_with(path: &Path, canary: &Canary, id: &str, number: usize) -> io::Result<Option<usize>> {
    let mut lines = Lines::open(path)?;
    while let Some((other, line)) = lines.next()? {
        if other >= number {
            break;
        }
        if understood(other, &line, canary).is_ok_and(|case| case.id == id) {
            return Ok(Some(other));
        }
    }
    Ok(None)
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
        Line::Record(record) => match record {
            Ok(record) => Case::of_record(number, record, canary),
            Err(text) => Err(vec![Problem { line: Some(number), place: String::new(), text: text.clone() }]),
        },
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
    /// Of CSV: the columns, once the first line has named them.
    columns: Option<Vec<String>>,
    kind: Kind,
}

/// What a file's lines are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jsonl,
    Csv,
}

/// What reading on came to.
enum Read {
    Line,
    TooLong,
    End,
}

enum Line<'a> {
    Whole(&'a [u8]),
    Record(Result<Json, String>),
    TooLong,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let kind = if csv { Kind::Csv } else { Kind::Jsonl };
        let file = BufReader::with_capacity(64 * 1024, file);
        Ok(Self { file, hasher: Hasher::new(), number: 0, line: Vec::new(), columns: None, kind })
    }

    fn next(&mut self) -> io::Result<Option<(usize, Line<'_>)>> {
        match self.kind {
            Kind::Jsonl => self.next_line(),
            Kind::Csv => self.next_record(),
        }
    }

    fn next_line(&mut self) -> io::Result<Option<(usize, Line<'_>)>> {
        loop {
            self.line.clear();
            match self.read_on()? {
                Read::End => return Ok(None),
                Read::TooLong => return Ok(Some((self.number, Line::TooLong))),
                Read::Line if self.line.iter().all(u8::is_ascii_whitespace) => {}
                Read::Line => break,
            }
        }
        Ok(Some((self.number, Line::Whole(&self.line))))
    }

    /// A record of CSV, over several lines where its quotes say so; its number is that of its first line.
    fn next_record(&mut self) -> io::Result<Option<(usize, Line<'_>)>> {
        loop {
            self.line.clear();
            let first = self.number + 1;
            loop {
                match self.read_on()? {
                    Read::End if self.line.is_empty() => return Ok(None),
                    Read::TooLong => return Ok(Some((first, Line::TooLong))),
                    Read::Line if csv::goes_on(&self.line) => {}
                    Read::End | Read::Line => break,
                }
            }
            if self.line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            // Spreadsheets begin a file with a byte order mark.
            let line =
                if first == 1 { self.line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.line) } else { &self.line };
            let fields = csv::fields(line);
            let Some(columns) = &self.columns else {
                match fields.and_then(columns) {
                    Ok(columns) => self.columns = Some(columns),
                    Err(problem) => {
                        self.columns = Some(Vec::new());
                        return Ok(Some((first, Line::Record(Err(problem)))));
                    }
                }
                continue;
            };
            let record = fields.and_then(|fields| csv::record(columns, fields));
            return Ok(Some((first, Line::Record(record))));
        }
    }

    /// Reads the next line behind what is there, bounded.
    fn read_on(&mut self) -> io::Result<Read> {
        let before = self.line.len();
        let room = MAX_LINE.saturating_sub(before as u64);
        let read = (&mut self.file).take(room).read_until(b'\n', &mut self.line)?;
        if read == 0 && room > 0 {
            return Ok(Read::End);
        }
        self.number += 1;
        self.hasher.update(self.line.get(before..).unwrap_or_default());
        if read as u64 == room && self.line.last() != Some(&b'\n') {
            self.skip_line()?;
            return Ok(Read::TooLong);
        }
        Ok(Read::Line)
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

/// The columns that a first line names, each once.
fn columns(fields: Vec<String>) -> Result<Vec<String>, String> {
    let mut seen = HashSet::new();
    match fields.iter().find(|name| name.is_empty() || !seen.insert(*name)) {
        Some(name) => Err(format!("the column `{}` is empty or there twice", shorten(name))),
        None => Ok(fields),
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
    fn a_table_becomes_cases_by_its_template() {
        let text = "version: 1\ncases: {from: c.csv, id: '{id}', request: {path: '/p/{id}', query: {q: '{q}'}}, expect: {values: {$.n: '{n}'}}}\n";
        let canary = crate::config::read(text, &[], None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.csv");
        let check = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Dataset::check(&path, &canary).map_err(|error| match error {
                DatasetError::Wrong(problems) => problems.iter().map(ToString::to_string).collect(),
                DatasetError::Unreadable(error) => vec![error.to_string()],
            })
        };
        let dataset = check("\u{feff}id,q,n\r\n1,\"a,\nb\",1.50\r\n\r\n2,x,-2\r\n").unwrap();
        let mut stream = dataset.stream().unwrap();
        let first = stream.next(&canary).unwrap().unwrap();
        assert_eq!((first.id.as_str(), first.line, first.request.path.as_str()), ("1", 2, "/p/1"));
        assert_eq!(first.request.query, [("q".to_owned(), "a,\nb".to_owned())]);
        assert_eq!(stream.next(&canary).unwrap().unwrap().line, 5);
        assert!(stream.next(&canary).unwrap().is_none());
        assert_eq!(
            check("id,q,n\n1,x,2\n2,y\n1,x,3\n\"z").unwrap_err(),
            [
                "line 3: has 2 fields, and there are 3 columns",
                "line 4: id: `1` is the id of line 2 already",
                "line 5: has a quote that does not end",
            ]
        );
        assert!(check("id,id,n\n1,2,3\n").unwrap_err()[0].contains("the column `id` is empty or there twice"));
        assert_eq!(check("id,n\n1,2\n").unwrap_err(), ["line 2: the record has no `q`"]);
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
