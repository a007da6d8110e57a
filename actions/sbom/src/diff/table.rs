//! A difference as tables of the step summary. Pure.

use super::{Change, Diff, Direction, Item, Single};
use github::Summary;

/// Rows of one table; the JSON file has all of them.
const MOST_ROWS: usize = 200;

/// The tables of a difference, most alarming first.
#[must_use]
pub fn table(summary: Summary, diff: &Diff, against: &str) -> Summary {
    let counts = [
        ("added", diff.added.len()),
        ("removed", diff.removed.len()),
        ("upgraded", diff.going(Direction::Upgraded).count()),
        ("downgraded", diff.going(Direction::Downgraded).count()),
        ("changed in an unknown direction", diff.going(Direction::Changed).count()),
        ("same version, other bytes", diff.going(Direction::Replaced).count()),
        ("same version, other licence or purpose", diff.going(Direction::Restated).count()),
    ];
    let rows = counts
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| vec![what.to_owned(), count.to_string()]);
    let summary = summary.heading("Compared with another release").paragraph(&format!("Against: `{against}`"));
    if diff.is_empty() {
        return summary.paragraph("Both list the same components.");
    }
    let mut summary = summary.table(&["components", "count"], rows);
    if !diff.new_licences.is_empty() {
        let names: Vec<_> = diff.new_licences.iter().map(|name| format!("`{name}`")).collect();
        summary = summary.paragraph(&format!("Licences that are new: {}", names.join(", ")));
    }
    summary = rows_of(summary, "Changed", &diff.changed, changed);
    summary = rows_of(summary, "Added", &diff.added, listed);
    rows_of(summary, "Removed", &diff.removed, listed)
}

fn rows_of<T>(summary: Summary, title: &str, items: &[T], row: impl Fn(&T) -> Vec<String>) -> Summary {
    if items.is_empty() {
        return summary;
    }
    let columns: &[&str] = match title {
        "Changed" => &["component", "from", "to", "what", "why it is here"],
        _ => &["component", "version", "licence", "why it is here"],
    };
    let table = Summary::new().table(columns, items.iter().take(MOST_ROWS).map(row));
    let table = match items.len().saturating_sub(MOST_ROWS) {
        0 => table,
        more => table.paragraph(&format!("{more} more are in the JSON file.")),
    };
    summary.details(&format!("{title}: {}", items.len()), table)
}

fn changed(change: &Change) -> Vec<String> {
    let word = match change.direction {
        Direction::Downgraded => "downgraded",
        Direction::Replaced => "other bytes",
        Direction::Changed => "changed",
        Direction::Upgraded => "upgraded",
        Direction::Restated => "restated",
    };
    let licence = if change.licences_changed {
        format!("; licence {} → {}", licences(&change.before), licences(&change.after))
    } else {
        String::new()
    };
    let purpose = match (change.before.development, change.after.development) {
        (true, false) => "; now shipped",
        (false, true) => "; now for development only",
        _ => "",
    };
    vec![
        name(&change.package.to_string(), &change.after),
        change.before.version.clone(),
        change.after.version.clone(),
        format!("{word}{licence}{purpose}"),
        why(&change.after),
    ]
}

fn listed(single: &Single) -> Vec<String> {
    let item = &single.item;
    vec![name(&single.package.to_string(), item), item.version.clone(), licences(item), why(item)]
}

fn name(package: &str, item: &Item) -> String {
    let kind = package.split(':').next().unwrap_or_default();
    format!("{} ({kind})", item.name)
}

fn licences(item: &Item) -> String {
    if item.licences.is_empty() {
        return "not stated".to_owned();
    }
    item.licences.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn why(item: &Item) -> String {
    item.why.join(" → ")
}
