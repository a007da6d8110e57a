//! The grammar of RFC 9535, appendix A, and the types of its functions (section 2.4).

use super::{Comparison, Logical, Operand, PathFault, Pattern, Query, Segment, Selector, Start};
use crate::{Json, number_length};

/// Filters, parentheses and functions within each other.
const DEEPEST: usize = 32;

/// The largest index: 2^53 − 1 (section 2.1).
const LARGEST: i64 = (1 << 53) - 1;

type Parsed<T> = Result<T, PathFault>;

pub(super) fn query(text: &str) -> Parsed<Query> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    if !parser.takes("$") {
        return Err(parser.fault("a query starts with `$`"));
    }
    let segments = parser.segments()?;
    if parser.at < text.len() {
        return Err(parser.fault("expected a segment such as `.name` or `[0]`"));
    }
    Ok(Query { start: Start::Root, segments })
}

struct Parser<'a> {
    text: &'a str,
    /// In bytes, always at the start of a character.
    at: usize,
    depth: usize,
}

/// What stands where a test or one side of a comparison may stand.
enum Term {
    Query(Query),
    Literal(Json),
    /// A function that gives a value.
    Value(Operand),
    /// A function that says yes or no.
    Logical(Logical),
}

impl<'a> Parser<'a> {
    fn fault(&self, problem: impl Into<String>) -> PathFault {
        PathFault { problem: problem.into(), place: self.text[..self.at].chars().count() + 1 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn takes(&mut self, token: &str) -> bool {
        let there = self.rest().starts_with(token);
        self.at += if there { token.len() } else { 0 };
        there
    }

    fn space(&mut self) {
        let blank = self.rest().bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blank;
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        self.space();
        if self.takes(token) { Ok(()) } else { Err(self.fault(format!("expected `{token}`"))) }
    }

    fn segments(&mut self) -> Parsed<Vec<Segment>> {
        let mut segments = Vec::new();
        loop {
            let before = self.at;
            self.space();
            let descendant = self.takes("..");
            if !descendant && self.takes(".") {
                segments.push(Segment { descendant, selectors: vec![self.shorthand()?] });
            } else if self.takes("[") {
                segments.push(Segment { descendant, selectors: self.bracketed()? });
            } else if descendant {
                segments.push(Segment { descendant, selectors: vec![self.shorthand()?] });
            } else {
                // White space belongs to a segment behind it, and to nothing else.
                self.at = before;
                return Ok(segments);
            }
        }
    }

    fn shorthand(&mut self) -> Parsed<Selector> {
        if self.takes("*") {
            return Ok(Selector::Wildcard);
        }
        let first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let length: usize = match self.peek() {
            Some(c) if first(c) => {
                let name = self.rest().chars().take_while(|c| first(*c) || c.is_ascii_digit());
                name.map(char::len_utf8).sum()
            }
            _ => return Err(self.fault("expected a name, `*` or `[`")),
        };
        let name = self.rest()[..length].to_owned();
        self.at += length;
        Ok(Selector::Name(name))
    }

    fn bracketed(&mut self) -> Parsed<Vec<Selector>> {
        let mut selectors = Vec::new();
        loop {
            self.space();
            selectors.push(self.selector()?);
            self.space();
            if self.takes("]") {
                return Ok(selectors);
            }
            self.expect(",")?;
        }
    }

    fn selector(&mut self) -> Parsed<Selector> {
        match self.peek() {
            Some('\'' | '"') => self.string().map(Selector::Name),
            Some('*') => {
                self.at += 1;
                Ok(Selector::Wildcard)
            }
            Some('?') => {
                self.at += 1;
                self.space();
                Ok(Selector::Filter(Box::new(self.nested(Self::or)?)))
            }
            _ => self.index_or_slice(),
        }
    }

    fn index_or_slice(&mut self) -> Parsed<Selector> {
        let start = self.integer()?;
        let after = self.at;
        self.space();
        if !self.takes(":") {
            self.at = after;
            return start
                .map(Selector::Index)
                .ok_or_else(|| self.fault("expected a name, an index, a slice or a filter"));
        }
        self.space();
        let end = self.integer()?;
        let after = self.at;
        self.space();
        if !self.takes(":") {
            self.at = after;
            return Ok(Selector::Slice { start, end, step: 1 });
        }
        let after = self.at;
        self.space();
        let step = self.integer()?;
        if step.is_none() {
            self.at = after;
        }
        Ok(Selector::Slice { start, end, step: step.unwrap_or(1) })
    }

    /// An integer, where one begins here.
    fn integer(&mut self) -> Parsed<Option<i64>> {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let token = &rest[..sign + digits];
        if token.is_empty() {
            return Ok(None);
        }
        let plain = token == "0" || (digits > 0 && !token[sign..].starts_with('0'));
        let number = token.parse::<i64>().ok().filter(|number| plain && number.abs() <= LARGEST);
        let Some(number) = number else { return Err(self.fault(format!("`{token}` is no index"))) };
        self.at += token.len();
        Ok(Some(number))
    }

    fn string(&mut self) -> Parsed<String> {
        let Some(quote) = self.peek() else { return Err(self.fault("expected a string")) };
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else { return Err(self.fault("a string does not end")) };
            match c {
                '\\' => text.push(self.escape(quote)?),
                c if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                c if c < ' ' => return Err(self.fault("a control character in a string")),
                c => {
                    self.at += c.len_utf8();
                    text.push(c);
                }
            }
        }
    }

    fn escape(&mut self, quote: char) -> Parsed<char> {
        self.at += 1;
        let Some(c) = self.peek() else { return Err(self.fault("a string does not end")) };
        let plain = match c {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '/' | '\\' => c,
            c if c == quote => c,
            'u' => return self.unicode(),
            _ => return Err(self.fault("an escape that JSONPath does not have")),
        };
        self.at += c.len_utf8();
        Ok(plain)
    }

    fn unicode(&mut self) -> Parsed<char> {
        let high = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            if !self.takes("\\") {
                return Err(self.fault("half a surrogate pair"));
            }
            let low = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.fault("half a surrogate pair"));
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.fault("half a surrogate pair"))
    }

    fn four_digits(&mut self) -> Parsed<u32> {
        let digits = self.rest().get(1..5).filter(|_| self.rest().starts_with('u'));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.fault("expected `u` and four hexadecimal digits"))?;
        self.at += 5;
        Ok(code)
    }

    fn nested<T>(&mut self, read: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(format!("nested deeper than {DEEPEST}")));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn or(&mut self) -> Parsed<Logical> {
        let mut any = vec![self.and()?];
        loop {
            let before = self.at;
            self.space();
            if !self.takes("||") {
                self.at = before;
                return Ok(if any.len() == 1 { any.swap_remove(0) } else { Logical::Or(any) });
            }
            self.space();
            any.push(self.and()?);
        }
    }

    fn and(&mut self) -> Parsed<Logical> {
        let mut all = vec![self.basic()?];
        loop {
            let before = self.at;
            self.space();
            if !self.takes("&&") {
                self.at = before;
                return Ok(if all.len() == 1 { all.swap_remove(0) } else { Logical::And(all) });
            }
            self.space();
            all.push(self.basic()?);
        }
    }

    fn basic(&mut self) -> Parsed<Logical> {
        let negated = self.takes("!");
        if negated {
            self.space();
        }
        if self.takes("(") {
            self.space();
            let inner = self.nested(Self::or)?;
            self.expect(")")?;
            return Ok(if negated { Logical::Not(Box::new(inner)) } else { inner });
        }
        let start = self.at;
        let term = self.term()?;
        let before = self.at;
        self.space();
        if let Some(comparison) = self.comparison().filter(|_| !negated) {
            self.space();
            let left = self.operand(term, start)?;
            let start = self.at;
            let right = self.term()?;
            return Ok(Logical::Compare(left, comparison, self.operand(right, start)?));
        }
        self.at = before;
        let test = match term {
            Term::Query(query) => Logical::Exists(query),
            Term::Logical(logical) => logical,
            Term::Literal(_) | Term::Value(_) => return Err(self.fault("a value has to be compared with something")),
        };
        Ok(if negated { Logical::Not(Box::new(test)) } else { test })
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let known = [
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        known.into_iter().find(|(token, _)| self.takes(token)).map(|(_, comparison)| comparison)
    }

    /// One side of a comparison, or an argument that is a value.
    fn operand(&mut self, term: Term, start: usize) -> Parsed<Operand> {
        let wrong = match term {
            Term::Literal(literal) => return Ok(Operand::Literal(literal)),
            Term::Value(value) => return Ok(value),
            Term::Query(query) if query.is_singular() => return Ok(Operand::Node(query)),
            Term::Query(_) => "a query that may select several nodes is no value",
            Term::Logical(_) => "a yes or no is no value",
        };
        self.at = start;
        Err(self.fault(wrong))
    }

    fn term(&mut self) -> Parsed<Term> {
        match self.peek() {
            Some('@' | '$') => self.query().map(Term::Query),
            Some('\'' | '"') => self.string().map(|text| Term::Literal(Json::Text(text))),
            Some('-' | '0'..='9') => {
                let length = number_length(self.rest().as_bytes()).ok_or_else(|| self.fault("a malformed number"))?;
                let token = self.rest()[..length].to_owned();
                self.at += length;
                Ok(Term::Literal(Json::Number(token)))
            }
            Some('a'..='z') => self.word(),
            _ => Err(self.fault("expected a query, a value or a function")),
        }
    }

    fn query(&mut self) -> Parsed<Query> {
        let start = if self.takes("@") { Start::Current } else { Start::Root };
        if start == Start::Root && !self.takes("$") {
            return Err(self.fault("expected a query"));
        }
        Ok(Query { start, segments: self.nested(Self::segments)? })
    }

    fn word(&mut self) -> Parsed<Term> {
        let start = self.at;
        let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        let length = self.rest().bytes().take_while(letter).count();
        let word = &self.rest()[..length];
        self.at += length;
        if self.takes("(") {
            return self.nested(match word {
                "length" => Self::length,
                "count" => |parser| parser.of_query(Operand::Count),
                "value" => |parser| parser.of_query(Operand::Value),
                "match" => |parser| parser.matches(true),
                "search" => |parser| parser.matches(false),
                _ => |parser| Err(parser.fault("a function that RFC 9535 does not have")),
            });
        }
        match word {
            "true" => Ok(Term::Literal(Json::Bool(true))),
            "false" => Ok(Term::Literal(Json::Bool(false))),
            "null" => Ok(Term::Literal(Json::Null)),
            _ => {
                self.at = start;
                Err(self.fault("expected a query, a value or a function"))
            }
        }
    }

    /// An argument that is a value.
    fn argument(&mut self) -> Parsed<Operand> {
        self.space();
        let start = self.at;
        let term = self.term()?;
        self.operand(term, start)
    }

    fn length(&mut self) -> Parsed<Term> {
        let argument = self.argument()?;
        self.expect(")")?;
        Ok(Term::Value(Operand::Length(Box::new(argument))))
    }

    fn of_query(&mut self, function: fn(Query) -> Operand) -> Parsed<Term> {
        self.space();
        let query = self.query()?;
        self.expect(")")?;
        Ok(Term::Value(function(query)))
    }

    fn matches(&mut self, whole: bool) -> Parsed<Term> {
        let text = self.argument()?;
        self.expect(",")?;
        let pattern = self.argument()?;
        self.expect(")")?;
        Ok(Term::Logical(Logical::Matches(text, Pattern::new(whole, pattern))))
    }
}
