//! Signatures with certificates, made by sigstore-js at Sigstore's own mock of its services
//! (`tests/verifiers/keyless_fixture.mjs`): believed as they are, and refused with the right word once a thing is changed.

#![cfg(feature = "keyless")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use attest::{
    Bundle, Identity, Reason, Rejection, SigningKey, Statement, Trust, TrustedRoot, Verified,
    policy::{Piece, Policy, Question},
    predicate, verify, verify_by,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use subject::Digest;

const ROOT: &str = include_str!("keyless/trusted_root.json");
const LOG: &str = include_str!("keyless/log.sigstore.json");
const INTOTO: &str = include_str!("keyless/intoto.sigstore.json");
const STAMP: &str = include_str!("keyless/stamp.sigstore.json");
const BOTH: &str = include_str!("keyless/both.sigstore.json");
const NONE: &str = include_str!("keyless/none.sigstore.json");

fn workflow() -> Identity {
    Identity {
        subject: "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main".into(),
        issuer: "https://token.actions.githubusercontent.com".into(),
    }
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn judge(bundle: &Value, root: &Value, identities: &[Identity]) -> Result<Verified, Rejection> {
    let root = TrustedRoot::read(root.to_string().as_bytes()).unwrap();
    let bundle = Bundle::parse(bundle.to_string().as_bytes())?;
    verify_by(&bundle, &Trust { keys: &[], certificates: Some((&root, identities)) })
}

fn reason(bundle: &Value, root: &Value) -> Reason {
    judge(bundle, root, &[workflow()]).unwrap_err().reason()
}

/// A document with one member changed.
fn with(mut document: Value, pointer: &str, change: impl FnOnce(&Value) -> Value) -> Value {
    let member = document.pointer_mut(pointer).unwrap_or_else(|| panic!("there is {pointer}"));
    *member = change(member);
    document
}

fn with_member(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

/// A document without one member.
fn without(mut document: Value, pointer: &str) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member).unwrap();
    document
}

/// Base64 with one bit of one byte changed, counted from the end where negative.
fn flipped(at: isize) -> impl Fn(&Value) -> Value {
    move |text| {
        let mut bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
        let at = if at < 0 { bytes.len() - at.unsigned_abs() } else { at.unsigned_abs() };
        bytes[at] ^= 1;
        json!(STANDARD.encode(bytes))
    }
}

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

fn entry(member: &str) -> String {
    format!("{ENTRY}{member}")
}

#[test]
fn what_others_sign_with_a_certificate_is_believed_and_names_its_holder() {
    for bundle in [LOG, INTOTO, STAMP, BOTH] {
        let verified = judge(&value(bundle), &value(ROOT), &[workflow()]).unwrap();
        assert_eq!(verified.key_id(), workflow().name());
        assert_eq!(Bundle::parse(bundle.as_bytes()).unwrap().identity(), Some(workflow()));
        assert!(verified.witnessed().is_some());
        let statement = verified.about(&Digest::of(b"image")).unwrap();
        assert_eq!(statement.predicate_type(), predicate::TEST_RESULT);
        assert_eq!(verified.about(&Digest::of(b"other")).unwrap_err().reason(), Reason::WrongSubject);
    }
}

#[test]
fn without_a_trusted_root_or_a_trusted_time_no_certificate_is_believed() {
    assert_eq!(reason(&value(NONE), &value(ROOT)), Reason::Unwitnessed);
    let bundle = Bundle::parse(BOTH.as_bytes()).unwrap();
    let keys = [SigningKey::generate().public()];
    assert_eq!(verify(&bundle, &keys).unwrap_err().reason(), Reason::CertificateNotVerified);
    let trust = Trust { keys: &keys, certificates: None };
    assert_eq!(verify_by(&bundle, &trust).unwrap_err().reason(), Reason::CertificateNotVerified);
    // A log's proof tells that an entry is there, and not since when.
    assert_eq!(reason(&without(value(LOG), &entry("/inclusionPromise")), &value(ROOT)), Reason::Unwitnessed);
}

#[test]
fn only_the_very_identity_is_the_one_expected() {
    let other = |change: fn(&mut Identity)| {
        let mut identity = workflow();
        change(&mut identity);
        let rejection = judge(&value(BOTH), &value(ROOT), &[identity]).unwrap_err();
        assert!(rejection.to_string().contains(&workflow().name()), "{rejection}");
        rejection.reason()
    };
    assert_eq!(other(|it| it.subject.push('x')), Reason::WrongIdentity);
    assert_eq!(other(|it| it.subject.clear()), Reason::WrongIdentity);
    assert_eq!(other(|it| it.issuer = "https://issuer.example".into()), Reason::WrongIdentity);
    assert_eq!(judge(&value(BOTH), &value(ROOT), &[]).unwrap_err().reason(), Reason::WrongIdentity);
}

