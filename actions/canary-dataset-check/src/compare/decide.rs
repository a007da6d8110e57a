//! What the pairs prove.

use super::{Compared, Comparison};
use crate::load::Findings;

/// Judges the pairs.
///
/// A release is worse when more cases went from right to wrong than the other way round, beyond chance: McNemar's test, exact
/// (the binomial with one half over the cases that changed sides). Cases that were wrong before and are wrong now say nothing.
#[must_use]
pub fn decide(comparison: &Comparison, compared: &Compared) -> Findings {
    let mut findings = Findings::default();
    let Compared { pairs, missing, changed, worse, better, .. } = *compared;
    if pairs == 0 || missing > 0 {
        findings.unknown.push(format!("baseline: {missing} of {} cases were not answered by both", pairs + missing));
    }
    let chance = stats::binomial::chance_of_at_least(worse, worse + better, 0.5);
    let text = format!(
        "baseline: {worse} of {pairs} cases are wrong now and were right, {better} the other way round (chance {chance:.4})"
    );
    if worse > 0 && chance <= comparison.alpha {
        findings.wrong.push(text);
    } else if pairs > 0 {
        findings.right.push(text);
    }
    if let Some(allowed) = comparison.max_changed {
        let text = format!("baseline: {changed} of {pairs} answers differ; allowed: {allowed}");
        let exceeded = allowed.exceeded_by(changed, pairs);
        if exceeded { findings.wrong.push(text) } else { findings.right.push(text) }
    }
    let Some(drift) = &comparison.drift else { return findings };
    let moved: Vec<_> = compared.columns.iter().map(|column| column.moved(drift.method)).collect();
    for column in moved.iter().filter(|column| column.distance.is_none()) {
        findings.unknown.push(format!("drift: {} has too few numbers to tell", column.path));
    }
    let drifted: Vec<String> = moved
        .iter()
        .filter(|column| column.drifted)
        .map(|column| {
            format!("{} ({:.3}, at most {:.3})", column.path, column.distance.unwrap_or_default(), column.limit)
        })
        .collect();
    let text = format!("drift: {} of {} columns moved: {}", drifted.len(), moved.len(), drifted.join(", "));
    match drift.max_drifted.exceeded_by(drifted.len() as u64, moved.len() as u64) {
        true => findings.wrong.push(text),
        false if !drifted.is_empty() => findings.right.push(text),
        false => {}
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Drift, Method};

    fn comparison() -> Comparison {
        Comparison { max_changed: Some("2%".parse().unwrap()), alpha: 0.01, drift: None }
    }

    fn counts(compared: &Compared) -> (usize, usize) {
        let findings = decide(&comparison(), compared);
        (findings.wrong.len(), findings.unknown.len())
    }

    #[test]
    fn the_rules() {
        let compared = |worse, better| Compared { pairs: 50, worse, better, ..Compared::default() };
        // 2^-7 = 0.0078: seven of seven prove it at 1 %, six of six do not, however many are wrong on both sides.
        assert_eq!(counts(&compared(7, 0)), (1, 0));
        assert_eq!(counts(&compared(6, 0)), (0, 0));
        assert_eq!(counts(&compared(7, 7)), (0, 0));
        assert_eq!(counts(&compared(0, 20)), (0, 0));
        assert_eq!(counts(&Compared { changed: 1, ..compared(0, 0) }), (0, 0));
        assert_eq!(counts(&Compared { changed: 2, ..compared(0, 0) }), (1, 0));
        assert_eq!(counts(&Compared { missing: 1, ..compared(0, 0) }), (0, 1));
        assert_eq!(counts(&Compared::default()), (0, 1), "nothing compared is nothing known");
    }

    #[test]
    fn a_column_without_numbers_is_not_known_to_have_stayed() {
        let drift =
            Drift { columns: vec!["$.x".to_owned()], method: Method::Ks(0.1), max_drifted: "0".parse().unwrap() };
        let comparison = Comparison { drift: Some(drift), ..comparison() };
        let compared = Compared { pairs: 9, ..Compared::new(comparison.drift.as_ref(), 1) };
        assert_eq!(decide(&comparison, &compared).unknown, ["drift: $.x has too few numbers to tell"]);
    }
}
