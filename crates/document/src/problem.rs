//! What is wrong with a document, collected while it is understood.

use crate::{
    Fields, Json,
    locate::{Step, line_of, show},
};
use std::{cell::RefCell, fmt};

/// Problems told of one document; each costs a search for its line.
const MOST: usize = 100;

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1, where it can be told.
    pub line: Option<usize>,
    /// Where, as `probes[1].within`; empty for the document as a whole.
    pub place: String,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if self.place.is_empty() { f.write_str(&self.text) } else { write!(f, "{}: {}", self.place, self.text) }
    }
}

/// What reading a document needs everywhere: how to tell lines, and the problems so far.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    lines: Lines<'a>,
    problems: RefCell<Vec<Problem>>,
    untold: RefCell<usize>,
}

#[derive(Debug)]
enum Lines<'a> {
    /// A YAML text, searched for the place.
    Of(&'a str),
    /// Everything stands on this line: a line of JSONL.
    Fixed(usize),
}

impl<'a> Reader<'a> {
    /// For a document written in YAML.
    pub(crate) fn yaml(text: &'a str) -> Self {
        Self { lines: Lines::Of(text), problems: RefCell::default(), untold: RefCell::default() }
    }

    /// For a document that is line `line` of its file.
    pub(crate) fn line(line: usize) -> Self {
        Self { lines: Lines::Fixed(line), problems: RefCell::default(), untold: RefCell::default() }
    }

    /// Notes that something is wrong at `path`, once.
    pub(crate) fn refuse(&self, path: &[Step], text: impl Into<String>) {
        let (place, text) = (show(path), text.into());
        let mut problems = self.problems.borrow_mut();
        if problems.iter().any(|known| known.place == place && known.text == text) {
            return;
        }
        if problems.len() >= MOST {
            *self.untold.borrow_mut() += 1;
            return;
        }
        let line = match self.lines {
            Lines::Of(document) => line_of(document, path),
            Lines::Fixed(line) => Some(line),
        };
        problems.push(Problem { line, place, text });
    }

    /// What `understand` makes of the mapping `root`, where nothing was wrong.
    pub(crate) fn understand<T>(
        self,
        root: &Json,
        understand: impl FnOnce(&Fields<'_>) -> Option<T>,
    ) -> Result<T, Vec<Problem>> {
        let value = Fields::open(&self, &[], root).and_then(|fields| understand(&fields));
        let nothing_was_said = value.is_none() && self.problems.borrow().is_empty();
        if nothing_was_said {
            self.refuse(&[], "could not be understood");
        }
        let (mut problems, untold) = (self.problems.into_inner(), self.untold.into_inner());
        problems.sort_by_key(|problem| problem.line);
        if untold > 0 {
            let text = format!("and {untold} more problems");
            problems.push(Problem { line: None, place: String::new(), text });
        }
        value.filter(|_| problems.is_empty()).ok_or(problems)
    }
}
