//! From the text of `guardrails.yml` to a [`Plan`], or to everything that is wrong with it.

use super::{
    Duty, Guardrail, LARGEST_FILE, Parameter, Plan, Problem, Share, SourceSettings,
    locate::Step,
    parameters::{Parameters, is_name},
    rules::{self, Context},
    section::{Reader, Section, scalar},
    sources, window,
};
use serde_yaml::Value;
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

const KEYS: [&str; 6] = ["version", "parameters", "window", "false_rollback_budget", "sources", "guardrails"];

/// Reads a guardrail file.
///
/// # Errors
/// Every [`Problem`] of the file, in the order of its lines.
pub fn parse(text: &str, parameters: &[Parameter]) -> Result<Plan, Vec<Problem>> {
    let document = load(text).map_err(|problem| vec![problem])?;
    let mut reader = Reader { text, parameters: Parameters::new(parameters), problems: RefCell::default() };
    defaults(&mut reader, &document);
    let plan = Section::open(&reader, Vec::new(), &document).and_then(|top| plan(&reader, &top.only(&KEYS)));
    let mut problems = reader.problems.take();
    // A problem noted twice on the way is told once.
    problems.sort_by(|a, b| (a.line, &a.place).cmp(&(b.line, &b.place)));
    problems.dedup();
    match plan {
        Some(plan) if problems.is_empty() => Ok(Plan { unused_parameters: reader.parameters.unused(), ..plan }),
        _ => Err(problems),
    }
}

fn load(text: &str) -> Result<Value, Problem> {
    let whole = |text: String| Problem { line: None, place: String::new(), text };
    if text.len() > LARGEST_FILE {
        return Err(whole(format!("the file is larger than {LARGEST_FILE} bytes")));
    }
    serde_yaml::from_str(text).map_err(|error| Problem {
        line: error.location().map(|location| location.line()),
        ..whole(format!("not YAML: {error}"))
    })
}

/// The file's own `parameters`: single values used where the run gives none.
fn defaults(reader: &mut Reader<'_>, document: &Value) {
    let mut found = Vec::new();
    if let Some(value) = document.get("parameters").filter(|v| !v.is_null()) {
        let Some(section) = Section::open(reader, vec![Step::Key("parameters".into())], value) else { return };
        for name in section.keys() {
            match section.value(&name).map(scalar) {
                Some(Some(text)) if is_name(&name) => found.push((name, text)),
                _ => section
                    .refuse(&name, "a parameter is a name (a letter, then letters, digits, _ or -) and one value"),
            }
        }
    }
    for (name, value) in found {
        reader.parameters.set_default(&name, value);
    }
}

fn plan<'a>(reader: &'a Reader<'a>, top: &Section<'a>) -> Option<Plan> {
    if top.demand("version", "1").and_then(|()| top.text("version")).is_some_and(|version| version != "1") {
        top.refuse("version", "only version 1 is known");
    }
    let sources = all_sources(top);
    let window = top.demand("window", "{ watch: 5m }").and_then(|()| window::read(&top.child("window")?, &sources));
    let guardrails = all_guardrails(reader, top, &Context { sources: &sources, window });
    Some(Plan {
        window: window?,
        false_rollback_budget: budget(top)?,
        sources,
        guardrails,
        unused_parameters: Vec::new(),
    })
}

fn budget(top: &Section<'_>) -> Option<Share> {
    if !top.has("false_rollback_budget") {
        return "1%".parse().ok();
    }
    let budget = top.parsed::<Share>("false_rollback_budget")?;
    if (0.000_001..=0.5).contains(&budget.as_f64()) {
        return Some(budget);
    }
    top.refuse("false_rollback_budget", format!("{budget} is not between 0.0001 % and 50 %"));
    None
}

fn all_sources(top: &Section<'_>) -> BTreeMap<String, SourceSettings> {
    let section = top.demand("sources", "{ alb: { type: cloudwatch } }").and_then(|()| top.child("sources"));
    let Some(section) = section else { return BTreeMap::new() };
    let named = |name: String| {
        if !section.has(&name) {
            section.refuse(&name, "the source is empty; write its `type`");
        }
        let source = sources::read(&section.child(&name)?)?;
        Some((name, source))
    };
    section.keys().into_iter().filter_map(named).collect()
}

fn all_guardrails<'a>(reader: &'a Reader<'a>, top: &Section<'a>, context: &Context<'_>) -> Vec<Guardrail> {
    if top.demand("guardrails", "[{ name: errors, … }]").is_none() {
        return Vec::new();
    }
    let Some(Value::Sequence(items)) = top.value("guardrails") else {
        top.refuse("guardrails", "expected a list of guardrails");
        return Vec::new();
    };
    let one = |(index, item)| {
        let path = vec![Step::Key("guardrails".into()), Step::Index(index)];
        rules::read(&Section::open(reader, path, item)?, context)
    };
    let found: Vec<Guardrail> = items.iter().enumerate().filter_map(one).collect();
    if found.len() == items.len() && !found.iter().any(|g| g.duty == Duty::Required) {
        top.refuse(
            "guardrails",
            "none is required, so nothing could ever stop the release; take `required: false` off one",
        );
    }
    let mut names = BTreeSet::new();
    for (index, guardrail) in found.iter().enumerate() {
        if !names.insert(&guardrail.name) {
            let path = [Step::Key("guardrails".into()), Step::Index(index)];
            reader.refuse(&path, format!("a second guardrail is called `{}`", guardrail.name));
        }
    }
    found
}
