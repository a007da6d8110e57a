//! The policy's file: YAML, strict keys, every problem with its line.

use super::{Development, Entry, Exception, Policy, Unknown, Until};
use document::{Fields, Json, Problem};

const KEYS: [&str; 6] = ["version", "allow", "deny", "unknown", "development", "exceptions"];
const EXCEPTION: [&str; 4] = ["component", "licence", "reason", "expires"];

/// Reads a policy.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(text: &str) -> Result<Policy, Vec<Problem>> {
    document::read(text, |fields| {
        let fields = fields.clone().only(&KEYS);
        fields.version_one();
        let (allow, deny) = (entries(&fields, "allow"), entries(&fields, "deny"));
        if !fields.has("allow") && !fields.has("deny") {
            fields.refuse_all("neither `allow` nor `deny` is given; for example `allow: [MIT, Apache-2.0]`");
        }
        if let Some(both) = allow.iter().find(|entry| deny.contains(entry)) {
            fields.refuse("deny", format!("`{}` is allowed and denied", both.text()));
        }
        let unknown =
            word(&fields, "unknown", &[("deny", Unknown::Deny), ("allow", Unknown::Allow), ("warn", Unknown::Warn)]);
        let development = word(&fields, "development", &[("check", Development::Check), ("skip", Development::Skip)]);
        let exceptions = fields.mappings("exceptions").into_iter().enumerate();
        let exceptions =
            exceptions.filter_map(|(index, fields)| exception(&fields.only(&EXCEPTION), text, index)).collect();
        Some(Policy { allow, deny, unknown: unknown?, development: development?, exceptions })
    })
}

/// The first of the words is what a missing key means.
fn word<T: Copy>(fields: &Fields<'_>, key: &str, words: &[(&str, T)]) -> Option<T> {
    if !fields.has(key) {
        return words.first().map(|(_, value)| *value);
    }
    let text = fields.text(key)?;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        fields.refuse(key, format!("`{}` is none of {}", document::shorten(&text), known.join(", ")));
    }
    found
}

fn entries(fields: &Fields<'_>, key: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    match fields.get(key) {
        None => {}
        Some(Json::List(items)) => {
            for item in items {
                match item {
                    Json::Text(text) => match text.parse() {
                        Ok(entry) => entries.push(entry),
                        Err(problem) => fields.refuse(key, format!("`{}` {problem}", document::shorten(text))),
                    },
                    other => fields.refuse(key, format!("expected licences, found {}", document::kind(other))),
                }
            }
        }
        Some(other) => fields.refuse(key, format!("expected a list of licences, found {}", document::kind(other))),
    }
    entries
}

fn exception(fields: &Fields<'_>, text: &str, index: usize) -> Option<Exception> {
    fields.demand("component", "pkg:npm/left-pad@1.*");
    fields.demand("reason", "\"bought, contract 4711\"");
    fields.demand("expires", "2027-01-31");
    let component = fields.text("component").filter(|component| {
        let purl = component.starts_with("pkg:");
        if !purl {
            fields.refuse("component", "is no pattern of a purl: write `pkg:npm/left-pad@*`");
        }
        purl
    });
    let reason = fields.text("reason").filter(|reason| {
        let said = !reason.trim().is_empty();
        if !said {
            fields.refuse("reason", "is empty: say why, for whoever reads it in a year");
        }
        said
    });
    let until = fields.text("expires").and_then(|expires| match expires.as_str() {
        "never" => Some(Until::Never),
        day => match day.parse() {
            Ok(day) => Some(Until::Day(day)),
            Err(_) => {
                fields.refuse(
                    "expires",
                    format!("`{}` is no day such as 2027-01-31, nor `never`", document::shorten(day)),
                );
                None
            }
        },
    });
    let licence = if fields.has("licence") { Some(fields.parsed("licence")?) } else { None };
    Some(Exception { component: component?, licence, reason: reason?, until: until?, line: line_of(text, index) })
}

/// The line of the list's entry, counted from 1, where each begins with its own `- `.
fn line_of(text: &str, index: usize) -> Option<usize> {
    let mut lines = text.lines().enumerate().skip_while(|(_, line)| !line.starts_with("exceptions:")).skip(1);
    let mut indent = None;
    let mut begun = 0;
    lines.find_map(|(number, line)| {
        let inside = line.trim_start();
        let depth = line.len() - inside.len();
        let starts = inside.starts_with("- ") && *indent.get_or_insert(depth) == depth;
        begun += usize::from(starts);
        (starts && begun == index + 1).then_some(number + 1)
    })
}
