//! A release with all its evidence and a policy that allows it; every test spoils one thing.

#![allow(dead_code, reason = "each test file uses its own part")]

use attest::{
    Bundle, PublicKey, SigningKey, Statement,
    policy::{Piece, Policy, Question, Verdict},
    predicate, verify,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use subject::Digest;

/// The policy of the release.
pub(crate) const POLICY: &str = include_str!("policy.yml");

/// The time of the question.
pub(crate) const NOW: &str = "2026-09-21T12:00:00Z";

pub(crate) const COMMIT: &str = "5f2b7c9d1e3a4b6c8d0e2f4a6b8c0d1e3f5a7b9c";

/// The people and steps that sign.
pub(crate) const SIGNERS: [&str; 5] = ["build", "gate", "desk", "security", "stranger"];

/// The digest the release is about.
pub(crate) fn image() -> Digest {
    Digest::of(b"image")
}

/// The key of a signer, always the same.
pub(crate) fn key(signer: &str) -> SigningKey {
    let pem = match signer {
        "build" => include_str!("../keys/signers/build.pem"),
        "gate" => include_str!("../keys/signers/gate.pem"),
        "desk" => include_str!("../keys/signers/desk.pem"),
        "security" => include_str!("../keys/signers/security.pem"),
        _ => include_str!("../keys/signers/stranger.pem"),
    };
    SigningKey::from_pem(&pem.into(), None).unwrap()
}

/// What becomes of a bundle's bytes on the way.
pub(crate) type Twist = Box<dyn Fn(Vec<u8>) -> Vec<u8>>;

/// One piece of evidence.
pub(crate) struct Claim {
    pub(crate) signer: &'static str,
    pub(crate) kind: String,
    pub(crate) predicate: Value,
    pub(crate) subject: Digest,
    /// The bytes that are signed, where they are not those of a statement made of the above.
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) twist: Option<Twist>,
}

/// Everything the question is made of.
pub(crate) struct Release {
    pub(crate) policy: String,
    pub(crate) claims: BTreeMap<String, Claim>,
    pub(crate) now: Timestamp,
    pub(crate) context: Value,
    pub(crate) keys: Vec<PublicKey>,
}

impl Release {
    /// A release that the policy allows.
    pub(crate) fn good() -> Self {
        let mut release = Self {
            policy: POLICY.to_owned(),
            claims: BTreeMap::new(),
            now: NOW.parse().unwrap(),
            context: json!({"environment": "production", "committers": ["900"]}),
            keys: ["build", "gate", "desk", "security"].map(|name| key(name).public()).to_vec(),
        };
        release.add("provenance", "build", predicate::SLSA_PROVENANCE, provenance("4711"));
        release.add("manifest", "build", predicate::RELEASE_MANIFEST, manifest("4711"));
        release.add("sbom", "build", predicate::CYCLONEDX, sbom("2026-09-21T10:00:00Z"));
        release.add("canary", "gate", predicate::TEST_RESULT, canary("PASSED", "2026-09-21T11:00:00Z"));
        release.add("staged", "gate", predicate::DEPLOYMENT, deployment("deployed", "2026-09-21T10:30:00Z"));
        release.add("guardrail", "gate", predicate::GUARDRAIL_VERDICT, guardrail("pass", "2026-09-21T11:15:00Z"));
        release.add("alice", "desk", predicate::APPROVAL, approval("101", "alice", "approved", "2026-09-21T11:30:00Z"));
        release.add("bob", "desk", predicate::APPROVAL, approval("102", "bob", "approved", "2026-09-21T11:40:00Z"));
        release
    }

    pub(crate) fn add(&mut self, name: &str, signer: &'static str, kind: &str, predicate: Value) {
        let claim = Claim { signer, kind: kind.to_owned(), predicate, subject: image(), payload: None, twist: None };
        self.claims.insert(name.to_owned(), claim);
    }

    pub(crate) fn claim(&mut self, name: &str) -> &mut Claim {
        self.claims.get_mut(name).unwrap()
    }

    /// Puts a value into a claim's predicate.
    pub(crate) fn set(&mut self, name: &str, pointer: &str, value: Value) {
        *self.claim(name).predicate.pointer_mut(pointer).unwrap_or_else(|| panic!("{name} has {pointer}")) = value;
    }

    /// Takes a member out of a claim's predicate.
    pub(crate) fn take(&mut self, name: &str, pointer: &str) {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        let parent = self.claim(name).predicate.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        parent.remove(member).unwrap_or_else(|| panic!("{name} has {pointer}"));
    }

    /// Changes the policy's text.
    pub(crate) fn replace(&mut self, old: &str, new: &str) {
        assert!(self.policy.contains(old), "the policy has {old}");
        self.policy = self.policy.replace(old, new);
    }

    /// Changes a bundle's bytes on the way.
    pub(crate) fn twist(&mut self, name: &str, twist: impl Fn(Vec<u8>) -> Vec<u8> + 'static) {
        self.claim(name).twist = Some(Box::new(twist));
    }

    /// Changes a member of a bundle on the way.
    pub(crate) fn tamper(&mut self, name: &str, pointer: &'static str, value: Value) {
        self.twist(name, move |bytes| {
            let mut bundle: Value = serde_json::from_slice(&bytes).unwrap();
            *bundle.pointer_mut(pointer).unwrap_or_else(|| panic!("a bundle has {pointer}")) = value.clone();
            bundle.to_string().into_bytes()
        });
    }

    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let pieces = self.claims.iter().map(|(name, claim)| {
            let statement = Bundle::parse(&claim.bytes()).and_then(|bundle| verify(&bundle, &self.keys));
            Piece { source: name.clone(), statement }
        });
        pieces.collect()
    }

    pub(crate) fn judge(&self) -> Verdict {
        let policy = Policy::read(&self.policy).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let pieces = self.pieces();
        let question = Question { subject: image(), evidence: &pieces, now: self.now, context: &self.context };
        policy.evaluate(&question)
    }
}

