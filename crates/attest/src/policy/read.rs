//! Reading a policy: YAML, strictly, with every problem and its line at once.

use super::{
    Policy,
    model::{Approvals, Join, Place, Requirement, Selection, Set, Signer, Which},
    path::Path,
    term::{Operand, Term, Test},
};
use crate::{Identity, PublicKey, predicate};
use document::{Fields, Json, Problem, kind};
use jiff::{SignedDuration, Timestamp};
use regex::{Regex, RegexBuilder};
use serde_json::Value;
use std::{fmt, str::FromStr};
use subject::Digest;

/// How far another clock may be ahead of ours, where the policy does not say.
const SKEW: Span = Span(SignedDuration::from_mins(5));

/// What a regular expression may compile to, in bytes.
const LARGEST_REGEX: usize = 256 << 10;

/// More statements of one kind are not asked for.
const MOST: u64 = 1000;

/// The comparisons, by their words.
const TESTS: [&str; 12] = [
    "equals",
    "not-equals",
    "one-of",
    "none-of",
    "at-least",
    "at-most",
    "above",
    "below",
    "starts-with",
    "contains",
    "matches",
    "present",
];

/// The keys of a selection; requirements and approvals have more.
const SELECTION: [&str; 9] =
    ["predicate", "signed-by", "signatures", "witnessed", "max-age", "min-age", "time", "when", "must"];

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines. A policy that asks for nothing is wrong: it would
    /// allow everything.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        document::read(text, |fields| policy(fields.clone(), Digest::of(text.as_bytes())))
    }
}

fn policy(fields: Fields<'_>, digest: Digest) -> Option<Policy> {
    let fields =
        fields.only(&["version", "name", "signers", "clock-skew", "require", "approvals", "joins", "revocations"]);
    fields.version_one();
    fields.demand("name", "promote-to-production");
    let signers = signers(&fields);
    let requirements = requirements(&fields, &signers);
    let names: Vec<String> = requirements.iter().map(|requirement| requirement.name.clone()).collect();
    let approvals = fields.child("approvals").map(|it| approvals(&it, &signers, &names));
    let there = Names { requirements: &names, approvals: approvals.is_some() };
    let joins = fields.mappings("joins").into_iter().map(|it| join(&it, there)).collect::<Vec<_>>();
    let revokers = match fields.child("revocations").map(|it| it.only(&["signed-by"])) {
        Some(it) => signed_by(&it, &signers)?,
        None => (0..signers.len()).collect(),
    };
    let asks = requirements.iter().any(|requirement| requirement.min > 0) || approvals.is_some();
    if !asks {
        fields.refuse_all("it requires nothing, so it would allow everything; add a requirement or approvals");
    }
    Some(Policy {
        name: fields.text("name")?,
        digest,
        signers,
        skew: fields.parsed::<Span>("clock-skew").unwrap_or(SKEW).0,
        requirements,
        approvals: approvals.flatten(),
        joins: joins.into_iter().collect::<Option<_>>()?,
        revokers,
    })
}

fn signers(fields: &Fields<'_>) -> Vec<Signer> {
    fields.demand("signers", "{build: {key: \"SHA256:…\"}}");
    let Some(all) = fields.child("signers") else { return Vec::new() };
    let signers: Vec<Signer> = all.keys().filter_map(|name| signer(&all.child(name)?, &all, name)).collect();
    if all.keys().next().is_none() {
        fields.refuse("signers", "names nobody, so nothing could be believed");
    }
    signers
}

fn signer(fields: &Fields<'_>, all: &Fields<'_>, name: &str) -> Option<Signer> {
    let fields = fields.clone().only(&["key", "public-key", "identity", "issuer", "not-before", "not-after"]);
    is_name(all, name);
    let (key_id, key, identity) = known_by(&fields)?;
    let (not_before, not_after) = (fields.parsed::<Timestamp>("not-before"), fields.parsed::<Timestamp>("not-after"));
    if not_before.zip(not_after).is_some_and(|(start, end)| end <= start) {
        fields.refuse("not-after", "is not after `not-before`");
    }
    Some(Signer { name: name.to_owned(), key_id, key, identity, not_before, not_after })
}

