//! What the checks came to, and how it changes a report. Pure.

use github::{Annotation, Exit, Report, Summary};
use serde::Serialize;
use serde_json::Value;

/// The outcome of all checks.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Tables of the step summary.
    pub summary: Summary,
    /// Outputs.
    pub outputs: Vec<(&'static str, String)>,
    /// Parts of the JSON report.
    pub parts: Vec<(&'static str, Value)>,
    /// What a person should see.
    pub annotations: Vec<Annotation>,
    /// Why the answer is no.
    pub refusals: Vec<String>,
    /// What could not be found out.
    pub unknown: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// Refusals that are annotated one by one; the headline counts them all.
const MOST_ANNOTATIONS: usize = 10;

impl Checked {
    /// Adds tables.
    pub fn show(&mut self, tables: impl FnOnce(Summary) -> Summary) {
        self.summary = tables(std::mem::take(&mut self.summary));
    }

    /// Sets an output.
    pub fn output(&mut self, name: &'static str, value: impl ToString) {
        self.outputs.push((name, value.to_string()));
    }

    /// Adds a part to the JSON report.
    pub fn part(&mut self, name: &'static str, value: &impl Serialize) {
        self.parts.push((name, serde_json::to_value(value).unwrap_or_default()));
    }

    /// Says no, or only tells.
    pub fn finding(&mut self, refuses: Weight, text: String) {
        match refuses {
            Weight::Refuses => self.refusals.push(text),
            Weight::Told => self.annotations.push(Annotation::warning(text)),
        }
    }

    /// The report with all this. A "no" outweighs what could not be found out, and both outweigh a "yes".
    #[must_use]
    pub fn onto(self, mut report: Report) -> Report {
        let (refused, unknown) = (self.refusals.len(), self.unknown.len());
        let headline = report.headline().to_owned();
        if refused > 0 {
            let first = self.refusals.first().cloned().unwrap_or_default();
            let more = if refused > 1 { format!(" (and {} more)", refused - 1) } else { String::new() };
            report = report.instead(Exit::Refused, "refused", format!("refused: {first}{more}; {headline}"));
        } else if unknown > 0 && report.exit() == Exit::Done {
            report = report.instead(Exit::Unknown, "inconclusive", format!("{}; {headline}", self.unknown.join("; ")));
        }
        for text in self.refusals.into_iter().skip(1).take(MOST_ANNOTATIONS) {
            report = report.annotate(Annotation::error(text));
        }
        for annotation in self.annotations.into_iter().take(MOST_ANNOTATIONS) {
            report = report.annotate(annotation);
        }
        for help in self.help {
            report = report.help(help);
        }
        for (name, value) in self.outputs {
            report = report.output(name, value);
        }
        for (name, value) in self.parts {
            report = report.part(name, value);
        }
        report.also(self.summary)
    }
}

/// Whether a finding is a "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It is.
    Refuses,
    /// It is only told.
    Told,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report::new(Exit::Done, "complete", "75 components").document(&serde_json::json!({"components": 75}))
    }

    #[test]
    fn a_no_outweighs_what_is_unknown_and_both_outweigh_a_yes() {
        let mut checked = Checked::default();
        checked.finding(Weight::Told, "only told".to_owned());
        assert_eq!(checked.clone().onto(report()).exit(), Exit::Done);
        checked.unknown.push("nothing to compare with".to_owned());
        let unknown = checked.clone().onto(report());
        assert_eq!((unknown.exit(), unknown.verdict()), (Exit::Unknown, "inconclusive"));
        checked.finding(Weight::Refuses, "GPL".to_owned());
        checked.finding(Weight::Refuses, "AGPL".to_owned());
        let refused = checked.onto(report());
        assert_eq!((refused.exit(), refused.headline()), (Exit::Refused, "refused: GPL (and 1 more); 75 components"));
    }
}
