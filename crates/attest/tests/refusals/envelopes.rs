//! Envelopes and signatures.

use crate::{
    At::Piece,
    Row,
    support::{Release, key},
    text,
};
use attest::Reason;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Swaps a part of the bundle's text.
fn swap(release: &mut Release, name: &str, old: &'static str, new: &'static str) {
    release.twist(name, move |bytes| {
        let bundle = text(bytes);
        assert!(bundle.contains(old), "a bundle has {old}");
        bundle.replacen(old, new, 1).into_bytes()
    });
}

pub(crate) const ENVELOPES: &[Row] = &[
    ("64 MiB of envelope", |r| r.twist("canary", |_| vec![b'{'; 64 << 20]), Piece("canary"), Reason::TooLarge),
    (
        "two million empty lists",
        |r| {
            r.twist("canary", |_| format!("[{}[]]", "[],".repeat(2_000_000)).into_bytes());
        },
        Piece("canary"),
        Reason::TooLarge,
    ),
    ("an envelope of brackets", |r| r.twist("canary", |_| vec![b'['; 1 << 20]), Piece("canary"), Reason::TooDeep),
    (
        "depth in a member nobody knows",
        |r| {
            r.twist("canary", |bytes| {
                let deep = format!(r#"{{"x":{}{},"mediaType""#, "[".repeat(120), "]".repeat(120));
                text(bytes).replacen(r#"{"mediaType""#, &deep, 1).into_bytes()
            })
        },
        Piece("canary"),
        Reason::TooDeep,
    ),
    (
        "a second payload",
        |r| swap(r, "canary", r#""payloadType""#, r#""payload":"e30=","payloadType""#),
        Piece("canary"),
        Reason::DuplicateKey,
    ),
    (
        "a second list of signatures",
        |r| swap(r, "canary", r#""signatures""#, r#""signatures":[],"signatures""#),
        Piece("canary"),
        Reason::DuplicateKey,
    ),
    (
        "a second media type",
        |r| swap(r, "canary", r#"{"mediaType""#, r#"{"mediaType":"x","mediaType""#),
        Piece("canary"),
        Reason::DuplicateKey,
    ),
    (
        "a member twice where nothing is looked at",
        |r| swap(r, "canary", r#""tlogEntries":[]"#, r#""tlogEntries":[{"a":1,"\u0061":2}]"#),
        Piece("canary"),
        Reason::DuplicateKey,
    ),
    (
        "a bundle that is cut off",
        |r| r.twist("canary", |bytes| bytes[..bytes.len() / 2].to_vec()),
        Piece("canary"),
        Reason::MalformedJson,
    ),
    (
        "a bundle with a byte behind it",
        |r| r.twist("canary", |bytes| [bytes, b"x".to_vec()].concat()),
        Piece("canary"),
        Reason::MalformedJson,
    ),
    (
        "two bundles in one",
        |r| r.twist("canary", |bytes| [bytes.clone(), bytes].concat()),
        Piece("canary"),
        Reason::MalformedJson,
    ),
    ("nothing at all", |r| r.twist("canary", |_| Vec::new()), Piece("canary"), Reason::MalformedJson),
    (
        "bytes that are no UTF-8",
        |r| r.twist("canary", |_| b"{\"mediaType\":\"\xff\"}".to_vec()),
        Piece("canary"),
        Reason::MalformedJson,
    ),
    ("an empty object", |r| r.twist("canary", |_| b"{}".to_vec()), Piece("canary"), Reason::MalformedEnvelope),
    (
        "a signature that is a number",
        |r| r.tamper("canary", "/dsseEnvelope/signatures/0/sig", json!(1)),
        Piece("canary"),
        Reason::MalformedEnvelope,
    ),
    (
        "a payload that is an object",
        |r| r.tamper("canary", "/dsseEnvelope/payload", json!({})),
        Piece("canary"),
        Reason::MalformedEnvelope,
    ),
    (
        "no verification material",
        |r| r.tamper("canary", "/verificationMaterial", Value::Null),
        Piece("canary"),
        Reason::MalformedEnvelope,
    ),
    (
        "white space in base64",
        |r| r.tamper("canary", "/dsseEnvelope/payload", json!("e3 0=")),
        Piece("canary"),
        Reason::MalformedBase64,
    ),
    (
        "two alphabets in one base64",
        |r| r.tamper("canary", "/dsseEnvelope/payload", json!("+_8=")),
        Piece("canary"),
        Reason::MalformedBase64,
    ),
    (
        "bits behind the last byte of a signature",
        |r| r.tamper("canary", "/dsseEnvelope/signatures/0/sig", json!("+/9=")),
        Piece("canary"),
        Reason::MalformedBase64,
    ),
    (
        "a bundle of tomorrow",
        |r| swap(r, "canary", "bundle.v0.3+json", "bundle.v0.9+json"),
        Piece("canary"),
        Reason::UnknownMediaType,
    ),
    (
        "a bundle that signs bytes",
        |r| swap(r, "canary", "dsseEnvelope", "messageSignature"),
        Piece("canary"),
        Reason::NoStatement,
    ),
    (
        "no signature",
        |r| r.tamper("canary", "/dsseEnvelope/signatures", json!([])),
        Piece("canary"),
        Reason::NoSignature,
    ),
    (
        "two signatures in a bundle",
        |r| {
            r.twist("canary", |bytes| {
                let mut bundle: Value = serde_json::from_slice(&bytes).unwrap();
                let signature = bundle["dsseEnvelope"]["signatures"][0].clone();
                bundle["dsseEnvelope"]["signatures"].as_array_mut().unwrap().push(signature);
                bundle.to_string().into_bytes()
            })
        },
        Piece("canary"),
        Reason::TooManySignatures,
    ),
    (
        "17 signatures in an envelope",
        |r| {
            r.twist("canary", |bytes| {
                let mut bundle: Value = serde_json::from_slice(&bytes).unwrap();
                let signature = bundle["dsseEnvelope"]["signatures"][0].clone();
                bundle["dsseEnvelope"]["signatures"] = json!(vec![signature; 17]);
                bundle["dsseEnvelope"].to_string().into_bytes()
            })
        },
        Piece("canary"),
        Reason::TooManySignatures,
    ),
];

pub(crate) const SIGNATURES: &[Row] = &[
    ("no key to verify with", |r| r.keys.clear(), Piece("canary"), Reason::NoKeys),
    (
        "a payload type with a space behind it",
        |r| r.tamper("canary", "/dsseEnvelope/payloadType", json!("application/vnd.in-toto+json ")),
        Piece("canary"),
        Reason::WrongPayloadType,
    ),
    (
        "plain text",
        |r| r.tamper("canary", "/dsseEnvelope/payloadType", json!("text/plain")),
        Piece("canary"),
        Reason::WrongPayloadType,
    ),
    ("a stranger's key", |r| r.claim("canary").signer = "stranger", Piece("canary"), Reason::WrongKey),
    (
        "a stranger's signature under our key's name",
        |r| {
            let forged = STANDARD.encode(key("stranger").sign(b"anything").unwrap());
            r.tamper("canary", "/dsseEnvelope/signatures/0/sig", json!(forged));
        },
        Piece("canary"),
        Reason::BadSignature,
    ),
    (
        "another result under the old signature",
        |r| {
            let other = text(r.claims["canary"].statement()).replace("PASSED", "WARNED");
            r.tamper("canary", "/dsseEnvelope/payload", json!(STANDARD.encode(other)));
        },
        Piece("canary"),
        Reason::BadSignature,
    ),
    (
        "a space behind the payload",
        |r| {
            let longer = [r.claims["canary"].statement(), b" ".to_vec()].concat();
            r.tamper("canary", "/dsseEnvelope/payload", json!(STANDARD.encode(longer)));
        },
        Piece("canary"),
        Reason::BadSignature,
    ),
    (
        "the signature of another statement",
        |r| {
            let other: Value = serde_json::from_slice(&r.claims["staged"].bytes()).unwrap();
            r.tamper("canary", "/dsseEnvelope/signatures/0/sig", other["dsseEnvelope"]["signatures"][0]["sig"].clone());
        },
        Piece("canary"),
        Reason::BadSignature,
    ),
    (
        "a signature of nothing",
        |r| r.tamper("canary", "/dsseEnvelope/signatures/0/sig", json!("")),
        Piece("canary"),
        Reason::BadSignature,
    ),
    (
        "a certificate in the place of a key",
        |r| {
            r.claim("canary").signer = "stranger";
            r.tamper("canary", "/verificationMaterial", json!({"certificate": {"rawBytes": "AA=="}}));
        },
        Piece("canary"),
        Reason::CertificateNotVerified,
    ),
];
