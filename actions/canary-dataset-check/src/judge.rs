//! Whether one answer is right. Pure.

use crate::{
    assertion::{Assertion, BLACK, Everywhere, Mismatch, Moment, Scene},
    observe::{Answer, CaseVerdict, Reply},
};
use document::Json;
use std::borrow::Cow;

/// What one answer came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is right.
    Passed,
    /// It is wrong, in these ways; at least one.
    Failed(Vec<Mismatch>),
    /// Nobody answered: why.
    Unanswered(String),
}

/// Judges a reply: the status first, then the body if anything is asserted of it.
#[must_use]
pub fn judge(status: u16, assertions: &[Assertion], everywhere: &Everywhere, reply: &Reply) -> Outcome {
    let one = |path: &str, expected: String, seen: String| Outcome::Failed(vec![Mismatch::new(path, expected, seen)]);
    let answer = match reply {
        Reply::Answer(answer) => answer,
        Reply::Unreachable(reason) => return Outcome::Unanswered(reason.clone()),
        Reply::Late(limit) => return one("answer", format!("within {} ms", limit.as_millis()), "not yet".to_owned()),
        Reply::Redirected => return one("status", status.to_string(), "a redirect, which is not followed".to_owned()),
        Reply::Broken(reason) => return one("body", "a whole answer".to_owned(), reason.clone()),
        Reply::Ended(status, told) => {
            let told = if everywhere.redacted.is_empty() { told.as_str() } else { BLACK };
            let seen = format!("the program ended with {status}: {told}");
            return one("body", "a whole answer".to_owned(), seen);
        }
    };
    if answer.status != status {
        // A body that was not expected has its secrets anywhere.
        let hidden = !everywhere.redacted.is_empty() && !answer.body.is_empty();
        let body = if hidden { BLACK.into() } else { String::from_utf8_lossy(&answer.body) };
        let excerpt = body.split_whitespace().collect::<Vec<_>>().join(" ");
        let seen = if excerpt.is_empty() { answer.status.to_string() } else { format!("{} {excerpt}", answer.status) };
        return one("status", status.to_string(), seen);
    }
    if assertions.is_empty() {
        return Outcome::Passed;
    }
    let body = match answer.json() {
        Ok(json) => json,
        Err(fault) => return one("body", "JSON".to_owned(), fault.to_string()),
    };
    let scene = Scene::new(&body, Moment(answer.at), everywhere);
    let mismatches: Vec<Mismatch> = assertions.iter().flat_map(|assertion| assertion.check(&scene)).collect();
    if mismatches.is_empty() { Outcome::Passed } else { Outcome::Failed(mismatches) }
}

/// Drops what is ignored of an answer, and blackens what must not be shown.
pub fn hide(everywhere: &Everywhere, answer: &Answer, found: &mut Vec<Mismatch>) {
    if found.is_empty() {
        return;
    }
    let body = answer.json().unwrap_or(Cow::Owned(Json::Null));
    Scene::new(&body, Moment(answer.at), everywhere).hide(found);
}

