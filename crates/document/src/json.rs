//! JSON (RFC 8259) as a tree that keeps what comparing needs and usual parsers lose: the very token of a number, and the
//! fact that a key stood twice.

use std::fmt;

/// How many lists and objects may stand inside one another.
const MAX_DEPTH: usize = 100;

/// Members up to which a duplicate is looked for by comparing.
const FEW: usize = 16;

/// A JSON value. Members keep their order; numbers keep their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`: there, and nothing. Not the same as missing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written, such as `1.50` or `2e3`.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object; no two members have the same key.
    Map(Vec<(String, Json)>),
}

/// Why bytes are not one JSON value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {offset}")]
pub struct JsonFault {
    /// What is wrong.
    pub problem: String,
    /// Where, in bytes from the start.
    pub offset: usize,
}

impl Json {
    /// Reads exactly one value, with white space around it.
    ///
    /// # Errors
    /// [`JsonFault`] for anything RFC 8259 does not allow, for a duplicate key, and for nesting deeper than 100.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonFault> {
        let mut parser = Parser { bytes, at: 0, depth: 0 };
        let value = parser.value()?;
        parser.space();
        if parser.at < bytes.len() {
            return Err(parser.fault("something follows the value"));
        }
        Ok(value)
    }

    /// The member `key`, where this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The same value for libraries that know numbers only as 64-bit integers and `f64`: the nearest of these, so equality
    /// and order are to be judged on the token.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Number(token) => serde_json::from_str(token)
                .unwrap_or_else(|_| Value::from(if token.starts_with('-') { f64::MIN } else { f64::MAX })),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Map(members) => {
                Value::Object(members.iter().map(|(key, value)| (key.clone(), value.to_value())).collect())
            }
        }
    }
}

/// Numbers get the token that the other tree writes for them.
impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Map(members.iter().map(|(name, value)| (name.clone(), Self::from(value))).collect())
            }
        }
    }
}