/// What a signer's signatures are known by: a fingerprint, a key, or an identity with its issuer.
fn known_by(fields: &Fields<'_>) -> Option<(String, Option<PublicKey>, Option<Identity>)> {
    let given: Vec<&str> = ["key", "public-key", "identity"].into_iter().filter(|key| fields.has(key)).collect();
    if fields.has("issuer") && given != ["identity"] {
        fields.refuse("issuer", "belongs to an `identity`");
    }
    match given.as_slice() {
        ["key"] => Some((fingerprint(fields, &fields.text("key")?)?, None, None)),
        ["public-key"] => {
            let key = PublicKey::from_pem(&fields.text("public-key")?);
            let key = key.map_err(|error| fields.refuse("public-key", error.to_string())).ok()?;
            Some((key.key_id().to_owned(), Some(key), None))
        }
        ["identity"] => {
            fields.demand("issuer", "https://token.actions.githubusercontent.com");
            let identity = Identity { subject: fields.text("identity")?, issuer: fields.text("issuer")? };
            Some((identity.name(), None, Some(identity)))
        }
        _ => {
            let needed =
                "needs one of `key`, a fingerprint, `public-key`, the key itself, and `identity` with its `issuer`";
            fields.refuse_all(needed);
            None
        }
    }
}

/// `SHA256:` and 43 characters of base64, as `ssh-keygen -l` shows it.
fn fingerprint(fields: &Fields<'_>, id: &str) -> Option<String> {
    let digest = id.strip_prefix("SHA256:").unwrap_or_default();
    let base64 = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    if digest.len() == 43 && digest.bytes().all(base64) {
        return Some(id.to_owned());
    }
    fields
        .refuse("key", "is not a fingerprint: `SHA256:` and 43 characters, as the log of a signing step names the key");
    None
}

fn requirements(fields: &Fields<'_>, signers: &[Signer]) -> Vec<Requirement> {
    let Some(all) = fields.child("require") else { return Vec::new() };
    all.keys().filter_map(|name| requirement(&all.child(name)?, &all, (name, signers))).collect()
}

fn requirement(fields: &Fields<'_>, all: &Fields<'_>, (name, signers): (&str, &[Signer])) -> Option<Requirement> {
    let fields = fields.clone().only(&[&SELECTION[..], &["which", "count", "ran-in"]].concat());
    is_name(all, name);
    if name == "approvals" || name == "revocations" {
        all.refuse(name, "is the name of a part of every policy; choose another");
    }
    let ran_in = fields.child("ran-in");
    let which = match fields.text("which").as_deref() {
        None if ran_in.is_some() => Which::Latest,
        None | Some("all") => Which::All,
        Some("latest") => Which::Latest,
        Some("any") => Which::Any,
        Some(other) => {
            fields.refuse("which", format!("`{other}` is none of all, latest, any"));
            Which::All
        }
    };
    let mut selection = selection(&fields, signers, if ran_in.is_some() { Some(predicate::DEPLOYMENT) } else { None })?;
    if let Some(environment) = ran_in {
        deployed_in(&environment, &mut selection);
    }
    let (min, max) = match fields.child("count").map(|it| it.only(&["min", "max"])) {
        Some(count) => (count.whole("min", 0..=MOST).unwrap_or(1), count.whole("max", 1..=MOST)),
        None => (1, None),
    };
    if max.is_some_and(|max| max < min) {
        fields.refuse("count", "its `max` is below its `min`");
    }
    if which == Which::Latest && min > 1 {
        fields.refuse("count", "`which: latest` is one statement; more than one cannot be required of it");
    }
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    Some(Requirement { name: name.to_owned(), selection, which, min: number(min), max: max.map(number) })
}

/// `ran-in: {kind: …, name: …}`: the newest deployment there put the subject in place, in at least one task.
fn deployed_in(environment: &Fields<'_>, selection: &mut Selection) {
    for member in environment.keys() {
        let Some(wanted) = environment.text(member) else { continue };
        let field = Path::Pointer(format!("/environment/{}", member.replace('~', "~0").replace('/', "~1")));
        selection.when.push(Term { field, tests: vec![Test::Equals(Operand::Value(Value::String(wanted)))] });
    }
    environment.demand("name", "app-staging");
    let term = |field: &str, test| Term { field: Path::Pointer(field.to_owned()), tests: vec![test] };
    selection.must.push(term("/verdict", Test::Equals(Operand::Value("deployed".into()))));
    selection.must.push(term("/verifiedTasks", Test::AtLeast(Operand::Value(1.into()))));
}

fn selection(fields: &Fields<'_>, signers: &[Signer], kind: Option<&str>) -> Option<Selection> {
    let kinds = match kind {
        Some(kind) if !fields.has("predicate") => vec![kind.to_owned()],
        Some(_) => {
            fields.refuse("predicate", "is already said by this part of the policy; leave it out");
            return None;
        }
        None => kinds(fields)?,
    };
    let span = |key| fields.parsed::<Span>(key).map(|span| span.0);
    let signed_by = signed_by(fields, signers)?;
    let signatures = fields.whole("signatures", 1..=16).and_then(|count| usize::try_from(count).ok()).unwrap_or(1);
    if signatures > signed_by.len() {
        fields.refuse("signatures", format!("more than the {} signers named could ever make", signed_by.len()));
    }
    let (max_age, min_age) = (span("max-age"), span("min-age"));
    if max_age.zip(min_age).is_some_and(|(most, least)| most < least) {
        fields.refuse("min-age", "is above `max-age`");
    }
    let terms = |key| fields.mappings(key).iter().filter_map(term).collect();
    Some(Selection {
        kinds,
        signed_by,
        signatures,
        witnessed: fields.yes_no("witnessed").unwrap_or(false),
        max_age,
        min_age,
        time: fields.parsed("time"),
        when: terms("when"),
        must: terms("must"),
    })
}