impl Claim {
    /// The bytes as a registry has them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let key = key(self.signer);
        let bytes = match &self.payload {
            Some(payload) => envelope(payload, &key),
            None => {
                let subjects = vec![("ghcr.io/org/app".to_owned(), self.subject)];
                let statement = Statement::new(subjects, &self.kind, self.predicate.clone());
                Bundle::seal(&statement, &key).unwrap().to_bytes()
            }
        };
        match &self.twist {
            Some(twist) => twist(bytes),
            None => bytes,
        }
    }

    /// The statement's bytes.
    pub(crate) fn statement(&self) -> Vec<u8> {
        let subjects = vec![("ghcr.io/org/app".to_owned(), self.subject)];
        Statement::new(subjects, &self.kind, self.predicate.clone()).to_bytes()
    }
}

/// A bare envelope around any bytes, well signed.
pub(crate) fn envelope(payload: &[u8], key: &SigningKey) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let message = attest::pre_authentication_encoding(attest::PAYLOAD_TYPE, payload);
    let signature = json!({"keyid": key.key_id(), "sig": STANDARD.encode(key.sign(&message).unwrap())});
    let envelope =
        json!({"payload": STANDARD.encode(payload), "payloadType": attest::PAYLOAD_TYPE, "signatures": [signature]});
    envelope.to_string().into_bytes()
}

pub(crate) fn provenance(run: &str) -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {"workflow": {
                "ref": "refs/heads/main", "repository": "https://github.com/org/app", "path": ".github/workflows/release.yml"
            }},
            "internalParameters": {"github": {"event_name": "push", "actor_id": "900"}},
            "resolvedDependencies": [
                {"uri": "git+https://github.com/org/app@refs/heads/main", "digest": {"gitCommit": COMMIT}}
            ]
        },
        "runDetails": {
            "builder": {"id": "https://github.com/org/app/.github/workflows/release.yml@refs/heads/main"},
            "metadata": {
                "invocationId": format!("https://github.com/org/app/actions/runs/{run}/attempts/1"),
                "finishedOn": "2026-09-21T09:55:00Z"
            }
        }
    })
}

pub(crate) fn manifest(run: &str) -> Value {
    let digest = |text: &str| json!({"sha256": Digest::of(text.as_bytes()).hex()});
    json!({
        "fields": {"git_sha": COMMIT, "logic_version": "1.4.0", "run_id": run, "generated_at_utc": "2026-09-21T09:50:00Z"},
        "manifest": {"digest": digest("manifest")},
        "contract": {"digest": digest("contract")},
        "inputs": [{"name": "boundary_hash", "digest": digest("cases")}],
        "sources": [{"name": "herd_as_of", "asOf": "2026-09-21"}],
        "run": {"id": run}
    })
}

pub(crate) fn sbom(timestamp: &str) -> Value {
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"timestamp": timestamp}, "components": []})
}

pub(crate) fn canary(result: &str, finished: &str) -> Value {
    json!({
        "result": result,
        "configuration": [{"name": "cases.jsonl", "digest": {"sha256": Digest::of(b"cases").hex()}}],
        "url": "https://github.com/org/app/actions/runs/4711",
        "target": "https://staging.example.com",
        "counts": {"total": 40, "failed": 0},
        "finishedOn": finished
    })
}

pub(crate) fn deployment(verdict: &str, finished: &str) -> Value {
    json!({
        "environment": {"kind": "aws-ecs", "name": "app-staging"},
        "mode": "deploy",
        "verdict": verdict,
        "deployment": {"id": "ecs-svc/1"},
        "verifiedTasks": 2,
        "finishedOn": finished
    })
}

pub(crate) fn guardrail(verdict: &str, decided: &str) -> Value {
    json!({
        "version": 1,
        "verdict": verdict,
        "rollback": false,
        "reason": "every guardrail held",
        "file": {"path": "guardrails.yml", "digest": Digest::of(b"guardrails")},
        "window": {"start": "2026-09-21T10:45:00Z", "end": "2026-09-21T11:15:00Z", "settled": 30, "interval": 60, "intervals": 30},
        "guardrails": [{
            "name": "errors", "duty": "required", "source": "cw", "measure": {}, "rule": {}, "verdict": {"word": "pass"},
            "reason": "", "figures": {"samples": 1200}, "intervals": [], "answers": []
        }],
        "decided_at": decided
    })
}

pub(crate) fn approval(id: &str, login: &str, decision: &str, on: &str) -> Value {
    json!({
        "approver": {"id": id, "login": login},
        "decision": decision,
        "environment": "production",
        "approvedOn": on,
        "expiresOn": "2026-09-22T12:00:00Z"
    })
}

pub(crate) fn revocation(statements: &[Digest]) -> Value {
    let mut revocation = json!({"reason": "CVE-2026-1234", "revokedOn": "2026-09-21T11:50:00Z"});
    if !statements.is_empty() {
        revocation["statements"] =
            statements.iter().map(|digest| json!({"digest": {"sha256": digest.hex()}})).collect();
    }
    revocation
}