#[test]
fn each_changed_part_of_a_bundle_is_refused_with_its_word() {
    let stamp = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
    let certificate = "/verificationMaterial/certificate/rawBytes";
    let proof = |member: &str| entry(&format!("/inclusionProof{member}"));
    let both = || value(BOTH);
    let foreign = |pointer: &str| with(both(), pointer, |_| value(LOG).pointer(pointer).unwrap().clone());
    for (name, bundle, wanted) in [
        ("signature", with(both(), "/dsseEnvelope/signatures/0/sig", flipped(-1)), Reason::BadSignature),
        ("payload", with(both(), "/dsseEnvelope/payload", flipped(60)), Reason::BadSignature),
        ("payload type", with(both(), "/dsseEnvelope/payloadType", |_| json!("text/plain")), Reason::BadSignature),
        ("another certificate", foreign(certificate), Reason::BadSignature),
        ("half a certificate", with(both(), certificate, |_| json!("MIIB")), Reason::UntrustedCertificate),
        ("a changed certificate", with(value(STAMP), certificate, flipped(-1)), Reason::UntrustedCertificate),
        ("a certificate in no base64", with(both(), certificate, |_| json!("*")), Reason::UntrustedCertificate),
        ("another signature's entry", foreign(ENTRY), Reason::BadWitness),
        ("an entry's body", with(both(), &entry("/canonicalizedBody"), flipped(5)), Reason::BadWitness),
        ("an entry's time", with(both(), &entry("/integratedTime"), |_| json!("1")), Reason::BadWitness),
        ("an entry's place", with(both(), &entry("/logIndex"), |_| json!("1")), Reason::BadWitness),
        ("an entry's kind", with(both(), &entry("/kindVersion/kind"), |_| json!("intoto")), Reason::BadWitness),
        ("an entry's log", with(both(), &entry("/logId/keyId"), flipped(0)), Reason::BadWitness),
        ("a promise", with(both(), &entry("/inclusionPromise/signedEntryTimestamp"), flipped(-1)), Reason::BadWitness),
        ("a proof's root", with(both(), &proof("/rootHash"), flipped(0)), Reason::BadWitness),
        ("a proof's size", with(both(), &proof("/treeSize"), |_| json!("2")), Reason::BadWitness),
        ("a proof's index", with(both(), &proof(""), |it| with_member(it, "logIndex", json!("1"))), Reason::BadWitness),
        (
            "a proof's path",
            with(both(), &proof(""), |it| with_member(it, "hashes", json!(["AAAA"]))),
            Reason::BadWitness,
        ),
        (
            "a checkpoint",
            with(both(), &proof("/checkpoint/envelope"), |it| json!(it.as_str().unwrap().replace("\n1\n", "\n2\n"))),
            Reason::BadWitness,
        ),
        ("an entry without a proof", without(both(), &entry("/inclusionProof")), Reason::BadWitness),
        (
            "a stamp over another signature",
            with(both(), stamp, |_| value(STAMP).pointer(stamp).unwrap().clone()),
            Reason::BadWitness,
        ),
        ("a stamp's signature", with(both(), stamp, flipped(-1)), Reason::BadWitness),
        ("a stamp's end", with(both(), stamp, |it| json!(&it.as_str().unwrap()[..40])), Reason::BadWitness),
    ] {
        match judge(&bundle, &value(ROOT), &[workflow()]) {
            Ok(_) => panic!("a changed {name} is believed"),
            Err(rejection) => assert_eq!(rejection.reason(), wanted, "{name}: {rejection}"),
        }
    }
}

#[test]
fn a_stamp_that_was_not_granted_or_is_something_else_is_none() {
    let pointer = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
    let stamp = STANDARD.decode(value(STAMP).pointer(pointer).unwrap().as_str().unwrap()).unwrap();
    // SEQUENCE { SEQUENCE { INTEGER 0 }, SEQUENCE { OID, …
    assert_eq!(stamp[4..9], [0x30, 3, 2, 1, 0]);
    for (at, byte, granted) in [(8, 1, true), (8, 2, false), (23, 1, false)] {
        let mut changed = stamp.clone();
        assert_ne!(changed[at], byte);
        changed[at] = byte;
        let bundle = with(value(STAMP), pointer, |_| json!(STANDARD.encode(changed)));
        match judge(&bundle, &value(ROOT), &[workflow()]) {
            Ok(_) => assert!(granted, "byte {at} may not be {byte}"),
            Err(rejection) => assert_eq!((rejection.reason(), granted), (Reason::BadWitness, false), "byte {at}"),
        }
    }
}

