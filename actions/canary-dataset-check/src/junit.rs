//! The results as JUnit XML, in the form CI systems read: one suite of the probes, one of the cases. Pure.

use crate::{
    assertion::Mismatch,
    observe::{Asked, CaseVerdict, Observed, ProbeState},
};
use jiff::Timestamp;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use std::{io, time::Duration};

/// The report's bytes. `dataset` is the path under which people find the cases.
///
/// # Errors
/// Never in practice: it is written to memory.
pub fn write(observed: &Observed, dataset: &str, started: Timestamp) -> io::Result<Vec<u8>> {
    let probes: Vec<Test<'_>> = observed.probes.iter().chain(&observed.running_version).map(Test::probe).collect();
    let cases: Vec<Test<'_>> =
        observed.results.iter().flat_map(|results| &results.asked).map(|asked| Test::case(asked, dataset)).collect();
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = Totals::of(probes.iter().chain(&cases));
    xml.write_event(Event::Start(all.element("testsuites", "canary-dataset-check")))?;
    for (name, tests) in [("probes", &probes), (dataset, &cases)] {
        let mut suite = Totals::of(tests.iter()).element("testsuite", name);
        suite.push_attribute(("timestamp", format!("{:.0}", started).trim_end_matches('Z')));
        suite.push_attribute(("skipped", "0"));
        xml.write_event(Event::Start(suite))?;
        for test in tests {
            test.write(&mut xml)?;
        }
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    took: Duration,
}

impl Totals {
    fn of<'a>(tests: impl Iterator<Item = &'a Test<'a>>) -> Self {
        let mut totals = Self { tests: 0, failures: 0, errors: 0, took: Duration::ZERO };
        for test in tests {
            totals.tests += 1;
            totals.took += test.took;
            match &test.problem {
                Some(Problem { element: "failure", .. }) => totals.failures += 1,
                Some(_) => totals.errors += 1,
                None => {}
            }
        }
        totals
    }

    fn element(&self, element: &'static str, name: &str) -> BytesStart<'static> {
        let mut start = BytesStart::new(element);
        start.push_attribute(("name", clean(name).as_str()));
        start.push_attribute(("tests", self.tests.to_string().as_str()));
        start.push_attribute(("failures", self.failures.to_string().as_str()));
        start.push_attribute(("errors", self.errors.to_string().as_str()));
        start.push_attribute(("time", seconds(self.took).as_str()));
        start
    }
}

struct Test<'a> {
    name: &'a str,
    class: &'a str,
    place: Option<(&'a str, usize)>,
    took: Duration,
    problem: Option<Problem>,
}

/// `failure` for what is wrong, `error` for what could not be found out.
struct Problem {
    element: &'static str,
    kind: &'static str,
    message: String,
    text: String,
}

impl<'a> Test<'a> {
    fn probe(probe: &'a crate::observe::ProbeResult) -> Self {
        let problem =
            |element, kind, reason: &String| Problem { element, kind, message: reason.clone(), text: probe.line() };
        let problem = match &probe.state {
            ProbeState::Good => None,
            ProbeState::Bad(reason) => Some(problem("failure", "wrong", reason)),
            ProbeState::Silent(reason) => Some(problem("error", "unanswered", reason)),
        };
        Self { name: &probe.name, class: "probes", place: None, took: probe.took, problem }
    }

    fn case(asked: &'a Asked, dataset: &'a str) -> Self {
        let element = match asked.verdict {
            CaseVerdict::Passed => None,
            CaseVerdict::Failed | CaseVerdict::Flaky => Some("failure"),
            CaseVerdict::Unanswered => Some("error"),
        };
        let problem = element.map(|element| Problem {
            element,
            kind: asked.verdict.word(),
            message: asked.mismatches.first().map(line).unwrap_or_else(|| asked.verdict.word().to_owned()),
            text: asked.mismatches.iter().map(line).collect::<Vec<_>>().join("\n"),
        });
        Self { name: &asked.id, class: dataset, place: Some((dataset, asked.line)), took: asked.took, problem }
    }

    fn write(&self, xml: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let mut case = BytesStart::new("testcase");
        case.push_attribute(("name", clean(self.name).as_str()));
        case.push_attribute(("classname", clean(self.class).as_str()));
        case.push_attribute(("time", seconds(self.took).as_str()));
        if let Some((file, line)) = self.place {
            case.push_attribute(("file", clean(file).as_str()));
            case.push_attribute(("line", line.to_string().as_str()));
        }
        let Some(problem) = &self.problem else { return xml.write_event(Event::Empty(case)) };
        xml.write_event(Event::Start(case))?;
        let mut element = BytesStart::new(problem.element);
        element.push_attribute(("type", problem.kind));
        element.push_attribute(("message", clean(&problem.message).as_str()));
        xml.write_event(Event::Start(element))?;
        xml.write_event(Event::Text(BytesText::new(&clean(&problem.text))))?;
        xml.write_event(Event::End(BytesEnd::new(problem.element)))?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))
    }
}

fn line(mismatch: &Mismatch) -> String {
    format!("{}: expected {}, seen {}", mismatch.path, mismatch.expected, mismatch.seen)
}

fn seconds(took: Duration) -> String {
    format!("{:.3}", took.as_secs_f64())
}

/// Characters that XML 1.0 cannot hold, even escaped, replaced: an answer may contain any.
fn clean(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if allowed(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
