//! PEP 508 requirements: `name[extra] (>=1) ; python_version < "3.9"`, as far as a reader of installed packages needs.

use crate::purl;

/// A requirement split into its parts; the version part is kept as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// The name as written.
    pub name: &'a str,
    /// Extras between brackets, normalised.
    pub extras: Vec<String>,
    /// What is between name and marker: version specifiers or `@ url`.
    pub rest: &'a str,
    /// What follows the `;`.
    pub marker: Option<&'a str>,
}

/// Splits a requirement, or says what is wrong with it.
///
/// # Errors
/// A sentence fragment when there is no name (PEP 508: letters, digits, `-`, `_`, `.`, alphanumeric at both ends) or a
/// bracket stays open.
pub fn split(text: &str) -> Result<Requirement<'_>, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(format!("`{}` does not start with a package's name", crate::ecosystem::shorten(text)));
    }
    let after = after.trim_start();
    let (extras, after) = match after.strip_prefix('[') {
        None => (Vec::new(), after),
        Some(inside) => {
            let (inside, after) = inside
                .split_once(']')
                .ok_or_else(|| format!("`{}` has no closing bracket", crate::ecosystem::shorten(text)))?;
            let extras = inside.split(',').map(|e| purl::pypi_name(e.trim())).filter(|e| !e.is_empty()).collect();
            (extras, after.trim_start())
        }
    };
    // In a URL requirement only ` ;` starts the marker, because `;` may be part of the URL.
    let at = if after.starts_with('@') { after.find(" ;") } else { after.find(';') };
    let (rest, marker) = match at {
        Some(at) => (&after[..at], Some(after[at..].trim_start_matches([' ', ';']).trim())),
        None => (after, None),
    };
    let rest = rest.trim().trim_start_matches('(').trim_end_matches(')').trim();
    let known = rest.is_empty() || rest.starts_with('@') || rest.split(',').all(is_specifier);
    if !known {
        return Err(format!("`{}` is no version specifier", crate::ecosystem::shorten(rest)));
    }
    Ok(Requirement { name, extras, rest, marker })
}

/// One comparison with a version; a trailing comma leaves an empty one, which pip takes.
fn is_specifier(text: &str) -> bool {
    const OPERATORS: &[&str] = &["===", "==", "~=", "!=", "<=", ">=", "<", ">"];
    let text = text.trim();
    let version = OPERATORS.iter().find_map(|operator| text.strip_prefix(operator)).map(str::trim);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".!+-_*".contains(&b);
    text.is_empty() || version.is_some_and(|version| !version.is_empty() && version.bytes().all(plain))
}

/// The exact version of `==1.2` or `===1.2`; `None` for ranges and `==1.*`.
#[must_use]
pub fn exact(specifiers: &str) -> Option<&str> {
    let version = specifiers.strip_prefix("===").or_else(|| specifiers.strip_prefix("=="))?.trim();
    let plain = !version.is_empty() && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".!+-_".contains(&b));
    plain.then_some(version)
}

/// What is known of the place packages are installed for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `3.11`, from the folder's name.
    pub python_version: Option<String>,
    /// Extras asked for, normalised; empty for none.
    pub extras: Vec<String>,
}

/// Whether a marker holds on Linux with CPython in this environment; `None` when that depends on something unknown.
///
/// Covers `and`, `or`, parentheses and comparisons of a variable with a string, either way round.
#[must_use]
pub fn holds(marker: &str, environment: &Environment) -> Option<bool> {
    let tokens = tokens(marker)?;
    let mut parser = Parser { tokens: &tokens, environment, depth: 0 };
    let answer = parser.or();
    if parser.tokens.is_empty() { answer } else { None }
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Open,
    Close,
    Word(&'a str),
    Text(&'a str),
    Operator(&'a str),
}

fn tokens(mut text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    loop {
        text = text.trim_start();
        let Some(first) = text.chars().next() else { return Some(tokens) };
        let length = match first {
            '(' | ')' => {
                tokens.push(if first == '(' { Token::Open } else { Token::Close });
                1
            }
            '\'' | '"' => {
                let end = text[1..].find(first)?;
                tokens.push(Token::Text(&text[1..=end]));
                end + 2
            }
            '=' | '<' | '>' | '!' | '~' => {
                let end = text.find(|c| !"=<>!~".contains(c))?;
                tokens.push(Token::Operator(&text[..end]));
                end
            }
            _ => {
                let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c))).unwrap_or(text.len());
                if end == 0 {
                    return None;
                }
                tokens.push(Token::Word(&text[..end]));
                end
            }
        };
        text = &text[length..];
    }
}

struct Parser<'a, 't> {
    tokens: &'t [Token<'a>],
    environment: &'t Environment,
    depth: usize,
}

