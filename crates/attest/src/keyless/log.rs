//! Entries of a transparency log: that Rekor has this very signature.
//!
//! An entry is believed for what it is bound to, never for being there (CVE-2022-36056, GHSA-whqx-f9j3-ch6m): its body has to
//! name this payload, this signature and this verifier. Kinds: `dsse` 0.0.1 and, of older clients, `intoto` 0.0.2
//! (Rekor v1), `hashedrekord` 0.0.2 (Rekor v2).

use super::root::{Log, decoded, find, named};
use crate::{dsse::Envelope, json};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::{Value, json};
use subject::Digest;

/// Who made the signature that an entry has to be about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signed<'b> {
    /// The holder of a certificate.
    Certificate(&'b [u8]),
    /// The holder of a key, as SubjectPublicKeyInfo.
    Key(&'b [u8]),
}

impl Signed<'_> {
    /// Whether a PEM text is this verifier; Rekor keeps it with the line breaks it was sent with.
    fn is_pem(&self, text: &[u8]) -> bool {
        let (label, bytes) = match self {
            Self::Certificate(bytes) => ("CERTIFICATE", bytes),
            Self::Key(bytes) => ("PUBLIC KEY", bytes),
        };
        let inside = || {
            let text = std::str::from_utf8(text).ok()?.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
            let text: String = text.strip_suffix(&format!("-----END {label}-----"))?.split_whitespace().collect();
            STANDARD.decode(text).ok()
        };
        inside().is_some_and(|inside| inside == *bytes)
    }
}

/// Verifies an entry of a bundle; the time the log vouches for, where it does.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub(super) fn verify(
    entry: &Value,
    envelope: &Envelope,
    message: &[u8],
    signed: Signed<'_>,
    logs: &[Log],
) -> Result<Option<Timestamp>, &'static str> {
    let body = decoded(&entry["canonicalizedBody"]).ok_or("has no body")?;
    let id = decoded(&entry["logId"]["keyId"]).ok_or("names no log")?;
    is_about(entry, &body, envelope, message, signed).ok_or("is about another signature")?;
    let promised = match entry.pointer("/inclusionPromise/signedEntryTimestamp") {
        Some(promise) => {
            Some(promise_holds(entry, promise, &body, &id, logs).ok_or("is not signed by a log that is trusted")?)
        }
        None => None,
    };
    // Bundles of v0.1 had promises only; those are not believed any more.
    included(&entry["inclusionProof"], &body, &id, logs).ok_or("is not shown to be in a log that is trusted")?;
    Ok(promised)
}

fn is_about(entry: &Value, body: &[u8], envelope: &Envelope, message: &[u8], signed: Signed<'_>) -> Option<()> {
    let body = json::parse_strict(body).ok()?;
    let [signature] = envelope.signatures.as_slice() else { return None };
    let kind = (entry.pointer("/kindVersion/kind")?.as_str()?, entry.pointer("/kindVersion/version")?.as_str()?);
    if (body["kind"].as_str()?, body["apiVersion"].as_str()?) != kind {
        return None;
    }
    let spec = &body["spec"];
    let binds = match kind {
        ("dsse", "0.0.1") => {
            let [entry] = spec["signatures"].as_array()?.as_slice() else { return None };
            spec["payloadHash"]["algorithm"] == "sha256"
                && spec["payloadHash"]["value"] == Digest::of(&envelope.payload).hex()
                && decoded(&entry["signature"])? == signature.der
                && signed.is_pem(&decoded(&entry["verifier"])?)
        }
        ("intoto", "0.0.2") => {
            let content = &spec["content"];
            let [entry] = content.pointer("/envelope/signatures")?.as_array()?.as_slice() else { return None };
            content["payloadHash"]["algorithm"] == "sha256"
                && content["payloadHash"]["value"] == Digest::of(&envelope.payload).hex()
                // Encoded twice: once more than in the envelope.
                && STANDARD.decode(decoded(&entry["sig"])?).ok()? == signature.der
                && signed.is_pem(&decoded(&entry["publicKey"])?)
        }
        ("hashedrekord", "0.0.2") => {
            let spec = &spec["hashedRekordV002"];
            let verifier = &spec["signature"]["verifier"];
            let (member, bytes) = match signed {
                Signed::Certificate(bytes) => ("x509Certificate", bytes),
                Signed::Key(bytes) => ("publicKey", bytes),
            };
            spec["data"]["algorithm"] == "SHA2_256"
                && decoded(&spec["data"]["digest"])? == Digest::of(message).bytes()
                && decoded(&spec["signature"]["content"])? == signature.der
                && decoded(&verifier[member]["rawBytes"])? == bytes
        }
        _ => return None,
    };
    binds.then_some(())
}