#[test]
fn a_request_for_a_stamp_is_the_one_openssl_makes() {
    // `openssl ts -query -sha256 -cert -no_nonce`, up to the digest and behind it.
    let signature = value(STAMP).pointer("/dsseEnvelope/signatures/0/sig").unwrap().as_str().unwrap().to_owned();
    let digest = Digest::of(&STANDARD.decode(signature).unwrap());
    let request = attest::stamp_request(&Bundle::parse(STAMP.as_bytes()).unwrap());
    let hex: String = request.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, format!("30390201013031300d060960864801650304020105000420{}0101ff", digest.hex()));
}

#[test]
fn no_bit_of_a_stamp_or_an_entry_can_be_changed_to_another_belief() {
    let stamp = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
    let good = judge(&value(STAMP), &value(ROOT), &[workflow()]).unwrap();
    let length = STANDARD.decode(value(STAMP).pointer(stamp).unwrap().as_str().unwrap()).unwrap().len();
    for at in 0..length {
        let changed = with(value(STAMP), stamp, flipped(isize::try_from(at).unwrap()));
        if let Ok(verified) = judge(&changed, &value(ROOT), &[workflow()]) {
            // What nobody has signed, such as the serial number of the signer's certificate, says nothing here.
            assert_eq!(
                (verified.witnessed(), verified.payload_digest()),
                (good.witnessed(), good.payload_digest()),
                "{at}"
            );
        }
    }
}

