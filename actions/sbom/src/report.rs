//! What is said about the result: log line, outputs, step summary, JSON. Pure.

use crate::outputs::Format;
use crate::{
    apply::Receipt,
    decide::{Verdict, found},
    graph::{Component, FindingKind, Graph, Knowledge, Licence, Origin, Remark, RootKind, Scope},
};
use github::{Alert, Annotation, Exit, Report, Summary};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};
use subject::Digest;

/// What the report is about.
pub struct Told<'a> {
    /// What was described, in words.
    pub subject: &'a str,
    /// The components.
    pub graph: &'a Graph,
    /// What they are worth.
    pub verdict: Verdict,
    /// The image's digest.
    pub digest: Option<Digest>,
    /// The document's timestamp.
    pub timestamp: Option<jiff::Timestamp>,
}

/// The machine-readable report.
#[derive(Debug, Serialize)]
struct Document<'a> {
    subject: &'a str,
    verdict: &'static str,
    digest: Option<Digest>,
    components: usize,
    ecosystems: BTreeMap<&'static str, usize>,
    licences: BTreeMap<String, usize>,
    sources: BTreeMap<&'a str, usize>,
    remarks: Vec<String>,
    files: Vec<File>,
    snapshot_id: Option<u64>,
    referrer: Option<Digest>,
}

/// A file that was written.
#[derive(Debug, Serialize)]
struct File {
    format: &'static str,
    path: String,
    bytes: usize,
}

impl File {
    fn of((format, path, bytes): &(Format, PathBuf, usize)) -> Self {
        Self { format: format.name(), path: path.display().to_string(), bytes: *bytes }
    }
}

/// The report; without a receipt nothing was written.
#[must_use]
pub fn report(told: &Told<'_>, receipt: Option<&Receipt>) -> Report {
    let counts = Counts::of(told.graph);
    let mut report = Report::new(told.verdict.exit(), told.verdict.word(), headline(told, &counts))
        .output("components", told.graph.components.len())
        .summary(summary(told, &counts, receipt))
        .document(&document(told, &counts, receipt));
    if let Some(digest) = told.digest {
        report = report.output("digest", digest);
    }
    if let Some(receipt) = receipt {
        let paths: Vec<String> = receipt.files.iter().map(|(_, path, _)| path.display().to_string()).collect();
        report = report.output("sbom-path", paths.first().map_or("", String::as_str));
        report = report.output("sbom-paths", paths.join("\n"));
        if let Some(submitted) = &receipt.submitted {
            report = report.output("snapshot-id", submitted.id);
        }
        if let Some(referrer) = receipt.referrer {
            report = report.output("referrer", referrer);
        }
        let vex: Vec<String> = receipt.vex.iter().map(ToString::to_string).collect();
        report = report.output("vex-referrers", vex.join(" "));
    }
    for annotation in annotations(told) {
        report = report.annotate(annotation);
    }
    let help = match told.verdict {
        Verdict::Broken => {
            "repair the file with the tool that writes it; a file that is not the project's own can be left out with `exclude`"
        }
        Verdict::NotUnderstood => {
            "leave the file out with `exclude`, or accept an incomplete bill of materials with `strict: false`"
        }
        _ => return report,
    };
    let report = report.state(state(told.graph)).help(help);
    match unread(told.graph).next() {
        Some(first) => report.at(&first.path, first.line.unwrap_or(1)),
        None => report,
    }
}

/// The files that list packages and were not understood.
fn unread(graph: &Graph) -> impl Iterator<Item = &Remark> {
    graph.remarks.iter().filter(|remark| remark.kind.is_unread())
}

/// What became of the rest when a file was not understood.
fn state(graph: &Graph) -> String {
    match graph.components.len() {
        count if found(graph) => {
            format!("the other {count} components are listed, marked incomplete, and nothing was attached")
        }
        _ => "nothing was written, for nothing else was found".to_owned(),
    }
}

/// GitHub shows ten annotations of a kind per step.
const MOST_ANNOTATIONS: usize = 10;

/// Each file that was not understood, at its line, the first of them only where no error tells of it already; of what the
/// sources leave open the first.
fn annotations(told: &Told<'_>) -> Vec<Annotation> {
    let remarks = &told.graph.remarks;
    let fails = told.verdict.exit() != Exit::Done;
    let unread = unread(told.graph).take(MOST_ANNOTATIONS).skip(usize::from(fails)).map(|remark| {
        let text = if fails { Annotation::error(line(remark)) } else { Annotation::warning(line(remark)) };
        text.title("not understood").file(&remark.path, remark.line.unwrap_or(1))
    });
    let mut open = remarks.iter().filter(|remark| remark.kind == FindingKind::Partial);
    let first = open.next().map(|first| {
        let more = match open.count() {
            0 => String::new(),
            more => format!(" (and {more} more; see the step summary)"),
        };
        Annotation::warning(format!("{}{more}", line(first))).title("the bill of materials is incomplete")
    });
    unread.chain(first).collect()
}

