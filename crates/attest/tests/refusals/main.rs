//! One thing is spoilt in a release that the policy allows, and the answer is no, with the very word for it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod claims;
mod envelopes;
mod files;
mod policies;
#[path = "../support/mod.rs"]
mod support;

use attest::Reason;
use std::collections::BTreeSet;
use support::Release;

/// Where the word has to stand.
#[derive(Debug, Clone, Copy)]
enum At {
    /// Beside the piece of evidence of this name.
    Piece(&'static str),
    /// Beside the part of the policy of this name.
    Part(&'static str),
}
use At::{Part, Piece};

/// What was spoilt, how, and the word for it.
type Row = (&'static str, fn(&mut Release), At, Reason);

#[test]
fn each_spoilt_release_is_refused_with_its_own_word() {
    let rows = [
        envelopes::ENVELOPES,
        envelopes::SIGNATURES,
        claims::STATEMENTS,
        claims::WEIGHTS,
        claims::VALUES,
        policies::PARTS,
        policies::PEOPLE,
    ]
    .concat();
    assert!(rows.len() >= 60, "{} rows", rows.len());
    let names: BTreeSet<&str> = rows.iter().map(|row| row.0).collect();
    assert_eq!(names.len(), rows.len(), "every row has a name of its own");
    for (name, spoil, at, reason) in &rows {
        let mut release = Release::good();
        spoil(&mut release);
        let verdict = release.judge();
        assert!(!verdict.allowed(), "{name} is allowed");
        let words: Vec<Reason> = match at {
            Piece(piece) => {
                let account = verdict.accounts().iter().find(|account| account.source == *piece).unwrap();
                account.rejections.iter().map(|(_, rejection)| rejection.reason()).collect()
            }
            Part(part) => verdict.refusals().filter(|(it, _)| it == part).map(|(_, it)| it.reason()).collect(),
        };
        assert_eq!(words, [*reason], "{name}: {:#?}", verdict.why());
        let json = verdict.to_json();
        assert_eq!(json["allowed"], false, "{name}");
        assert!(json.to_string().contains(&format!(r#""code":"{}""#, reason.code())), "{name}: {json:#}");
    }
    let known: BTreeSet<Reason> = rows.iter().map(|row| row.3).collect();
    let untested: Vec<_> = Reason::ALL.iter().filter(|reason| !known.contains(reason)).collect();
    // What carries a statement is read by the registry's client, and tested there; certificates in `keyless`.
    let elsewhere = [Reason::Unreadable, Reason::UntrustedCertificate, Reason::WrongIdentity, Reason::BadWitness];
    assert_eq!(untested, elsewhere.iter().collect::<Vec<_>>());
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
