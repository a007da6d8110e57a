//! What is asked of answers beside each other, and of their age.

use crate::{
    assertion::selector,
    compare::{Comparison, Drift, Method},
    staleness::Staleness,
};
use document::{Decimal, Fields, Json};

/// The section `compare`.
pub(super) fn comparison(fields: &Fields<'_>) -> Option<Comparison> {
    let fields = fields.clone().only(&["max_changed", "alpha", "drift"]);
    let alpha = share(&fields, "alpha").unwrap_or(0.01);
    let drift = fields.child("drift").and_then(|fields| drift(&fields));
    Some(Comparison { max_changed: fields.parsed("max_changed"), alpha, drift })
}

/// A percentage between 0 and 50, as a share.
fn share(fields: &Fields<'_>, key: &str) -> Option<f64> {
    let text = fields.text(key)?;
    let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<Decimal>().ok());
    let share = percent.map(|percent| percent.nearest() / 100.0).filter(|share| *share > 0.0 && *share < 0.5);
    if share.is_none() {
        fields.refuse(key, format!("`{text}` is no percentage between 0% and 50%"));
    }
    share
}

fn drift(fields: &Fields<'_>) -> Option<Drift> {
    let fields = fields.clone().only(&["columns", "method", "bins", "max", "max_drifted"]);
    fields.demand("columns", "[$.score]");
    let columns = match fields.get("columns")? {
        Json::List(items) if !items.is_empty() => items,
        _ => {
            fields.refuse("columns", "expected a list of at least one JSONPath");
            return None;
        }
    };
    let path = |item: &Json| match item {
        Json::Text(text) => match crate::assertion::path(text) {
            Ok(_) => Some(text.clone()),
            Err(problem) => {
                fields.refuse("columns", problem);
                None
            }
        },
        other => {
            fields.refuse("columns", format!("expected JSONPaths, found {}", document::kind(other)));
            None
        }
    };
    let columns = columns.iter().filter_map(path).collect();
    let max = fields.parsed::<Decimal>("max").map(|max| max.nearest());
    let bins = fields.whole("bins", 2..=100).and_then(|bins| usize::try_from(bins).ok());
    let method = match fields.text("method").as_deref() {
        None | Some("psi") => Method::Psi(bins.unwrap_or(10), max.unwrap_or(0.2)),
        Some("ks") => Method::Ks(max.unwrap_or(0.1)),
        Some(other) => {
            fields.refuse("method", format!("`{other}` is neither psi nor ks"));
            return None;
        }
    };
    Some(Drift { columns, method, max_drifted: fields.parsed("max_drifted").unwrap_or_default() })
}

/// The section `staleness`.
pub(super) fn staleness(fields: &Fields<'_>) -> Option<Staleness> {
    let fields = fields.clone().only(&["path", "fresh", "blocked", "max_stale", "max_blocked"]);
    for (key, example) in [("path", "$.weather_fetched_at"), ("fresh", "24h"), ("blocked", "48h")] {
        fields.demand(key, example);
    }
    let path = selector(&fields, "path")?;
    if !path.is_singular() {
        fields.refuse("path", "may select several values");
    }
    let (fresh, blocked) = (fields.parsed("fresh")?, fields.parsed("blocked")?);
    if blocked < fresh {
        fields.refuse("blocked", format!("`{blocked}` is shorter than `fresh`"));
    }
    let allowed = |key: &str| fields.parsed(key).unwrap_or_default();
    Some(Staleness { path, fresh, blocked, max_stale: allowed("max_stale"), max_blocked: allowed("max_blocked") })
}