fn headline(told: &Told<'_>, counts: &Counts<'_>) -> String {
    let subject = told.subject;
    match told.verdict {
        Verdict::Inconclusive => {
            format!("no package found in {subject}: nothing was written; if that is right, say `allow-empty: true`")
        }
        Verdict::Broken | Verdict::NotUnderstood => {
            let first = unread(told.graph).next().map(line).unwrap_or_default();
            let more = match unread(told.graph).count() {
                0 | 1 => String::new(),
                more => format!(" (and {} more)", more - 1),
            };
            format!("failed to understand {subject}: {first}{more}")
        }
        Verdict::Empty => format!("no package found in {subject}, as `allow-empty` expects"),
        Verdict::Complete | Verdict::Incomplete => {
            let kinds: Vec<_> = counts.ecosystems.iter().map(|(name, count)| format!("{count} {name}")).collect();
            let missing = if told.verdict == Verdict::Incomplete { "; incomplete, see the remarks" } else { "" };
            format!("{} components in {subject} ({}){missing}", told.graph.components.len(), kinds.join(", "))
        }
    }
}

/// What is counted, most frequent first where it is shown.
struct Counts<'a> {
    ecosystems: BTreeMap<&'static str, usize>,
    licences: BTreeMap<String, usize>,
    sources: BTreeMap<&'a str, usize>,
    development: usize,
    unversioned: usize,
}

impl<'a> Counts<'a> {
    fn of(graph: &'a Graph) -> Self {
        let (mut ecosystems, mut licences, mut sources) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (mut development, mut unversioned) = (0, 0);
        for component in graph.components.values() {
            *ecosystems.entry(component.ecosystem.name()).or_insert(0) += 1;
            for name in licence_names(component) {
                *licences.entry(name).or_insert(0) += 1;
            }
            for path in component.found.iter().map(|(place, _)| place.source()).collect::<BTreeSet<_>>() {
                *sources.entry(path).or_insert(0) += 1;
            }
            development += usize::from(component.package.scope == Scope::Development);
            unversioned += usize::from(component.package.version.is_none());
        }
        Self { ecosystems, licences, sources, development, unversioned }
    }
}

fn licence_names(component: &Component) -> Vec<String> {
    let package = &component.package;
    if package.licences.is_empty() {
        let own = matches!(package.origin, Origin::Own | Origin::System);
        return if own { Vec::new() } else { vec!["not stated".to_owned()] };
    }
    let name = |licence: &Licence| match licence {
        Licence::Id(text) | Licence::Expression(text) | Licence::Named(text) => text.clone(),
    };
    package.licences.iter().map(name).collect()
}

fn summary(told: &Told<'_>, counts: &Counts<'_>, receipt: Option<&Receipt>) -> Summary {
    let mut summary = Summary::new().paragraph(&format!("Subject: `{}`", told.subject));
    if told.verdict == Verdict::Inconclusive {
        let text =
            "No package was found. Either there is none, or this is the wrong source: nothing was written or attached.";
        summary = summary.alert(Alert::Caution, text);
    }
    summary = summary
        .heading("Components")
        .table(&["ecosystem", "components"], rows(&counts.ecosystems))
        .heading("Where they were found")
        .table(&["file", "components"], rows(&counts.sources))
        .heading("Licences");
    if let Some(chart) = chart(&rows(&counts.licences)) {
        summary = summary.mermaid(&chart);
    }
    summary = summary.table(&["licence", "components"], rows(&counts.licences).into_iter().take(25));
    summary = uncovered(summary, told, counts);
    if let Some(receipt) = receipt {
        let referrer = receipt.referrer.map_or("not attached".to_owned(), |digest| format!("`{digest}`"));
        let files = receipt.files.iter().map(|(format, path, bytes)| {
            vec![format.name().to_owned(), format!("`{}` ({})", path.display(), size(*bytes))]
        });
        let submitted = receipt.submitted.iter().map(|submitted| {
            vec!["dependency graph".to_owned(), format!("snapshot {}: {}", submitted.id, submitted.message)]
        });
        summary = summary.heading("Result").table(
            &["what", "where"],
            files.chain(submitted).chain([
                vec!["signed statement".to_owned(), referrer],
                vec![
                    "timestamp".to_owned(),
                    told.timestamp.map_or("none: set `SOURCE_DATE_EPOCH` for one".into(), |t| t.to_string()),
                ],
            ]),
        );
    }
    summary
}

/// Slices of a chart: more could not be told apart.
const SLICES: usize = 8;