#[test]
fn each_part_of_the_root_that_is_missing_or_over_is_a_no() {
    let root = || value(ROOT);
    let over = |list: &str, inner: &str| {
        let pointer = format!("/{list}/0{inner}");
        with(root(), &pointer, |_| json!({"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}))
    };
    let empty = |list: &str| with(root(), &format!("/{list}"), |_| json!([]));
    let swapped = |list: &str, from: &str| {
        with(root(), &format!("/{list}/0/certChain"), |_| {
            root().pointer(&format!("/{from}/0/certChain")).unwrap().clone()
        })
    };
    for (name, bundle, root, wanted) in [
        ("no authorities", STAMP, empty("certificateAuthorities"), Reason::UntrustedCertificate),
        ("an authority of the past", STAMP, over("certificateAuthorities", "/validFor"), Reason::UntrustedCertificate),
        (
            "another authority",
            STAMP,
            swapped("certificateAuthorities", "timestampAuthorities"),
            Reason::UntrustedCertificate,
        ),
        ("a certificate log of the past", STAMP, over("ctlogs", "/publicKey/validFor"), Reason::UntrustedCertificate),
        (
            "another certificate log",
            STAMP,
            with(root(), "/ctlogs/0/publicKey", |_| root().pointer("/tlogs/0/publicKey").unwrap().clone()),
            Reason::UntrustedCertificate,
        ),
        ("no stampers", STAMP, empty("timestampAuthorities"), Reason::BadWitness),
        ("a stamper of the past", STAMP, over("timestampAuthorities", "/validFor"), Reason::BadWitness),
        ("another stamper", STAMP, swapped("timestampAuthorities", "certificateAuthorities"), Reason::BadWitness),
        ("no logs", LOG, empty("tlogs"), Reason::BadWitness),
        ("a log of the past", LOG, over("tlogs", "/publicKey/validFor"), Reason::BadWitness),
        (
            "another log",
            LOG,
            with(root(), "/tlogs/0/publicKey", |_| root().pointer("/ctlogs/0/publicKey").unwrap().clone()),
            Reason::BadWitness,
        ),
    ] {
        assert_eq!(reason(&value(bundle), &root), wanted, "{name}");
    }
    // A log whose key is of a kind that is not read is not the same as no log.
    for (list, bundle, wanted) in [("ctlogs", STAMP, Reason::UntrustedCertificate), ("tlogs", LOG, Reason::BadWitness)]
    {
        let root = with(root(), &format!("/{list}/0/publicKey/rawBytes"), |_| json!("AAAA"));
        assert_eq!(reason(&value(bundle), &root), wanted, "{list}");
    }
    // From its first moment to its last.
    let at = judge(&value(STAMP), &root(), &[workflow()]).unwrap().witnessed().unwrap().to_string();
    let moment = with(root(), "/timestampAuthorities/0/validFor", |_| json!({"start": at, "end": at}));
    assert!(judge(&value(STAMP), &moment, &[workflow()]).is_ok());
    // A private instance may have no log of certificates.
    assert!(judge(&value(STAMP), &empty("ctlogs"), &[workflow()]).is_ok());
}

#[test]
fn a_root_that_is_none_is_told_from_one_that_is_wrong() {
    let root = || value(ROOT);
    for (text, wanted) in [
        (String::new(), "not JSON"),
        (format!("{ROOT}{ROOT}"), "not JSON"),
        ("{}".into(), "media type"),
        (with(root(), "/certificateAuthorities", |_| json!({})).to_string(), "`certificateAuthorities`"),
        (
            with(root(), "/certificateAuthorities/0/certChain/certificates", |_| json!([])).to_string(),
            "`certificateAuthorities`",
        ),
        (
            with(root(), "/certificateAuthorities/0/certChain/certificates/0/rawBytes", flipped(0)).to_string(),
            "`certificateAuthorities`",
        ),
        (with(root(), "/tlogs/0/publicKey/rawBytes", |_| json!("*")).to_string(), "`tlogs`"),
        (without(root(), "/tlogs/0/publicKey/validFor/start").to_string(), "`tlogs`"),
        (with(root(), "/tlogs/0/publicKey/validFor", |_| json!({"start": "soon"})).to_string(), "`tlogs`"),
        (
            with(with(root(), "/certificateAuthorities", |_| json!([])), "/timestampAuthorities", |_| json!([]))
                .to_string(),
            "no certificate authority",
        ),
        (format!("{ROOT}{}", " ".repeat((1 << 20) + 1 - ROOT.len())), "it has 1048577 bytes"),
    ] {
        let error = TrustedRoot::read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}

#[test]
fn a_root_of_a_mebibyte_is_read() {
    let text = format!("{ROOT}{}", " ".repeat((1 << 20) - ROOT.len()));
    assert!(TrustedRoot::read(text.as_bytes()).is_ok());
}

#[test]
fn a_key_needs_no_witness_and_a_bad_one_is_not_passed_over() {
    let key = SigningKey::generate();
    let statement = Statement::new(vec![(String::new(), Digest::of(b"image"))], predicate::VSA, json!({}));
    let bundle = Bundle::seal(&statement, &key).unwrap();
    let root = TrustedRoot::read(ROOT.as_bytes()).unwrap();
    let judge = |bundle: &Bundle| {
        let keys = [key.public()];
        verify_by(bundle, &Trust { keys: &keys, certificates: Some((&root, &[])) })
    };
    let verified = judge(&bundle).unwrap();
    assert_eq!((verified.key_id(), verified.witnessed()), (key.key_id(), None));
    let foreign = value(STAMP);
    let stamp = foreign.pointer("/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp");
    let stamp = STANDARD.decode(stamp.unwrap().as_str().unwrap()).unwrap();
    let witnessed = bundle.with_witnesses(&[], &[stamp]).unwrap();
    assert_eq!(judge(&witnessed).unwrap_err().reason(), Reason::BadWitness);
    let witnessed = bundle.with_witnesses(&[value(LOG).pointer(ENTRY).unwrap().clone()], &[]).unwrap();
    assert_eq!(judge(&witnessed).unwrap_err().reason(), Reason::BadWitness);
    // Whoever has no root does not look at witnesses, and believes none.
    let verified = verify(&witnessed, &[key.public()]).unwrap();
    assert_eq!(verified.witnessed(), None);
}

#[test]
fn a_policy_takes_an_identity_for_a_signer_and_may_ask_for_a_witness() {
    let policy = |witnessed: bool, issuer: &str| {
        let text = format!(
            "version: 1\nname: p\nsigners:\n  release: {{identity: {:?}, issuer: {issuer:?}}}\nrequire:\n  canary: {{predicate: test-result, \
             witnessed: {witnessed}}}\n",
            workflow().subject
        );
        Policy::read(&text).unwrap()
    };
    let asked = policy(true, &workflow().issuer);
    assert_eq!(asked.identities(), [workflow()]);
    let judge = |policy: &Policy, bundle: &str, identities: &[Identity]| {
        let statement = judge(&value(bundle), &value(ROOT), identities);
        let evidence = [Piece { source: "it".into(), statement }];
        let (now, context) = ("2026-12-01T00:00:00Z".parse().unwrap(), json!({}));
        let question = Question { subject: Digest::of(b"image"), evidence: &evidence, now, context: &context };
        let verdict = policy.evaluate(&question);
        (verdict.allowed(), verdict.why().join("\n"))
    };
    for bundle in [LOG, INTOTO, STAMP, BOTH] {
        assert_eq!(judge(&asked, bundle, &asked.identities()), (true, String::new()));
    }
    assert!(judge(&asked, NONE, &asked.identities()).1.contains("(unwitnessed)"));
    // Another issuer's identity of the same name is somebody else.
    let other = policy(false, "https://issuer.example");
    assert!(judge(&other, BOTH, &other.identities()).1.contains("(wrong-identity)"));
    assert!(judge(&other, BOTH, &[workflow()]).1.contains("(untrusted-identity)"));
}