/// Rekor v1's promise: a signature over the entry in its canonical form, with the time of its integration.
fn promise_holds(entry: &Value, promise: &Value, body: &[u8], id: &[u8], logs: &[Log]) -> Option<Timestamp> {
    let seconds = number(&entry["integratedTime"])?;
    let at = Timestamp::from_second(seconds).ok()?;
    let message = json::canonical(&json!({
        "body": STANDARD.encode(body),
        "integratedTime": seconds,
        "logID": hex(id),
        "logIndex": entry.get("logIndex").map_or(Some(0), number)?,
    }));
    find(logs, id, at)?.signed(&message, &decoded(promise)?).then_some(at)
}

/// RFC 9162 §2.1.3.2, against a checkpoint that the log has signed.
fn included(proof: &Value, body: &[u8], id: &[u8], logs: &[Log]) -> Option<()> {
    // proto3 JSON leaves out a zero.
    let index = proof.get("logIndex").map_or(Some(0), unsigned)?;
    let size = unsigned(&proof["treeSize"])?;
    let hashes = match proof.get("hashes") {
        None | Some(Value::Null) => Vec::new(),
        Some(hashes) => hashes.as_array()?.iter().map(decoded).collect::<Option<Vec<_>>>()?,
    };
    let root = merkle_root(index, size, &hashes, body)?;
    let checkpoint = Checkpoint::read(proof.pointer("/checkpoint/envelope")?.as_str()?)?;
    let log = named(logs, id)?;
    let signed = checkpoint.signatures.iter().any(|it| log.signed(checkpoint.message.as_bytes(), it));
    let agrees = root.bytes()[..] == checkpoint.root
        && size == checkpoint.size
        && decoded(&proof["rootHash"])? == checkpoint.root;
    (signed && agrees).then_some(())
}

fn merkle_root(index: u64, size: u64, hashes: &[Vec<u8>], body: &[u8]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let node = |left: &[u8], right: &[u8]| Digest::of(&[&[1], left, right].concat());
    let (mut at, mut last) = (index, size - 1);
    let mut root = Digest::of(&[&[0], body].concat());
    for hash in hashes {
        if hash.len() != 32 || last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node(hash, &root.bytes());
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            root = node(&root.bytes(), hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// A signed note with the state of a log (transparency-dev/formats `log/README.md`).
struct Checkpoint<'t> {
    message: &'t str,
    size: u64,
    root: Vec<u8>,
    signatures: Vec<Vec<u8>>,
}

impl<'t> Checkpoint<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (body, signed) = text.split_once("\n\n")?;
        let message = text.get(..=body.len())?;
        let mut lines = message.lines().skip(1);
        let size = lines.next()?.parse().ok()?;
        let root = STANDARD.decode(lines.next()?).ok()?;
        // A dash, the signer's name, then a hint of four bytes and the signature.
        let signature = |line: &str| {
            let (_, encoded) = line.strip_prefix("— ")?.rsplit_once(' ')?;
            STANDARD.decode(encoded).ok()?.get(4..).map(<[u8]>::to_vec)
        };
        let signatures = signed.lines().take(16).filter_map(signature).collect();
        Some(Self { message, size, root, signatures })
    }
}

/// proto3 JSON has 64-bit numbers as texts.
fn number(value: &Value) -> Option<i64> {
    value.as_str().map_or_else(|| value.as_i64(), |text| text.parse().ok())
}

