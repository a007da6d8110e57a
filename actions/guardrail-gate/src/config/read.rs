//! From the text of `guardrails.yml` to a [`Plan`], or to everything that is wrong with it.

use super::{
    Duty, Guardrail, Plan, Share, SourceSettings,
    rules::{self, Context},
    sources, window,
};
use document::{Fields, Filling, Json, Parameter, Problem};
use std::collections::{BTreeMap, BTreeSet};

const KEYS: [&str; 6] = ["version", "parameters", "window", "false_rollback_budget", "sources", "guardrails"];

/// Keys whose texts are PromQL or JSONPath, or pieces of them.
const QUERIES: [&str; 7] = ["counter", "query", "histogram", "selector", "rows", "bad", "value"];

/// Reads a guardrail file.
///
/// # Errors
/// Every [`Problem`] of the file, in the order of its lines.
pub fn parse(text: &str, given: &[Parameter]) -> Result<Plan, Vec<Problem>> {
    let filling = Filling { given, queries: &QUERIES };
    let (plan, unused_parameters) = document::read_filled(text, filling, |top| plan(&top.clone().only(&KEYS)))?;
    Ok(Plan { unused_parameters, ..plan })
}

fn plan(top: &Fields<'_>) -> Option<Plan> {
    top.version_one();
    let sources = all_sources(top);
    let window = top.demand("window", "{ watch: 5m }").and_then(|_| window::read(&top.child("window")?, &sources));
    let guardrails = all_guardrails(top, &Context { sources: &sources, window });
    Some(Plan {
        window: window?,
        false_rollback_budget: budget(top)?,
        sources,
        guardrails,
        unused_parameters: Vec::new(),
    })
}

fn budget(top: &Fields<'_>) -> Option<Share> {
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

fn all_sources(top: &Fields<'_>) -> BTreeMap<String, SourceSettings> {
    let section = top.demand("sources", "{ alb: { type: cloudwatch } }").and_then(|_| top.child("sources"));
    let Some(section) = section else { return BTreeMap::new() };
    let named = |name: &str| Some((name.to_owned(), sources::read(&section.child(name)?)?));
    section.keys().filter_map(named).collect()
}

fn all_guardrails(top: &Fields<'_>, context: &Context<'_>) -> Vec<Guardrail> {
    let Some(Json::List(items)) = top.demand("guardrails", "[{ name: errors, … }]") else {
        // Anything else than a list is refused there.
        let _ = top.mappings("guardrails");
        return Vec::new();
    };
    let mut names = BTreeSet::new();
    let one = |section: Fields<'_>| {
        let guardrail = rules::read(&section, context)?;
        if !names.insert(guardrail.name.clone()) {
            section.refuse_all(format!("a second guardrail is called `{}`", guardrail.name));
        }
        Some(guardrail)
    };
    let found: Vec<Guardrail> = top.mappings("guardrails").into_iter().filter_map(one).collect();
    if found.len() == items.len() && !found.iter().any(|g| g.duty == Duty::Required) {
        top.refuse(
            "guardrails",
            "none is required, so nothing could ever stop the release; take `required: false` off one",
        );
    }
    found
}
