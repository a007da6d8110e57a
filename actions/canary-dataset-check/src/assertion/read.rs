//! Assertions as `canary.yml` and the cases write them.

use super::{Assertion, Expectation, Rule, Selector, arrays, format::Form};
use crate::{length::Length, tolerance::Tolerance};
use document::{Decimal, Fields, Json, kind};

const RULES: [&str; 14] = [
    "equals",
    "unordered",
    "sorted",
    "sorted_by",
    "exact_text",
    "between",
    "min",
    "max",
    "type",
    "format",
    "matches",
    "one_of",
    "max_age",
    "max_future_skew",
];

/// The words of a tolerance.
pub(crate) const TOLERANCE: [&str; 5] = ["abs", "rel", "decimals", "sig", "ulp"];

/// The words that say how many nodes must keep the rules, or that need none.
const WORDS: [&str; 6] = ["present", "absent", "all", "any", "none", "count"];

/// The keys of a mapping of rules, and `more`.
fn keys(more: &[&'static str]) -> Vec<&'static str> {
    RULES.iter().chain(&TOLERANCE).chain(more).copied().collect()
}

/// One assertion: a path, and what must hold there. What is wrong with it is noted, and it is `None`.
pub(crate) fn assertion(fields: &Fields<'_>) -> Option<Assertion> {
    let more: Vec<&str> = ["path"].into_iter().chain(WORDS).collect();
    let fields = fields.clone().only(&keys(&more));
    fields.demand("path", "$.days_remaining")?;
    let selector: Selector = selector(&fields, "path")?;
    let words: Vec<&str> = WORDS.into_iter().filter(|key| fields.has(key)).collect();
    let own = rules(&fields);
    let yes = |word: &str| {
        let yes = matches!(fields.get(word), Some(Json::Bool(true)));
        if !yes {
            fields.refuse(word, format!("can only be true; write `absent: true` or `present: true` ({word})"));
        }
        yes
    };
    let expectation = match words.as_slice() {
        [] if own.is_empty() => {
            fields.refuse_all("asserts nothing; say what must hold at this path, or `present: true`");
            return None;
        }
        [] | ["present"] => {
            if words == ["present"] && !yes("present") {
                return None;
            }
            if !singular(&selector, &fields) {
                return None;
            }
            Expectation::One(own)
        }
        [word] if !own.is_empty() => {
            fields.refuse(word, format!("`{word}` stands alone beside `path`"));
            return None;
        }
        ["absent"] => yes("absent").then_some(Expectation::Absent)?,
        ["count"] => count(&fields)?,
        [word] => {
            let inner = fields.child(word)?.only(&keys(&[]));
            let rules = rules(&inner);
            if rules.is_empty() {
                inner.refuse_all("asserts nothing; say what must hold of the selected values");
                return None;
            }
            match *word {
                "all" => Expectation::All(rules),
                "any" => Expectation::Any(rules),
                _ => Expectation::None(rules),
            }
        }
        [_, word, ..] => {
            fields.refuse(word, format!("`{word}` stands alone beside `path`"));
            return None;
        }
    };
    Some(Assertion { selector, expectation })
}

/// The JSONPath at `key`.
pub(crate) fn selector(fields: &Fields<'_>, key: &str) -> Option<Selector> {
    let text = fields.text(key)?;
    path(&text).map_err(|problem| fields.refuse(key, problem)).ok()
}

/// A JSONPath.
pub(crate) fn path(text: &str) -> Result<Selector, String> {
    text.parse().map_err(|fault: document::path::PathFault| format!("`{text}` is not a JSONPath of RFC 9535: {fault}"))
}

/// How many nodes there must be: a number, or `min` and `max`.
fn count(fields: &Fields<'_>) -> Option<Expectation> {
    if !matches!(fields.get("count"), Some(Json::Map(_))) {
        let exactly = fields.whole("count", 0..=u64::MAX)?;
        return Some(Expectation::Count(exactly, exactly));
    }
    let inner = fields.child("count")?.only(&["min", "max"]);
    let border = |key: &str, otherwise| inner.whole(key, 0..=u64::MAX).unwrap_or(otherwise);
    let (least, most) = (border("min", 0), border("max", u64::MAX));
    if (least, most) == (0, u64::MAX) {
        inner.refuse_all("holds always; give `min`, `max` or both");
    }
    if least > most {
        inner.refuse_all(format!("the range is empty: {least} is above {most}"));
    }
    Some(Expectation::Count(least, most))
}

/// The metadata contract: by field name, its type or format, or a mapping of rules. Each field must be there.
pub(crate) fn metadata(contract: &Fields<'_>) -> Vec<Assertion> {
    let field = |name: &str| {
        let mut path = "$".to_owned();
        document::path::push_name(&mut path, name);
        let text = if name.starts_with('$') { name } else { path.as_str() };
        let selector = self::path(text).map_err(|problem| contract.refuse(name, problem)).ok()?;
        if !singular(&selector, contract) {
            return None;
        }
        let rules = match contract.get(name)? {
            Json::Text(form) => {
                vec![Rule::Form(form.parse().map_err(|problem: String| contract.refuse(name, problem)).ok()?)]
            }
            Json::Map(_) => rules(&contract.child(name)?.only(&keys(&[]))),
            other => {
                contract
                    .refuse(name, format!("expected a type, a format or a mapping of rules, found {}", kind(other)));
                return None;
            }
        };
        Some(Assertion { selector, expectation: Expectation::One(rules) })
    };
    contract.keys().filter_map(field).collect()
}

/// The expected value at `path`.
///
/// # Errors
/// When the path is not a JSONPath of one node.
pub(crate) fn value(path: &str, expected: &Json) -> Result<Assertion, String> {
    let selector = self::path(path)?;
    if !selector.is_singular() {
        return Err("may select several values; use `assert` with `all:` or `any:`".to_owned());
    }
    let rule = Rule::Equals(expected.clone(), Tolerance::default());
    Ok(Assertion { selector, expectation: Expectation::One(vec![rule]) })
}

/// How near a number must be.
pub(crate) fn tolerance(fields: &Fields<'_>) -> Tolerance {
    let limit = |key: &str| {
        let limit: Option<Decimal> = fields.parsed(key);
        if limit.as_ref().is_some_and(Decimal::is_negative) {
            fields.refuse(key, "a tolerance is not negative");
        }
        limit
    };
    let places = |key: &str, least| fields.whole(key, least..=1000).and_then(|places| u16::try_from(places).ok());
    Tolerance {
        abs: limit("abs"),
        rel: limit("rel"),
        decimals: places("decimals", 0),
        significant: places("sig", 1),
        ulp: fields.whole("ulp", 0..=1 << 52),
    }
}

fn singular(selector: &Selector, fields: &Fields<'_>) -> bool {
    if !selector.is_singular() {
        fields.refuse_all(format!("`{}` may select several values: say `all:` or `any:`", selector.text()));
    }
    selector.is_singular()
}

/// Every rule in a mapping; what is wrong is noted.
fn rules(fields: &Fields<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    rules.extend(equals(fields));
    rules.extend(sorted(fields));
    rules.extend(fields.text("exact_text").map(Rule::Written));
    rules.extend(range(fields));
    let form = |key: &str, of: fn(&str) -> Result<Form, String>| {
        let form = of(&fields.text(key)?).map_err(|problem| fields.refuse(key, problem));
        form.ok().map(Rule::Form)
    };
    rules.extend(form("type", Form::of_type));
    rules.extend(form("format", Form::of_format));
    rules.extend(pattern(fields));
    rules.extend(one_of(fields));
    let age: Option<Length> = fields.parsed("max_age");
    // A time from the future is never fresh; without a limit of its own, clocks may differ by five minutes.
    let skew: Option<Length> = fields.parsed("max_future_skew").or(age.map(|_| Length::from_millis(300_000)));
    rules.extend(skew.map(|_| Rule::Fresh(age, skew)));
    rules
}

/// `equals` and `unordered`, which a tolerance belongs to.
fn equals(fields: &Fields<'_>) -> Vec<Rule> {
    let tolerance = tolerance(fields);
    let mut rules = Vec::new();
    let compared: Vec<(&str, &Json)> =
        ["equals", "unordered"].into_iter().filter_map(|key| Some((key, fields.get(key)?))).collect();
    if compared.is_empty() && TOLERANCE.iter().any(|key| fields.has(key)) {
        fields.refuse_all("a tolerance belongs to `equals` or `unordered`");
    }
    for (key, expected) in compared {
        if !tolerance.is_exact() && !has_number(expected) {
            fields.refuse(key, format!("a tolerance is for numbers, and this is {}", kind(expected)));
        }
        match (key, expected) {
            ("equals", expected) => rules.push(Rule::Equals(expected.clone(), tolerance.clone())),
            (_, Json::List(items)) if items.len() <= arrays::MOST_ITEMS => {
                rules.push(Rule::Unordered(items.clone(), tolerance.clone()));
            }
            _ => fields.refuse(key, format!("expected a list of at most {} items", arrays::MOST_ITEMS)),
        }
    }
    rules
}

fn sorted(fields: &Fields<'_>) -> Option<Rule> {
    let by = selector(fields, "sorted_by");
    if !fields.has("sorted") {
        if fields.has("sorted_by") {
            fields.refuse("sorted_by", "`sorted_by` belongs to `sorted`");
        }
        return None;
    }
    if by.as_ref().is_some_and(|by| !by.is_singular()) {
        fields.refuse("sorted_by", "may select several values of an item");
    }
    Some(Rule::Sorted(fields.parsed("sorted")?, by.map(Box::new)))
}

/// Whether there is a number in it, which a tolerance can be for.
pub(crate) fn has_number(value: &Json) -> bool {
    match value {
        Json::Number(_) => true,
        Json::List(items) => items.iter().any(has_number),
        Json::Map(members) => members.iter().any(|(_, value)| has_number(value)),
        _ => false,
    }
}

fn range(fields: &Fields<'_>) -> Option<Rule> {
    let (mut low, mut high): (Option<Decimal>, Option<Decimal>) = (fields.parsed("min"), fields.parsed("max"));
    if let Some(borders) = fields.get("between") {
        let border = |value: &Json| match value {
            Json::Number(text) | Json::Text(text) => text.parse::<Decimal>().ok(),
            _ => None,
        };
        match borders {
            Json::List(pair) if pair.len() == 2 && low.is_none() && high.is_none() => {
                (low, high) = (border(&pair[0]), border(&pair[1]));
            }
            _ => {}
        }
        if low.is_none() || high.is_none() {
            fields.refuse("between", "expected two numbers, [low, high], and neither `min` nor `max` beside it");
            return None;
        }
    }
    if let (Some(low), Some(high)) = (&low, &high)
        && low > high
    {
        fields.refuse_all(format!("the range is empty: {low} is above {high}"));
    }
    (low.is_some() || high.is_some()).then_some(Rule::Between(low, high))
}

fn pattern(fields: &Fields<'_>) -> Option<Rule> {
    let text = fields.text("matches")?;
    // The engine takes linear time whatever the pattern; the limit bounds the memory of a hostile one.
    match regex::RegexBuilder::new(&text).size_limit(1 << 20).build() {
        Ok(pattern) => Some(Rule::Matches(pattern)),
        Err(error) => {
            let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            fields.refuse("matches", format!("`{text}` is not a pattern: {reason}"));
            None
        }
    }
}

fn one_of(fields: &Fields<'_>) -> Option<Rule> {
    match fields.get("one_of")? {
        Json::List(allowed) if !allowed.is_empty() => Some(Rule::OneOf(allowed.clone())),
        _ => {
            fields.refuse("one_of", "expected a list of at least one value");
            None
        }
    }
}
