//! Ratios of counters in PromQL.

/// The selectors of both counters in `sum(rate(a[1m])) / sum(rate(b[1m]))`, whatever is around them; `None` for anything
/// more than sums of rates of plain selectors.
pub(super) fn ratio(query: &str) -> Option<(String, String)> {
    let at = top_level(query, '/')?;
    Some((counter(&query[..at])?, counter(&query[at + 1..])?))
}

/// The place of `wanted` outside of brackets and quotes; `None` where there is none, or more than one.
fn top_level(query: &str, wanted: char) -> Option<usize> {
    let (mut depth, mut quote, mut found) = (0_i32, None, None);
    for (at, c) in query.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '{' | '[') => depth += 1,
            (None, ')' | '}' | ']') => depth -= 1,
            (None, c) if c == wanted && depth == 0 => {
                if found.is_some() {
                    return None;
                }
                found = Some(at);
            }
            _ => {}
        }
    }
    found
}

/// The selector inside `sum(`, `rate(`, `irate(` and `increase(`.
fn counter(text: &str) -> Option<String> {
    let mut inner = text.trim();
    let mut counted = false;
    loop {
        let function = ["sum", "irate", "rate", "increase", ""].into_iter().find(|name| {
            let rest = inner.strip_prefix(name).unwrap_or("").trim_start();
            rest.starts_with('(') && rest.ends_with(')')
        });
        let Some(function) = function else { break };
        counted |= function.ends_with("ate") || function == "increase";
        let rest = inner[function.len()..].trim();
        inner = rest.strip_prefix('(')?.strip_suffix(')')?.trim();
    }
    let selector =
        inner.strip_suffix(']').and_then(|text| text.rsplit_once('[')).map(|(selector, _)| selector.trim())?;
    let name_ends = selector.find('{').unwrap_or(selector.len());
    let plain = selector[..name_ends].chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let whole = name_ends == selector.len() || selector.ends_with('}');
    (counted && plain && whole && name_ends > 0).then(|| selector.split_whitespace().collect::<Vec<_>>().join(" "))
}