/// Compact JSON.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Number(token) => f.write_str(token),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Map(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{}:{value}", if index > 0 { "," } else { "" }, quoted(key))?;
                }
                f.write_str("}")
            }
        }
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn fault(&self, problem: impl Into<String>) -> JsonFault {
        JsonFault { problem: problem.into(), offset: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte` after white space, if it is next.
    fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self) -> Result<Json, JsonFault> {
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::map),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => self.text().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.fault("expected a JSON value")),
            None => Err(self.fault("the text ends where a JSON value should be")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, JsonFault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.fault("expected a JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, JsonFault>) -> Result<Json, JsonFault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault(format!("nested deeper than {MAX_DEPTH}")));
        }
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Json, JsonFault> {
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.takes(b']') {
                return Ok(Json::List(items));
            }
            if !self.takes(b',') {
                return Err(self.fault("expected `,` or `]`"));
            }
        }
    }

    fn map(&mut self) -> Result<Json, JsonFault> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut starts = Vec::new();
        if self.takes(b'}') {
            return Ok(Json::Map(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a key in double quotes"));
            }
            starts.push(self.at);
            let key = self.text()?;
            if members.len() < FEW && members.iter().any(|(name, _)| *name == key) {
                return Err(duplicate(&key, starts.pop()));
            }
            if !self.takes(b':') {
                return Err(self.fault("expected `:`"));
            }
            members.push((key, self.value()?));
            if self.takes(b'}') {
                return match first_twice(&members) {
                    Some(place) => Err(duplicate(&members[place].0, starts.get(place).copied())),
                    None => Ok(Json::Map(members)),
                };
            }
            if !self.takes(b',') {
                return Err(self.fault("expected `,` or `}`"));
            }
        }
    }

    /// A string: its end is found here; escapes, where there are any, are left to the JSON library.
    fn text(&mut self) -> Result<String, JsonFault> {
        let start = self.at;
        let (mut end, mut plain) = (start + 1, true);
        loop {
            match self.bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => (end, plain) = (end + 2, false),
                Some(byte) => (end, plain) = (end + 1, plain && *byte >= b' '),
                None => return Err(self.fault("a string does not end")),
            }
        }
        let token = &self.bytes[start..=end];
        let text = match std::str::from_utf8(&token[1..token.len() - 1]) {
            Ok(text) if plain => Some(text.to_owned()),
            _ => serde_json::from_slice(token).ok(),
        };
        let text = text.ok_or_else(|| self.fault("a string with an invalid escape or byte"))?;
        self.at = end + 1;
        Ok(text)
    }

    fn number(&mut self) -> Result<Json, JsonFault> {
        let rest = &self.bytes[self.at..];
        let length = number_length(rest).ok_or_else(|| self.fault("a malformed number"))?;
        // Digits, signs, points and exponents alone.
        let token = rest[..length].iter().map(|byte| char::from(*byte)).collect();
        self.at += length;
        Ok(Json::Number(token))
    }
}

/// Of more than a few members, the first whose key stood before: found by sorting, not by comparing each with each.
fn first_twice(members: &[(String, Json)]) -> Option<usize> {
    if members.len() <= FEW {
        return None;
    }
    let mut places: Vec<usize> = (0..members.len()).collect();
    places.sort_by(|a, b| members[*a].0.cmp(&members[*b].0).then(a.cmp(b)));
    let same = |pair: &[usize]| members[pair[0]].0 == members[pair[1]].0;
    places.windows(2).filter(|pair| same(pair)).map(|pair| pair[1]).min()
}

fn duplicate(key: &str, start: Option<usize>) -> JsonFault {
    JsonFault { problem: format!("duplicate key `{}`", shorten(key)), offset: start.unwrap_or(0) }
}

/// The length in bytes of the number `bytes` start with, by the grammar of RFC 8259 section 6; `None` where there is none.
#[must_use]
pub fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

/// At most 80 characters of hostile text.
#[must_use]
pub fn shorten(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problem(text: &str) -> String {
        Json::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn numbers_keep_their_token_and_members_their_order() {
        let text = r#"{"b":12345678901234567.10,"a":[1,-0.0,2E+3],"é\n":null}"#;
        let value = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(value.to_string(), text);
        assert_eq!(value.get("b"), Some(&Json::Number("12345678901234567.10".to_owned())));
    }

    #[test]
    fn what_is_not_one_value_is_refused_with_its_place() {
        assert_eq!(problem(r#"{"a":1,"b":{},"a":2}"#), "duplicate key `a` at byte 14");
        assert_eq!(problem(r#"{"a":1,"\u0061":2}"#), "duplicate key `a` at byte 7");
        assert_eq!(problem("{} {}"), "something follows the value at byte 3");
        assert_eq!(problem(""), "the text ends where a JSON value should be at byte 0");
        assert_eq!(problem("[1,]"), "expected a JSON value at byte 3");
        assert_eq!(problem("\"abc"), "a string does not end at byte 0");
        assert_eq!(problem("[NaN]"), "expected a JSON value at byte 1");
        for bad in ["01", "1.", ".5", "-", "1e", "+1", "'a'", "{a:1}", "\u{feff}1", "\"\t\"", "tru"] {
            assert!(Json::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn a_duplicate_is_found_among_few_keys_and_among_many() {
        for count in [1, 15, 16, 17, 40] {
            for twice in [0, count - 1] {
                let keys = (0..count).chain([twice]).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>();
                let text = format!("{{{}}}", keys.join(","));
                assert!(problem(&text).starts_with(&format!("duplicate key `k{twice}`")), "{text}");
            }
        }
    }

    #[test]
    fn nesting_is_bounded_and_cannot_overflow_the_stack() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(Json::parse(deep(100).as_bytes()).is_ok());
        assert_eq!(problem(&deep(101)), "nested deeper than 100 at byte 100");
        assert!(Json::parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn it_takes_what_serde_json_takes_and_reads_the_same(text in r#"[\[\]{}:,"\\0-9eE.+\-a-c tfnulrse]{0,24}"#) {
            let ours = Json::parse(text.as_bytes());
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(theirs) => match ours {
                    Ok(ours) => prop_assert_eq!(ours.to_value(), theirs),
                    Err(fault) => prop_assert!(fault.problem.starts_with("duplicate key"), "{}: {}", text, fault),
                },
                Err(theirs) => prop_assert!(ours.is_err() || theirs.to_string().contains("out of range"), "{}", text),
            }
        }

        #[test]
        fn what_it_writes_it_reads_back(value in json()) {
            let value = Json::parse(value.to_string().as_bytes()).unwrap();
            prop_assert_eq!(Json::parse(value.to_string().as_bytes()).unwrap(), value);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Json::parse(&bytes);
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,8}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::vec((".{0,4}", inner), 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