/// The predicate types: a URI or a short name, or a list of them.
fn kinds(fields: &Fields<'_>) -> Option<Vec<String>> {
    fields.demand("predicate", "slsa-provenance")?;
    let words = texts(fields, "predicate")?;
    let full = |word: &String| match word.as_str() {
        "sbom" => vec![predicate::CYCLONEDX.to_owned(), predicate::SPDX.to_owned()],
        uri if uri.contains("://") => vec![uri.to_owned()],
        alias => match predicate::ALIASES.iter().find(|(name, _)| *name == alias) {
            Some((_, uri)) => vec![(*uri).to_owned()],
            None => {
                let known: Vec<&str> = predicate::ALIASES.iter().map(|(name, _)| *name).collect();
                fields.refuse("predicate", format!("`{alias}` is neither a URI nor one of sbom, {}", known.join(", ")));
                vec![]
            }
        },
    };
    Some(words.iter().flat_map(full).collect())
}

/// The signers named, as places; all of them where there is only one.
fn signed_by(fields: &Fields<'_>, signers: &[Signer]) -> Option<Vec<usize>> {
    if !fields.has("signed-by") && signers.len() == 1 {
        return Some(vec![0]);
    }
    fields.demand("signed-by", "[build]")?;
    let names = texts(fields, "signed-by")?;
    let place = |name: &String| {
        let place = signers.iter().position(|signer| signer.name == *name);
        if place.is_none() {
            fields.refuse("signed-by", format!("`{name}` is not one of the policy's signers"));
        }
        place
    };
    let mut places: Vec<usize> = names.iter().filter_map(place).collect();
    places.sort_unstable();
    places.dedup();
    Some(places)
}

fn term(fields: &Fields<'_>) -> Option<Term> {
    let fields = fields.clone().only(&[&["field"], &TESTS[..]].concat());
    fields.demand("field", "/result");
    let tests: Vec<Test> = fields.keys().filter(|key| *key != "field").filter_map(|key| test(&fields, key)).collect();
    if fields.keys().all(|key| key == "field") {
        fields.refuse_all(format!("says nothing of the field; known are {}", TESTS.join(", ")));
    }
    Some(Term { field: fields.parsed("field")?, tests })
}

fn test(fields: &Fields<'_>, key: &str) -> Option<Test> {
    let operand = || operand(fields, key);
    Some(match key {
        "equals" => Test::Equals(operand()?),
        "not-equals" => Test::NotEquals(operand()?),
        "one-of" => Test::OneOf(listed(fields, key)?),
        "none-of" => Test::NoneOf(listed(fields, key)?),
        "at-least" => Test::AtLeast(ordered(fields, key)?),
        "at-most" => Test::AtMost(ordered(fields, key)?),
        "above" => Test::Above(ordered(fields, key)?),
        "below" => Test::Below(ordered(fields, key)?),
        "starts-with" => Test::StartsWith(operand()?),
        "contains" => Test::Contains(operand()?),
        "matches" => Test::Matches(regex(fields, key, Ends::Whole)?),
        "present" => Test::Present(fields.yes_no(key)?),
        _ => return None,
    })
}

/// What is compared with: a value, or `{context: /pointer}`.
fn operand(fields: &Fields<'_>, key: &str) -> Option<Operand> {
    match fields.get(key)? {
        Json::Map(_) => {
            let place = fields.child(key)?.only(&["context"]);
            place.demand("context", "/environment");
            Some(Operand::Context(place.parsed("context")?))
        }
        value => Some(Operand::Value(value.to_value())),
    }
}

fn listed(fields: &Fields<'_>, key: &str) -> Option<Operand> {
    let operand = operand(fields, key)?;
    match &operand {
        Operand::Value(Value::Array(items)) if !items.is_empty() => Some(operand),
        Operand::Value(_) => {
            fields.refuse(key, "expected a list with something in it");
            None
        }
        Operand::Context(_) => Some(operand),
    }
}

fn ordered(fields: &Fields<'_>, key: &str) -> Option<Operand> {
    let operand = operand(fields, key)?;
    let has_order = match &operand {
        Operand::Value(Value::String(text)) => predicate::parse_moment(text).is_some(),
        Operand::Value(value) => value.is_number(),
        Operand::Context(_) => true,
    };
    if !has_order {
        fields.refuse(key, "expected a number or a time such as 2026-01-31T12:00:00Z");
    }
    has_order.then_some(operand)
}

