//! Assertions as `canary.yml` and the cases write them.

use super::{Assertion, Expectation, Rule, Selector, format::Form};
use crate::{
    decimal::{Decimal, Tolerance},
    length::Length,
};
use document::{Fields, Json, kind};

const RULES: [&str; 11] =
    ["equals", "abs", "rel", "between", "min", "max", "type", "format", "matches", "one_of", "max_age"];

/// The keys of a mapping of rules, and `more`.
fn keys(more: &[&'static str]) -> Vec<&'static str> {
    RULES.iter().chain(&["max_future_skew"]).chain(more).copied().collect()
}

/// One assertion: a path, and what must hold there. What is wrong with it is noted, and it is `None`.
pub(crate) fn assertion(fields: &Fields<'_>) -> Option<Assertion> {
    let fields = fields.clone().only(&keys(&["path", "present", "absent", "all", "any"]));
    fields.demand("path", "$.days_remaining")?;
    let selector: Selector = fields.parsed("path")?;
    let words: Vec<&str> = ["present", "absent", "all", "any"].into_iter().filter(|key| fields.has(key)).collect();
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
        [word] => {
            let inner = fields.child(word)?.only(&keys(&[]));
            let rules = rules(&inner);
            if rules.is_empty() {
                inner.refuse_all("asserts nothing; say what must hold of the selected values");
                return None;
            }
            if *word == "all" { Expectation::All(rules) } else { Expectation::Any(rules) }
        }
        [_, word, ..] => {
            fields.refuse(word, format!("`{word}` stands alone beside `path`"));
            return None;
        }
    };
    Some(Assertion { selector, expectation })
}

/// The metadata contract: by field name, its type or format, or a mapping of rules. Each field must be there.
pub(crate) fn metadata(contract: &Fields<'_>) -> Vec<Assertion> {
    let field = |name: &str| {
        let mut path = "$".to_owned();
        super::selector::push_name(&mut path, name);
        let text = if name.starts_with('$') { name } else { path.as_str() };
        let selector: Selector = text.parse().map_err(|problem: String| contract.refuse(name, problem)).ok()?;
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

/// The expected value at `path`, near enough by `tolerance`.
///
/// # Errors
/// When the path is not a JSONPath of one node, or a tolerance meets something that is not a number.
pub(crate) fn value(path: &str, expected: &Json, tolerance: Option<&Tolerance>) -> Result<Assertion, String> {
    let selector: Selector = path.parse()?;
    if !selector.is_singular() {
        return Err("may select several values; use `assert` with `all:` or `any:`".to_owned());
    }
    if let (Some(_), false) = (tolerance, has_number(expected)) {
        return Err(format!("canary.yml has a tolerance for it, which is for numbers, and this is {}", kind(expected)));
    }
    let rule = Rule::Equals(expected.clone(), tolerance.cloned().unwrap_or_default());
    Ok(Assertion { selector, expectation: Expectation::One(vec![rule]) })
}

/// `abs` and `rel`, neither of them negative.
pub(crate) fn tolerance(fields: &Fields<'_>) -> Tolerance {
    let limit = |key: &str| {
        let limit: Option<Decimal> = fields.parsed(key);
        if limit.as_ref().is_some_and(Decimal::is_negative) {
            fields.refuse(key, "a tolerance is not negative");
        }
        limit
    };
    Tolerance { abs: limit("abs"), rel: limit("rel") }
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

fn equals(fields: &Fields<'_>) -> Option<Rule> {
    let tolerance = tolerance(fields);
    let Some(expected) = fields.get("equals") else {
        if !tolerance.is_exact() {
            fields.refuse_all("`abs` and `rel` belong to `equals`");
        }
        return None;
    };
    if !tolerance.is_exact() && !has_number(expected) {
        fields.refuse("equals", format!("`abs` and `rel` are for numbers, and this is {}", kind(expected)));
    }
    Some(Rule::Equals(expected.clone(), tolerance))
}

fn has_number(value: &Json) -> bool {
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