impl<'a, 't> Parser<'a, 't> {
    fn next(&mut self) -> Option<&'t Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn or(&mut self) -> Option<bool> {
        let mut answer = self.and();
        while self.tokens.first() == Some(&Token::Word("or")) {
            self.next();
            let right = self.and();
            answer = if answer == Some(true) || right == Some(true) { Some(true) } else { answer.and(right) };
        }
        answer
    }

    fn and(&mut self) -> Option<bool> {
        let mut answer = self.term();
        while self.tokens.first() == Some(&Token::Word("and")) {
            self.next();
            let right = self.term();
            answer = if answer == Some(false) || right == Some(false) { Some(false) } else { answer.and(right) };
        }
        answer
    }

    fn term(&mut self) -> Option<bool> {
        if self.tokens.first() == Some(&Token::Open) && self.depth < 32 {
            self.next();
            self.depth += 1;
            let inner = self.or();
            self.depth -= 1;
            return if self.next() == Some(&Token::Close) { inner } else { self.give_up() };
        }
        let left = self.next()?;
        let mut operator = self.next()?;
        let mut negated = false;
        if *operator == Token::Word("not") {
            negated = true;
            operator = self.next()?;
        }
        let right = self.next()?;
        let (Token::Operator(operator) | Token::Word(operator)) = operator else { return self.give_up() };
        match (left, right) {
            (Token::Word(variable), Token::Text(value)) => self.compare(variable, operator, value, negated),
            (Token::Text(value), Token::Word(variable)) if matches!(*operator, "==" | "!=") => {
                self.compare(variable, operator, value, negated)
            }
            _ => None,
        }
    }

    /// What cannot be read is unknown, to the end.
    fn give_up(&mut self) -> Option<bool> {
        self.tokens = &[];
        None
    }

    fn compare(&self, variable: &str, operator: &str, value: &str, negated: bool) -> Option<bool> {
        if variable == "extra" {
            let asked = self.environment.extras.contains(&purl::pypi_name(value));
            return match operator {
                "==" => Some(asked),
                "!=" => Some(!asked),
                _ => None,
            };
        }
        let here = match variable {
            "os_name" => "posix",
            "sys_platform" => "linux",
            "platform_system" => "Linux",
            "platform_python_implementation" => "CPython",
            "implementation_name" => "cpython",
            "python_version" if operator == "in" => self.environment.python_version.as_deref()?,
            "python_version" => return self.python(operator, value),
            "python_full_version" => return self.python_to_the_patch(operator, value),
            _ => return None,
        };
        match operator {
            "==" => Some(here == value),
            "!=" => Some(here != value),
            "in" => Some(value.contains(here) != negated),
            _ => None,
        }
    }

    fn python(&self, operator: &str, value: &str) -> Option<bool> {
        let here = version(self.environment.python_version.as_deref()?)?;
        ordered(here, operator, version(value)?)
    }

    /// The folder's name has no patch number: only a comparison that it cannot change is judged.
    fn python_to_the_patch(&self, operator: &str, value: &str) -> Option<bool> {
        let here = version(self.environment.python_version.as_deref()?)?;
        let mut parts = value.splitn(3, '.');
        let there = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let whole = parts.next().is_none_or(|patch| patch == "0");
        match (here == there, whole, operator) {
            (false, ..) => ordered(here, operator, there),
            (true, true, "<") => Some(false),
            (true, true, ">=") => Some(true),
            _ => None,
        }
    }
}

fn ordered(here: (u32, u32), operator: &str, there: (u32, u32)) -> Option<bool> {
    match operator {
        "==" => Some(here == there),
        "!=" => Some(here != there),
        "<" => Some(here < there),
        "<=" => Some(here <= there),
        ">" => Some(here > there),
        ">=" => Some(here >= there),
        _ => None,
    }
}

/// `3.11` as (3, 11); a third number does not fit `python_version` and stays unknown.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().map_or(Some(0), |minor| minor.parse().ok())?;
    parts.next().is_none().then_some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_split_at_name_extras_version_and_marker() {
        let all = split("Requests_X[Socks, use.chardet] (>=2,<3) ; python_version < '3.9'").unwrap();
        assert_eq!((all.name, all.rest, all.marker), ("Requests_X", ">=2,<3", Some("python_version < '3.9'")));
        assert_eq!(all.extras, ["socks", "use-chardet"]);
        let url = split("pip @ https://x/pip;v=1.whl ; os_name == 'nt'").unwrap();
        assert_eq!((url.rest, url.marker), ("@ https://x/pip;v=1.whl", Some("os_name == 'nt'")));
        for bad in ["", "==1", "a[b", "a b", "-x", "a=1", "a==", "a>=1<2", "a== 1 2"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_one_exact_version_pins() {
        for (text, wanted) in [
            ("==1.0", Some("1.0")),
            ("=== 1.0+local", Some("1.0+local")),
            ("==1!2.0.post1", Some("1!2.0.post1")),
            ("==1.*", None),
            ("==1.0,!=1.0", None),
            (">=1", None),
            ("", None),
        ] {
            assert_eq!(exact(text), wanted, "{text}");
        }
    }

    /// The verdicts of `packaging.markers.Marker(…).evaluate()` on Linux with Python 3.11.
    #[test]
    fn markers_are_judged_as_packaging_judges_them() {
        let here = Environment { python_version: Some("3.11".into()), extras: vec!["socks".into()] };
        for (marker, wanted) in [
            ("python_version < '3.8'", Some(false)),
            ("python_version >= \"3\"", Some(true)),
            ("extra == 'socks'", Some(true)),
            ("extra == 'dev'", Some(false)),
            ("sys_platform == 'win32' and extra == 'socks'", Some(false)),
            ("(sys_platform == 'win32' or os_name == 'posix') and python_version > '3.9'", Some(true)),
            ("'linux' == sys_platform", Some(true)),
            ("sys_platform not in 'win32 cygwin'", Some(true)),
            ("platform_python_implementation != 'PyPy'", Some(true)),
            ("python_full_version < '3.11'", Some(false)),
            ("python_full_version >= '3.12.1'", Some(false)),
            ("python_full_version >= '3.11.4'", None),
            ("python_version in '2.6 2.7'", Some(false)),
            ("platform_machine == 'x86_64'", None),
            ("platform_machine == 'x86_64' or extra == 'socks'", Some(true)),
            ("platform_machine == 'x86_64' and extra == 'dev'", Some(false)),
            ("python_version <", None),
            ("(((", None),
        ] {
            assert_eq!(holds(marker, &here), wanted, "{marker}");
        }
    }
}