/// The licences as a pie of mermaid, the rarer ones together; none for a single licence. Names are foreign text: what could
/// mean something to mermaid is left out of them.
fn chart(rows: &[Vec<String>]) -> Option<String> {
    let slices: Vec<(String, usize)> = rows
        .iter()
        .filter_map(|row| {
            let safe = |c: char| c.is_ascii_alphanumeric() || " .+-()/".contains(c);
            let name: String = row.first()?.chars().filter(|c| safe(*c)).take(40).collect();
            Some((name, row.get(1)?.parse().ok()?))
        })
        .collect();
    let (shown, rest) = slices.split_at(if slices.len() > SLICES { SLICES - 1 } else { slices.len() });
    let others = rest.iter().map(|(_, count)| count).sum::<usize>();
    let last = (others > 0).then(|| (format!("{} others", rest.len()), others));
    let lines: Vec<String> =
        shown.iter().chain(last.as_ref()).map(|(name, count)| format!("    \"{name}\" : {count}")).collect();
    (slices.len() > 1).then(|| format!("pie showData\n    title Components by licence\n{}", lines.join("\n")))
}

/// What the document does not know, said before somebody relies on it.
fn uncovered(summary: Summary, told: &Told<'_>, counts: &Counts<'_>) -> Summary {
    let unknown = |wanted: Knowledge| {
        told.graph.components.values().filter(|component| component.package.needs_known == wanted).count()
    };
    let mut facts = Vec::new();
    let mut say = |count: usize, text: &str| {
        if count > 0 {
            facts.push(vec![count.to_string(), text.to_owned()]);
        }
    };
    say(unknown(Knowledge::Unknown), "components whose dependencies the source does not record");
    say(unknown(Knowledge::Incomplete), "components with a dependency that was not found");
    say(counts.unversioned, "components without an exact version");
    say(counts.licences.get("not stated").copied().unwrap_or(0), "components whose licence the source does not state");
    say(counts.development, "components for development only (scope `excluded`)");
    let mut summary = summary;
    if !facts.is_empty() {
        summary = summary.heading("What is not known").table(&["count", "what"], facts);
    }
    if told.graph.root.kind == RootKind::Container {
        summary = summary.paragraph("Files that no package manager put into the image are not listed.");
    }
    if told.graph.remarks.is_empty() {
        return summary;
    }
    let remarks = told.graph.remarks.iter().map(|remark| vec![place(remark), remark.text.clone()]);
    summary.heading("Remarks").table(&["where", "what"], remarks)
}

/// A number of bytes as a person reads it.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Most frequent first, then by name.
fn rows<K: AsRef<str>>(counts: &BTreeMap<K, usize>) -> Vec<Vec<String>> {
    ranked(counts.iter().map(|(name, count)| (name.as_ref(), *count)).collect())
}

fn ranked(mut counts: Vec<(&str, usize)>) -> Vec<Vec<String>> {
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts.into_iter().map(|(name, count)| vec![name.to_owned(), count.to_string()]).collect()
}

fn place(remark: &Remark) -> String {
    match remark.line {
        Some(line) => format!("`{}:{line}`", remark.path),
        None => format!("`{}`", remark.path),
    }
}

fn line(remark: &Remark) -> String {
    format!("{}: {}", place(remark), remark.text)
}

fn document<'a>(told: &Told<'a>, counts: &Counts<'a>, receipt: Option<&Receipt>) -> Document<'a> {
    Document {
        subject: told.subject,
        verdict: told.verdict.word(),
        digest: told.digest,
        components: told.graph.components.len(),
        ecosystems: counts.ecosystems.clone(),
        licences: counts.licences.clone(),
        sources: counts.sources.clone(),
        remarks: told.graph.remarks.iter().map(line).collect(),
        files: receipt.map_or(Vec::new(), |receipt| receipt.files.iter().map(File::of).collect()),
        snapshot_id: receipt.and_then(|receipt| Some(receipt.submitted.as_ref()?.id)),
        referrer: receipt.and_then(|receipt| receipt.referrer),
    }
}

#[cfg(test)]
mod tests {
    use super::chart;

    fn rows(names: &[&str]) -> Vec<Vec<String>> {
        names.iter().enumerate().map(|(index, name)| vec![(*name).to_owned(), (100 - index).to_string()]).collect()
    }

    #[test]
    fn a_chart_has_the_most_frequent_licences_and_the_rest_together() {
        let many = rows(&["MIT", "a", "b", "c", "d", "e", "f", "g", "h"]);
        let chart_of_many = chart(&many).unwrap();
        assert!(chart_of_many.starts_with("pie showData\n"), "{chart_of_many}");
        assert!(
            chart_of_many.contains("\"MIT\" : 100") && chart_of_many.ends_with("\"2 others\" : 185"),
            "{chart_of_many}"
        );
        assert_eq!(chart(&many[..8]).unwrap().lines().count(), 10);
        assert_eq!(chart(&many[..1]), None);
    }

    #[test]
    fn a_name_cannot_leave_its_label() {
        let hostile = chart(&rows(&["x\" : 1\n%%{init: {}}%%\n\"y", "MIT"])).unwrap();
        assert_eq!(hostile.lines().count(), 4, "{hostile}");
        assert!(!hostile.contains("%%"), "{hostile}");
    }
}