/// What a case came to that was asked several times, with the mismatches of the first wrong answer.
///
/// Right each time is passed, wrong each time is failed, and both is flaky; an answer that never came leaves a case that
/// was otherwise right unanswered.
#[must_use]
pub fn together(outcomes: Vec<Outcome>) -> (CaseVerdict, Vec<Mismatch>) {
    let passed = outcomes.iter().filter(|outcome| **outcome == Outcome::Passed).count();
    let asked = outcomes.len();
    let mut failed = Vec::new();
    let mut unanswered = Vec::new();
    for outcome in outcomes {
        match outcome {
            Outcome::Passed => {}
            Outcome::Failed(mismatches) => failed.push(mismatches),
            Outcome::Unanswered(reason) => unanswered.push(Mismatch::new("answer", "an answer", reason)),
        }
    }
    let wrong = failed.len();
    match (failed.into_iter().next(), unanswered.into_iter().next()) {
        (Some(mut mismatches), _) if passed > 0 => {
            mismatches.push(Mismatch::new(
                "repeats",
                format!("right {asked} of {asked} times"),
                format!("wrong {wrong}, right {passed}"),
            ));
            (CaseVerdict::Flaky, mismatches)
        }
        (Some(mismatches), _) => (CaseVerdict::Failed, mismatches),
        (None, Some(reason)) => (CaseVerdict::Unanswered, vec![reason]),
        (None, None) if passed > 0 => (CaseVerdict::Passed, Vec::new()),
        (None, None) => (CaseVerdict::Unanswered, vec![Mismatch::new("answer", "an answer", "it was never asked")]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn answer(status: u16, body: &str) -> Reply {
        let at = "2026-09-21T06:00:00Z".parse().unwrap();
        Reply::Answer(Answer {
            status,
            head: crate::wire::Head::read(&format!("HTTP/1.1 {status} ")).unwrap(),
            body: body.as_bytes().to_vec(),
            json: None,
            took: Duration::from_millis(1),
            at,
        })
    }

    fn told(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Failed(mismatches) => {
                let told = mismatches.iter().map(|m| format!("{}: {} | {}", m.path, m.expected, m.seen));
                told.collect::<Vec<_>>().join("\n")
            }
            other => format!("{other:?}"),
        }
    }

    fn none() -> Everywhere {
        Everywhere::default()
    }

    #[test]
    fn a_body_that_may_hold_what_must_not_be_shown_is_not_shown() {
        let everywhere = Everywhere { redacted: vec!["$.a".parse().unwrap()], ..none() };
        let told = |reply| told(&judge(200, &one(), &everywhere, &reply));
        assert_eq!(told(answer(500, "{\"a\": 9}")), "status: 200 | 500 [redacted]");
        assert_eq!(told(answer(200, "{\"a\": 9}")), "$.a: [redacted] | [redacted]");
    }

    fn one() -> Vec<Assertion> {
        vec![crate::assertion::value("$.a", &Json::Number("1".to_owned())).unwrap()]
    }

    #[test]
    fn only_the_right_status_with_the_right_body_passes() {
        assert_eq!(judge(200, &one(), &none(), &answer(200, "{\"a\": 1}")), Outcome::Passed);
        assert_eq!(judge(404, &[], &none(), &answer(404, "gone")), Outcome::Passed);
        for (reply, why) in [
            (answer(500, "{\"error\":\n \"x\"}"), "status: 200 | 500 {\"error\": \"x\"}"),
            (answer(200, "{\"a\": 2}"), "$.a: 1 | 2 (off by 1)"),
            (answer(200, "<html>"), "body: JSON | expected a JSON value at byte 0"),
            (answer(200, ""), "body: JSON | the text ends where a JSON value should be at byte 0"),
            (answer(200, "{\"a\": 2, \"a\": 1}"), "body: JSON | duplicate key `a` at byte 9"),
            (answer(204, ""), "status: 200 | 204"),
            (Reply::Late(Duration::from_secs(2)), "answer: within 2000 ms | not yet"),
            (Reply::Redirected, "status: 200 | a redirect, which is not followed"),
            (Reply::Broken("breaks off: eof".to_owned()), "body: a whole answer | breaks off: eof"),
        ] {
            assert_eq!(told(&judge(200, &one(), &none(), &reply)), why);
        }
        let silent = judge(200, &[], &none(), &Reply::Unreachable("connection refused".to_owned()));
        assert_eq!(silent, Outcome::Unanswered("connection refused".to_owned()));
    }

    #[test]
    fn sometimes_right_is_flaky_and_never_passed() {
        let failed = || Outcome::Failed(vec![Mismatch::new("$.a", "1", "2")]);
        let silent = || Outcome::Unanswered("reset".to_owned());
        use CaseVerdict::{Failed, Flaky, Passed, Unanswered};
        for (outcomes, verdict) in [
            (vec![Outcome::Passed, Outcome::Passed], Passed),
            (vec![failed(), failed()], Failed),
            (vec![Outcome::Passed, failed(), Outcome::Passed], Flaky),
            (vec![failed(), silent()], Failed),
            (vec![Outcome::Passed, silent()], Unanswered),
            (vec![Outcome::Passed, silent(), failed()], Flaky),
            (vec![], Unanswered),
        ] {
            assert_eq!(together(outcomes.clone()).0, verdict, "{outcomes:?}");
        }
        let (_, why) = together(vec![failed(), Outcome::Passed, failed()]);
        assert_eq!(why[1], Mismatch::new("repeats", "right 3 of 3 times", "wrong 2, right 1"));
    }

    #[test]
    fn what_a_contract_finds_is_hidden_as_well() {
        let selectors = |path: &str| vec![path.parse().unwrap()];
        let Reply::Answer(answer) = answer(200, "{\"a\": 9}") else { panic!("an answer") };
        let shown = |everywhere: &Everywhere| {
            let mut found = vec![Mismatch::new("$.a", "a text", "9")];
            hide(everywhere, &answer, &mut found);
            found.iter().map(|it| format!("{} | {}", it.expected, it.seen)).collect::<Vec<_>>()
        };
        assert_eq!(shown(&none()), ["a text | 9"]);
        assert_eq!(shown(&Everywhere { redacted: selectors("$.a"), ..none() }), ["[redacted] | [redacted]"]);
        assert!(shown(&Everywhere { ignored: selectors("$.a"), ..none() }).is_empty());
    }
}
