//! A score as a table of the step summary. Pure.

use super::Score;
use github::Summary;

/// Components named in one row.
const SHOWN: usize = 3;

/// The table of a score.
#[must_use]
pub fn table(summary: Summary, score: &Score) -> Summary {
    let percent =
        |value: Option<usize>| value.map_or("not in this format".to_owned(), |percent| format!("{percent} %"));
    let rows = score.elements.iter().map(|element| {
        let mut failing = element.failing.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        let lacking = element.missing + element.withheld;
        if lacking > SHOWN {
            failing.push_str(&format!(" and {} more", lacking - SHOWN));
        }
        let counts =
            [element.stated, element.unknown, element.withheld, element.missing].map(|count| count.to_string());
        [vec![element.element.to_owned(), percent(element.percent)], counts.to_vec(), vec![failing]].concat()
    });
    summary
        .heading(&format!("Minimum elements: {}", score.profile))
        .paragraph(&format!("{} % over {} components", score.percent, score.components))
        .table(&["element", "met", "stated", "said to be unknown", "withheld", "missing", "lacking in"], rows)
}
