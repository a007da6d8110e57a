//! What holds for every statement: what is signed is believed, and what was changed in any bit is not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod support;

use attest::{Bundle, PublicKey, Reason, Statement, policy::Policy, predicate, verify};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde_json::{Value, json};
use subject::Digest;
use support::{Release, key, revocation};

fn statement(names: &[String], kind: &str, value: f64) -> Statement {
    let subjects = names.iter().map(|name| (name.clone(), Digest::of(name.as_bytes()))).collect();
    Statement::new(subjects, kind, json!({"value": value, "names": names}))
}

fn keys() -> Vec<PublicKey> {
    vec![key("stranger").public(), key("build").public()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_is_believed(names in prop::collection::vec("\\PC{0,12}", 1..6), kind in "\\PC{1,30}", value in any::<f64>()) {
        let statement = statement(&names, &kind, value);
        let key = key("build");
        let bundle = Bundle::seal(&statement, &key).unwrap();
        let read = Bundle::parse(&bundle.to_bytes()).unwrap();
        let verified = verify(&read, &keys()).unwrap();
        prop_assert_eq!(verified.key_id(), key.key_id());
        for name in &names {
            prop_assert_eq!(verified.about(&Digest::of(name.as_bytes())).unwrap(), &statement);
        }
        prop_assert_eq!(verify(&read, &keys()[..1]).unwrap_err().reason(), Reason::WrongKey);
    }

    #[test]
    fn a_bit_flipped_in_payload_payload_type_or_signature_is_a_no(part in 0usize..3, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let release = Release::good();
        let mut bundle: Value = serde_json::from_slice(&release.claims["canary"].bytes()).unwrap();
        let place = ["/dsseEnvelope/payload", "/dsseEnvelope/signatures/0/sig", "/dsseEnvelope/payloadType"][part];
        let member = bundle.pointer_mut(place).unwrap();
        let text = member.as_str().unwrap();
        let mut bytes = if part == 2 { text.as_bytes().to_vec() } else { STANDARD.decode(text).unwrap() };
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        *member = if part == 2 { json!(String::from_utf8_lossy(&bytes)) } else { json!(STANDARD.encode(&bytes)) };
        let read = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        let reason = verify(&read, &[key("gate").public()]).unwrap_err().reason();
        prop_assert_eq!(reason, if part == 2 { Reason::WrongPayloadType } else { Reason::BadSignature });
    }

    #[test]
    fn a_bundle_that_is_cut_off_is_a_no(at in any::<prop::sample::Index>()) {
        let bytes = Release::good().claims["canary"].bytes();
        prop_assert!(Bundle::parse(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn no_policy_text_makes_it_panic(text in "\\PC*", line in any::<prop::sample::Index>(), garbage in "[ -~]{0,12}") {
        prop_assert!(Policy::read(&text).is_err());
        let mut lines: Vec<&str> = support::POLICY.lines().collect();
        let at = line.index(lines.len());
        lines[at] = &garbage;
        let _ = Policy::read(&lines.join("\n"));
        lines.remove(at);
        let _ = Policy::read(&lines.join("\n"));
    }

}

proptest! {
    // Each case judges three releases.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    /// Whatever else is true of a set of statements, a revocation never turns its no into a yes, and neither does what a
    /// stranger adds.
    #[test]
    fn revocations_and_strangers_never_make_a_yes(
        gone in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        spoilt in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4), 0..3),
        revoked in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        whole in any::<bool>(),
    ) {
        let mut release = Release::good();
        let names: Vec<String> = release.claims.keys().cloned().collect();
        for (which, how) in spoilt {
            spoil(&mut release, &names[which.index(names.len())], how);
        }
        for index in gone {
            release.claims.remove(&names[index.index(names.len())]);
        }
        let before = release.judge().allowed();
        let left: Vec<String> = release.claims.keys().cloned().collect();
        if !left.is_empty() {
            let digests: Vec<_> = revoked.iter().map(|it| Digest::of(&release.claims[&left[it.index(left.len())]].statement())).collect();
            release.add("by-a-stranger", "stranger", predicate::REVOCATION, revocation(&[]));
            prop_assert_eq!(release.judge().allowed(), before);
            if whole || !digests.is_empty() {
                release.add("by-security", "security", predicate::REVOCATION, revocation(if whole { &[] } else { &digests }));
                prop_assert!(!release.judge().allowed() || (before && !whole));
            }
        }
    }
}

/// Makes a claim bad, or adds a bad one beside it.
fn spoil(release: &mut Release, name: &str, how: usize) {
    let claim = &release.claims[name];
    let (signer, kind, predicate) = (claim.signer, claim.kind.clone(), claim.predicate.clone());
    match how {
        0 => release.claim(name).signer = "stranger",
        1 => release.claim(name).predicate["result"] = json!("FAILED"),
        2 => release.add(&format!("{name}-again"), signer, &kind, predicate),
        _ => release.add(&format!("{name}-foul"), signer, &kind, json!({})),
    }
}
