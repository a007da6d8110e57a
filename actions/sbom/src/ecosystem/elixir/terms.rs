//! The terms that Elixir's and Erlang's lockfiles are made of: the literals of both languages, nothing that is run.

use super::super::{ParseError, documents::Lines, shorten};

/// How deep terms may be inside each other.
const DEEPEST: usize = 32;

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// `:hex`, `'hex'`, `true`; also a bare word or number, which nothing here tells apart.
    Atom(String),
    /// `"text"`, `<<"text">>`.
    Text(String),
    /// `{a, b}`, and each `key: value` of a keyword list.
    Tuple(Vec<Term>),
    /// `[a, b]`.
    List(Vec<Term>),
    /// `%{key => value}`; each key with the line it is on.
    Map(Vec<(Term, Term, u32)>),
}

impl Term {
    /// The characters of an atom or a text.
    pub(super) fn word(&self) -> Option<&str> {
        match self {
            Self::Atom(word) | Self::Text(word) => Some(word),
            _ => None,
        }
    }

    /// The members of a tuple or a list.
    pub(super) fn members(&self) -> &[Term] {
        match self {
            Self::Tuple(members) | Self::List(members) => members,
            _ => &[],
        }
    }

    /// What a keyword list says of `key`.
    pub(super) fn value(&self, key: &str) -> Option<&Term> {
        self.members().iter().find_map(|pair| match pair {
            Self::Tuple(pair) => match &pair[..] {
                [name, value] if name.word() == Some(key) => Some(value),
                _ => None,
            },
            _ => None,
        })
    }
}

/// Which language's comments and punctuation are meant.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Language {
    /// `#` begins a comment; `%{}` is a map.
    Elixir,
    /// `%` begins a comment; every term ends with a full stop.
    Erlang,
}