fn unsigned(value: &Value) -> Option<u64> {
    u64::try_from(number(value)?).ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::{SigningKey, dsse::Signature, keyless::TrustedRoot};

    const FIXTURE: &str = include_str!("../../tests/keyless/trusted_root.json");

    /// A log of one entry, whose key is here, and a signature that it is to have an entry of.
    struct World {
        log: SigningKey,
        logs: Vec<Log>,
        id: String,
        envelope: Envelope,
        message: Vec<u8>,
        signer: SigningKey,
    }

    impl World {
        fn new() -> Self {
            let (log, signer) = (SigningKey::generate(), SigningKey::generate());
            let spki = log.public().to_der().unwrap();
            let id = STANDARD.encode(Digest::of(&spki).bytes());
            let mut root: Value = serde_json::from_str(FIXTURE).unwrap();
            let key = json!({"rawBytes": STANDARD.encode(&spki), "validFor": {"start": "2026-01-01T00:00:00Z"}});
            root["tlogs"] = json!([{"publicKey": key, "logId": {"keyId": id}}]);
            let logs = TrustedRoot::read(root.to_string().as_bytes()).unwrap().logs;
            let message = b"what was signed".to_vec();
            let signatures = vec![Signature { key_hint: None, der: signer.sign(&message).unwrap() }];
            let envelope = Envelope { payload: b"payload".to_vec(), payload_type: "type".into(), signatures };
            Self { log, logs, id, envelope, message, signer }
        }

        fn spki(&self) -> Vec<u8> {
            self.signer.public().to_der().unwrap()
        }

        /// What Rekor v1 would keep.
        fn dsse(&self) -> Value {
            let pair = json!({
                "signature": STANDARD.encode(&self.envelope.signatures[0].der),
                "verifier": STANDARD.encode(self.signer.public().to_pem().unwrap()),
            });
            let hash = json!({"algorithm": "sha256", "value": Digest::of(&self.envelope.payload).hex()});
            json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": {"payloadHash": hash, "signatures": [pair]}})
        }

        /// What Rekor v1 would keep of an older client's wish.
        fn intoto(&self) -> Value {
            let twice = STANDARD.encode(STANDARD.encode(&self.envelope.signatures[0].der));
            let pair = json!({"sig": twice, "publicKey": STANDARD.encode(self.signer.public().to_pem().unwrap())});
            let hash = json!({"algorithm": "sha256", "value": Digest::of(&self.envelope.payload).hex()});
            let content = json!({"envelope": {"signatures": [pair]}, "payloadHash": hash});
            json!({"kind": "intoto", "apiVersion": "0.0.2", "spec": {"content": content}})
        }

        /// What Rekor v2 would keep.
        fn hashed(&self) -> Value {
            let spec = json!({
                "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(Digest::of(&self.message).bytes())},
                "signature": {
                    "content": STANDARD.encode(&self.envelope.signatures[0].der),
                    "verifier": {"publicKey": {"rawBytes": STANDARD.encode(self.spki())}},
                },
            });
            json!({"kind": "hashedrekord", "apiVersion": "0.0.2", "spec": {"hashedRekordV002": spec}})
        }

        /// The entry of this body, signed by the log in every way it signs.
        fn entry(&self, body: &Value) -> Value {
            let bytes = body.to_string().into_bytes();
            let id = hex(&STANDARD.decode(&self.id).unwrap());
            let promised = json!({
                "body": STANDARD.encode(&bytes), "integratedTime": 1_790_000_000, "logID": id, "logIndex": 7,
            });
            let promise = self.log.sign(&json::canonical(&promised)).unwrap();
            let root = STANDARD.encode(Digest::of(&[&[0], &bytes[..]].concat()).bytes());
            json!({
                "logIndex": "7", "logId": {"keyId": self.id}, "integratedTime": "1790000000",
                "kindVersion": {"kind": body["kind"], "version": body["apiVersion"]},
                "inclusionPromise": {"signedEntryTimestamp": STANDARD.encode(promise)},
                "inclusionProof": {"treeSize": "1", "rootHash": root, "checkpoint": {"envelope": self.checkpoint(1, &root)}},
                "canonicalizedBody": STANDARD.encode(&bytes),
            })
        }

        fn checkpoint(&self, size: u64, root: &str) -> String {
            let message = format!("log.example\n{size}\n{root}\n");
            let signature = self.log.sign(message.as_bytes()).unwrap();
            format!("{message}\n— log.example {}\n", STANDARD.encode([&[1, 2, 3, 4], &signature[..]].concat()))
        }

        fn judge(&self, entry: &Value) -> Result<Option<Timestamp>, &'static str> {
            verify(entry, &self.envelope, &self.message, Signed::Key(&self.spki()), &self.logs)
        }
    }

    fn with(mut document: Value, pointer: &str, value: Value) -> Value {
        *document.pointer_mut(pointer).unwrap() = value;
        document
    }

    #[test]
    fn an_entry_is_believed_for_the_one_signature_it_names() {
        let (world, other) = (World::new(), World::new());
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        for good in [world.dsse(), world.intoto(), world.hashed()] {
            assert_eq!(world.judge(&world.entry(&good)), Ok(Some(at)));
        }
        let pair = "/spec/signatures/0";
        let data = "/spec/hashedRekordV002/data";
        let signature = "/spec/hashedRekordV002/signature";
        let theirs = |body: fn(&World) -> Value, pointer: &str| body(&other).pointer(pointer).unwrap().clone();
        let twice = json!([world.dsse().pointer(pair).unwrap(), world.dsse().pointer(pair).unwrap()]);
        let certificate = json!({"x509Certificate": {"rawBytes": STANDARD.encode(world.spki())}});
        for (name, body) in [
            ("another hash", with(world.dsse(), "/spec/payloadHash/algorithm", json!("sha512"))),
            ("another payload", with(world.dsse(), "/spec/payloadHash/value", json!(Digest::of(b"x").hex()))),
            (
                "another signature",
                with(world.dsse(), &format!("{pair}/signature"), theirs(World::dsse, &format!("{pair}/signature"))),
            ),
            (
                "another verifier",
                with(world.dsse(), &format!("{pair}/verifier"), theirs(World::dsse, &format!("{pair}/verifier"))),
            ),
            ("no verifier", with(world.dsse(), &format!("{pair}/verifier"), json!("AAAA"))),
            ("two signatures", with(world.dsse(), "/spec/signatures", twice)),
            ("no signature", with(world.dsse(), "/spec/signatures", json!([]))),
            ("another kind", with(world.dsse(), "/kind", json!("intoto"))),
            ("another version", with(world.dsse(), "/apiVersion", json!("0.0.2"))),
            ("v2: another hash", with(world.hashed(), &format!("{data}/algorithm"), json!("SHA2_512"))),
            ("v2: another digest", with(world.hashed(), &format!("{data}/digest"), json!(STANDARD.encode([0; 32])))),
            (
                "v2: another signature",
                with(
                    world.hashed(),
                    &format!("{signature}/content"),
                    theirs(World::hashed, &format!("{signature}/content")),
                ),
            ),
            (
                "v2: another verifier",
                with(
                    world.hashed(),
                    &format!("{signature}/verifier"),
                    theirs(World::hashed, &format!("{signature}/verifier")),
                ),
            ),
            ("v2: a certificate for a key", with(world.hashed(), &format!("{signature}/verifier"), certificate)),
        ] {
            assert_eq!(world.judge(&world.entry(&body)), Err("is about another signature"), "{name}");
        }
        let foreign = with(world.entry(&world.dsse()), "/kindVersion/version", json!("0.0.2"));
        assert_eq!(world.judge(&foreign), Err("is about another signature"));
    }

    #[test]
    fn an_older_entry_is_believed_for_the_one_signature_it_names() {
        let (world, other) = (World::new(), World::new());
        let theirs = |pointer: &str| other.intoto().pointer(pointer).unwrap().clone();
        let hash = "/spec/content/payloadHash";
        let pair = "/spec/content/envelope/signatures/0";
        for (name, pointer, value) in [
            ("another hash", format!("{hash}/algorithm"), json!("sha512")),
            ("another payload", format!("{hash}/value"), json!(Digest::of(b"x").hex())),
            ("another signature", format!("{pair}/sig"), theirs(&format!("{pair}/sig"))),
            ("another verifier", format!("{pair}/publicKey"), theirs(&format!("{pair}/publicKey"))),
            ("no signature", "/spec/content/envelope/signatures".to_owned(), json!([])),
        ] {
            let entry = world.entry(&with(world.intoto(), &pointer, value));
            assert_eq!(world.judge(&entry), Err("is about another signature"), "{name}");
        }
    }

    #[test]
    fn an_entry_is_believed_on_the_word_of_the_log_it_names() {
        let (world, other) = (World::new(), World::new());
        let good = || world.entry(&world.dsse());
        let without = |name: &str| {
            let mut entry = good();
            entry.as_object_mut().unwrap().remove(name);
            entry
        };
        assert_eq!(world.judge(&without("inclusionPromise")), Ok(None), "a proof has no time");
        let root = good()["inclusionProof"]["rootHash"].as_str().unwrap().to_owned();
        let proof = |member: &str, value: Value| with(good(), &format!("/inclusionProof/{member}"), value);
        let promise = "is not signed by a log that is trusted";
        let shown = "is not shown to be in a log that is trusted";
        for (name, entry, wanted) in [
            ("no proof", without("inclusionProof"), shown),
            ("another log's checkpoint", proof("checkpoint/envelope", json!(other.checkpoint(1, &root))), shown),
            ("a checkpoint of another size", proof("checkpoint/envelope", json!(world.checkpoint(2, &root))), shown),
            (
                "a checkpoint of another tree",
                proof("checkpoint/envelope", json!(world.checkpoint(1, &STANDARD.encode([0; 32])))),
                shown,
            ),
            ("a root of another tree", proof("rootHash", json!(STANDARD.encode([0; 32]))), shown),
            (
                "another log's promise",
                with(good(), "/inclusionPromise", other.entry(&world.dsse())["inclusionPromise"].clone()),
                promise,
            ),
            ("another place", with(good(), "/logIndex", json!("8")), promise),
            ("another time", with(good(), "/integratedTime", json!("1790000001")), promise),
            ("a time before the log", with(good(), "/integratedTime", json!("1")), promise),
            ("another log", with(good(), "/logId/keyId", json!(other.id)), promise),
            ("no log", with(good(), "/logId", json!({})), "names no log"),
            ("no body", with(good(), "/canonicalizedBody", json!(1)), "has no body"),
        ] {
            assert_eq!(world.judge(&entry), Err(wanted), "{name}");
        }
    }

    /// The tree of RFC 9162 computed the plain way, against the paths that lead to its root.
    #[test]
    fn every_path_of_every_small_tree_leads_to_its_root_and_no_other_does() {
        let leaves: Vec<Vec<u8>> = (0..20_u8).map(|number| vec![number]).collect();
        for size in 1..=leaves.len() {
            let root = plain_root(&leaves[..size]);
            for index in 0..size {
                let path = plain_path(index, &leaves[..size]);
                let (at, of) = (index as u64, size as u64);
                assert_eq!(merkle_root(at, of, &path, &leaves[index]), Some(root), "{index} of {size}");
                assert_ne!(merkle_root(at, of, &path, b"another"), Some(root));
                assert_eq!(merkle_root(of, of, &path, &leaves[index]), None);
                if let Some((_, shorter)) = path.split_first() {
                    assert_ne!(merkle_root(at, of, shorter, &leaves[index]), Some(root));
                }
                assert_eq!(merkle_root(at, of, &[path.clone(), vec![vec![0; 32]]].concat(), &leaves[index]), None);
                assert!(
                    path.is_empty()
                        || merkle_root(at, of, &[vec![vec![0; 31]], path[1..].to_vec()].concat(), &leaves[index])
                            .is_none()
                );
            }
        }
    }

    fn split(size: usize) -> usize {
        (1..).map(|power| 1 << power).find(|power| *power >= size).unwrap() / 2
    }

    fn plain_root(leaves: &[Vec<u8>]) -> Digest {
        match leaves {
            [leaf] => Digest::of(&[&[0], &leaf[..]].concat()),
            more => {
                let (left, right) = more.split_at(split(more.len()));
                Digest::of(&[&[1], &plain_root(left).bytes()[..], &plain_root(right).bytes()].concat())
            }
        }
    }

    fn plain_path(index: usize, leaves: &[Vec<u8>]) -> Vec<Vec<u8>> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        let (mut path, sister) = if index < left.len() {
            (plain_path(index, left), plain_root(right))
        } else {
            (plain_path(index - left.len(), right), plain_root(left))
        };
        path.push(sister.bytes().to_vec());
        path
    }

    #[test]
    fn a_checkpoint_is_a_note_and_its_signatures() {
        let text = "log.example - 1\n7\nAAAA\nTimestamp: 1\n\n— log.example AAAAAAE=\n— other AAAAAAI=\nnoise\n";
        let read = Checkpoint::read(text).unwrap();
        assert_eq!(read.message, "log.example - 1\n7\nAAAA\nTimestamp: 1\n");
        assert_eq!((read.size, read.root, read.signatures), (7, vec![0; 3], vec![vec![1], vec![2]]));
        for bad in ["", "a\n7\nAAAA\n", "a\nx\nAAAA\n\n", "a\n7\n*\n\n", "a\n\n"] {
            assert!(Checkpoint::read(bad).is_none(), "{bad:?}");
        }
    }
}