/// What a regular expression has to match.
enum Ends {
    /// The whole text.
    Whole,
    /// Any part of it.
    Open,
}

fn regex(fields: &Fields<'_>, key: &str, ends: Ends) -> Option<Regex> {
    let text = fields.text(key)?;
    let pattern = match ends {
        Ends::Whole => format!(r"\A(?:{text})\z"),
        Ends::Open => text,
    };
    let built = RegexBuilder::new(&pattern).size_limit(LARGEST_REGEX).build();
    built.map_err(|error| fields.refuse(key, format!("not a regular expression: {error}"))).ok()
}

fn approvals(fields: &Fields<'_>, signers: &[Signer], names: &[String]) -> Option<Approvals> {
    let fields = fields.clone().only(&[&SELECTION[..], &["at-least", "approvers", "authors"]].concat());
    fields.demand("authors", "[{of: provenance, field: /…}], or [] where authors may approve");
    let there = Names { requirements: names, approvals: false };
    let authors = fields.mappings("authors").iter().map(|it| place(it, there)).collect::<Option<Vec<_>>>();
    let min = fields.whole("at-least", 1..=MOST).unwrap_or(1);
    let approvers = fields.has("approvers").then(|| texts(&fields, "approvers")).flatten();
    if approvers.as_ref().is_some_and(|ids| (ids.len() as u64) < min) {
        fields.refuse("approvers", format!("are fewer than the {min} that must approve"));
    }
    Some(Approvals {
        selection: selection(&fields, signers, Some(predicate::APPROVAL))?,
        min: usize::try_from(min).unwrap_or(usize::MAX),
        approvers,
        authors: authors?,
    })
}

/// What a place can be in.
#[derive(Clone, Copy)]
struct Names<'a> {
    requirements: &'a [String],
    approvals: bool,
}

fn join(fields: &Fields<'_>, names: Names<'_>) -> Option<Join> {
    let fields = fields.clone().only(&["name", "equal"]);
    fields.demand("name", "one run");
    let equal: Option<Vec<_>> = fields.mappings("equal").iter().map(|it| place(it, names)).collect();
    if equal.as_ref().is_some_and(|places| places.len() < 2) {
        fields.refuse_all("needs at least two places in `equal`");
    }
    Some(Join { name: fields.text("name")?, equal: equal? })
}

fn place(fields: &Fields<'_>, names: Names<'_>) -> Option<Place> {
    let fields = fields.clone().only(&["of", "field", "capture", "context"]);
    if fields.has("context") && !fields.has("of") && !fields.has("field") {
        return Some(Place::Context(fields.parsed("context")?));
    }
    fields.demand("of", "provenance");
    fields.demand("field", "/run/id");
    let of = fields.text("of")?;
    let set = match names.requirements.iter().position(|name| *name == of) {
        Some(place) => Some(Set::Requirement(place)),
        None if of == "approvals" && names.approvals => Some(Set::Approvals),
        None => {
            fields.refuse("of", format!("`{of}` is not one of the policy's requirements"));
            None
        }
    };
    let capture = match fields.has("capture") {
        true => Some(regex(&fields, "capture", Ends::Open)?),
        false => None,
    };
    if capture.as_ref().is_some_and(|regex| regex.captures_len() < 2) {
        fields.refuse("capture", "has no group; put the part to compare in parentheses");
    }
    Some(Place::Statement { of: set?, field: fields.parsed("field")?, capture })
}

/// One text or a list of texts; an empty list is refused.
fn texts(fields: &Fields<'_>, key: &str) -> Option<Vec<String>> {
    let Json::List(items) = fields.get(key)? else { return Some(vec![fields.text(key)?]) };
    let mut texts = Vec::new();
    for item in items {
        match item {
            Json::Text(text) | Json::Number(text) => texts.push(text.clone()),
            other => fields.refuse(key, format!("expected texts, found {}", kind(other))),
        }
    }
    if items.is_empty() {
        fields.refuse(key, "names nothing");
    }
    Some(texts)
}

fn is_name(fields: &Fields<'_>, name: &str) {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(allowed) {
        fields.refuse(name, "a name has 1 to 64 lowercase letters, digits and `-`");
    }
}

/// `30d`, `24h`, `90m`, `45s`.
struct Span(SignedDuration);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError(text.to_owned());
        let split = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        let number: i64 = number.parse().ok().filter(|it| (0..=36_500).contains(it)).ok_or_else(wrong)?;
        Ok(Self(SignedDuration::from_secs(number * seconds)))
    }
}

/// Not a span of time.
struct SpanError(String);

impl fmt::Display for SpanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a span of time; write 30d, 24h, 90m or 45s", crate::reason::shorten(&self.0))
    }
}