/// All terms of a text, to its very end.
///
/// # Errors
/// [`ParseError`] for what is no literal, for more than 32 levels, and for a text that ends too early.
pub(super) fn parse(text: &str, language: Language) -> Result<Vec<Term>, ParseError> {
    let mut reader = Reader { text, at: 0, lines: Lines::of(text), language };
    let mut terms = Vec::new();
    loop {
        reader.skip();
        if reader.at == text.len() {
            return Ok(terms);
        }
        terms.push(reader.term(0)?);
        if language == Language::Erlang {
            reader.expect(".")?;
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    lines: Lines<'a>,
    language: Language,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error<T>(&mut self, what: &str) -> Result<T, ParseError> {
        let here = self.rest().lines().next().unwrap_or_default();
        let here = if here.is_empty() { "the end".to_owned() } else { format!("`{}`", shorten(here)) };
        let line = self.lines.at(self.at);
        Err(ParseError { line, message: format!("{what} instead of {here}") })
    }

    /// Passes white space and comments.
    fn skip(&mut self) {
        let comment = if self.language == Language::Elixir { '#' } else { '%' };
        loop {
            let rest = self.rest().trim_start();
            self.at = self.text.len() - rest.len();
            if !rest.starts_with(comment) || (self.language == Language::Elixir && rest.starts_with("#{")) {
                return;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
    }

    /// Passes `token` if it is next.
    fn passes(&mut self, token: &str) -> bool {
        self.skip();
        let next = self.rest().starts_with(token);
        if next {
            self.at += token.len();
        }
        next
    }

    fn expect(&mut self, token: &str) -> Result<(), ParseError> {
        if self.passes(token) { Ok(()) } else { self.error(&format!("`{token}` is expected")) }
    }

    fn term(&mut self, depth: usize) -> Result<Term, ParseError> {
        if depth > DEEPEST {
            return self.error("no more than 32 levels are read; something shallower is expected");
        }
        if self.passes("%{") {
            return self.map(depth);
        }
        if self.passes("{") {
            return Ok(Term::Tuple(self.members("}", depth)?));
        }
        if self.passes("[") {
            return Ok(Term::List(self.members("]", depth)?));
        }
        if self.passes("<<") {
            let text = if self.rest().starts_with('"') { self.quoted('"')? } else { String::new() };
            self.expect(">>")?;
            return Ok(Term::Text(text));
        }
        match self.rest().chars().next() {
            Some('"') => Ok(Term::Text(self.quoted('"')?)),
            Some('\'') => Ok(Term::Atom(self.quoted('\'')?)),
            Some(':') => {
                self.at += 1;
                if self.rest().starts_with('"') { Ok(Term::Atom(self.quoted('"')?)) } else { self.bare() }
            }
            _ => self.bare(),
        }
    }

    /// An atom, a number, `true`.
    fn bare(&mut self) -> Result<Term, ParseError> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_@?!-".contains(c))).unwrap_or(rest.len());
        if end == 0 {
            return self.error("a term is expected");
        }
        self.at += end;
        Ok(Term::Atom(rest[..end].to_owned()))
    }

    /// What stands between quotes; `at` is on the first.
    fn quoted(&mut self, quote: char) -> Result<String, ParseError> {
        let mut word = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => word.extend(chars.next().map(|(_, c)| c)),
                c if c == quote => {
                    self.at += at + 1;
                    return Ok(word);
                }
                c => word.push(c),
            }
        }
        self.error("a text that ends is expected")
    }

    /// Members up to `close`; `key: value` is a pair.
    fn members(&mut self, close: &str, depth: usize) -> Result<Vec<Term>, ParseError> {
        let mut members = Vec::new();
        while !self.passes(close) {
            let member = self.term(depth + 1)?;
            let pair = self.language == Language::Elixir && self.passes(":");
            let member = if pair { Term::Tuple(vec![member, self.term(depth + 1)?]) } else { member };
            members.push(member);
            if !self.passes(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(members)
    }

    /// `key => value` and `key: value` up to the closing brace.
    fn map(&mut self, depth: usize) -> Result<Term, ParseError> {
        let mut entries = Vec::new();
        while !self.passes("}") {
            let line = self.lines.at(self.at);
            let key = self.term(depth + 1)?;
            if !self.passes(":") {
                self.expect("=>")?;
            }
            entries.push((key, self.term(depth + 1)?, line));
            if !self.passes(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Term::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(word: &str) -> Term {
        Term::Atom(word.to_owned())
    }

    #[test]
    fn the_literals_of_both_languages_are_read() {
        let elixir = "# c\n%{\"a\": {:hex, :\"b c\", \"1\\\"0\", [x: true], nil},\n  :k => [],}\n";
        let value = Term::Tuple(vec![
            atom("hex"),
            atom("b c"),
            Term::Text("1\"0".to_owned()),
            Term::List(vec![Term::Tuple(vec![atom("x"), atom("true")])]),
            atom("nil"),
        ]);
        let map = vec![(Term::Text("a".to_owned()), value, 2), (atom("k"), Term::List(vec![]), 3)];
        assert_eq!(parse(elixir, Language::Elixir), Ok(vec![Term::Map(map)]));
        let erlang = "% c\n{\"1.2.0\", [{<<\"a\">>, 'b', -1}]}.\n[].\n";
        let tuple = Term::Tuple(vec![Term::Text("a".to_owned()), atom("b"), atom("-1")]);
        let first = Term::Tuple(vec![Term::Text("1.2.0".to_owned()), Term::List(vec![tuple])]);
        assert_eq!(parse(erlang, Language::Erlang), Ok(vec![first, Term::List(vec![])]));
    }

    #[test]
    fn what_is_no_literal_or_ends_early_is_refused_with_its_line() {
        for (text, language, line) in [
            ("%{\n\"a\": System.cmd(\"x\")}", Language::Elixir, 2),
            ("%{\n", Language::Elixir, 2),
            ("%{\"a\" \"b\"}", Language::Elixir, 1),
            ("{a,\nb}", Language::Erlang, 2),
            ("\"open", Language::Erlang, 1),
        ] {
            assert_eq!(parse(text, language).map_err(|error| error.line), Err(line), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(parse(&deep, Language::Elixir).is_err());
    }
}
