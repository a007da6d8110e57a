//! in-toto Statement v1: a claim (the predicate) about artifacts (the subjects), which are known by digest only.
//!
//! Specification: in-toto/attestation `spec/v1/statement.md` and `spec/v1/digest_set.md`.

use crate::{
    Reason, Rejection, json,
    predicate::{self, Predicate},
    reason::shorten,
};
use serde_json::{Map, Value, json};
use subject::Digest;

/// The `_type` of every statement we write.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The `_type` that cosign up to v2 writes.
const STATEMENT_TYPE_V01: &str = "https://in-toto.io/Statement/v0.1";

/// More subjects than this are refused on reading; the tools that read our statements stop there too.
pub const MAX_SUBJECTS: usize = 1024;

/// One artifact a statement is about. The digest decides; the name is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Where it was seen, such as a repository without tag; may be empty.
    pub name: String,
    /// What it is.
    pub digest: Digest,
}

/// A claim about digests. Unsigned, it is only an opinion: it becomes evidence through [`crate::Bundle::seal`].
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    subjects: Vec<Subject>,
    predicate_type: String,
    predicate: Value,
}

impl Statement {
    /// A claim of type `predicate_type` about `subjects`, each a name for people and the digest that decides.
    #[must_use]
    pub fn new(subjects: Vec<(String, Digest)>, predicate_type: &str, predicate: Value) -> Self {
        let subjects = subjects.into_iter().map(|(name, digest)| Subject { name, digest }).collect();
        Self { subjects, predicate_type: predicate_type.to_owned(), predicate }
    }

    /// Reads a statement, v1 or v0.1: their members are the same.
    ///
    /// Unknown members are ignored, as the specification demands. Digests are stricter than most readers have them: 64
    /// lowercase hexadecimal digits; and every subject needs a `sha256` one, because images are known by nothing else.
    ///
    /// # Errors
    /// A [`Rejection`] when the bytes are ambiguous JSON, a member is missing or wrong, or a subject has no digest.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejection> {
        let mut value = json::parse_strict(bytes)?;
        match value["_type"].as_str() {
            Some(STATEMENT_TYPE | STATEMENT_TYPE_V01) => {}
            Some(other) => {
                let detail = format!("`_type` is `{}`, not {STATEMENT_TYPE}", shorten(other));
                return Err(Rejection::new(Reason::UnknownStatementType, detail));
            }
            None => return Err(Rejection::new(Reason::UnknownStatementType, "it has no text `_type`")),
        }
        let wrong = |member, wanted| {
            Rejection::new(Reason::MalformedStatement, format!("statement has no valid `{member}`: {wanted}"))
        };
        let subjects = value["subject"].as_array().ok_or_else(|| wrong("subject", "must be a list"))?;
        if subjects.is_empty() || subjects.len() > MAX_SUBJECTS {
            return Err(wrong("subject", "must list 1 to 1024 artifacts"));
        }
        let subjects = subjects.iter().enumerate().map(parse_subject).collect::<Result<_, _>>()?;
        let predicate_type = match value["predicateType"].as_str() {
            Some(uri) if !uri.is_empty() => uri.to_owned(),
            _ => return Err(wrong("predicateType", "must be a URI")),
        };
        let predicate = match value.get_mut("predicate").map(Value::take) {
            None => Value::Object(Map::new()),
            Some(predicate @ Value::Object(_)) => predicate,
            Some(_) => return Err(wrong("predicate", "must be an object")),
        };
        Ok(Self { subjects, predicate_type, predicate })
    }

    /// A claim of a typed predicate.
    ///
    /// # Errors
    /// [`Reason::PredicateInvalid`] when the predicate would not be read back as what it is.
    pub fn of<P: Predicate>(subjects: Vec<(String, Digest)>, predicate: &P) -> Result<Self, Rejection> {
        Ok(Self::new(subjects, P::TYPE, predicate::to_value(predicate)?))
    }

    /// The statement's one spelling: the same claim always gives the same bytes, whatever order its members were built in.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let subjects: Vec<_> =
            self.subjects.iter().map(|s| json!({"name": s.name, "digest": {"sha256": s.digest.hex()}})).collect();
        json::canonical(&json!({
            "_type": STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": self.predicate_type,
            "predicate": self.predicate,
        }))
    }

    /// The artifacts the claim holds for, every one of them.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// What kind of claim it is, a URI.
    #[must_use]
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// The claim itself, an object in every statement that was read.
    #[must_use]
    pub fn predicate(&self) -> &Value {
        &self.predicate
    }

    /// The claim as the type it says it is.
    ///
    /// # Errors
    /// [`Reason::PredicateInvalid`] when it is of another type, or does not follow the type's specification.
    pub fn read<P: Predicate>(&self) -> Result<P, Rejection> {
        if !P::is_named(&self.predicate_type) {
            let detail = format!("predicate is `{}`, not {}", shorten(&self.predicate_type), P::TYPE);
            return Err(Rejection::new(Reason::PredicateInvalid, detail));
        }
        predicate::from_value(&self.predicate)
    }

    /// Whether the claim holds for `digest`.
    #[must_use]
    pub fn is_about(&self, digest: &Digest) -> bool {
        self.subjects.iter().any(|subject| subject.digest == *digest)
    }
}

fn parse_subject((index, value): (usize, &Value)) -> Result<Subject, Rejection> {
    let wrong = |what: &str| {
        Rejection::new(Reason::MalformedSubject, format!("subject {index} of the statement has no valid {what}"))
    };
    let hex = value["digest"]["sha256"].as_str().ok_or_else(|| wrong("sha256 digest: it is missing"))?;
    let digest = Digest::from_hex(hex).map_err(|error| wrong(&format!("sha256 digest: {error}")))?;
    let name = match &value["name"] {
        Value::Null => String::new(),
        Value::String(name) => name.clone(),
        _ => return Err(wrong("name: it is not a text")),
    };
    Ok(Subject { name, digest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn spelled(subject: &str, rest: &str) -> String {
        format!(r#"{{"_type":"{STATEMENT_TYPE}","subject":{subject}{rest}}}"#)
    }

    #[test]
    fn a_statement_spells_its_claim_in_one_way() {
        let statement = Statement::new(
            vec![("ghcr.io/org/app".into(), Digest::of(b""))],
            crate::predicate::TEST_RESULT,
            json!({"result": "PASSED", "configuration": []}),
        );
        let spelling = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","predicate":{{"configuration":[],"result":"PASSED"}},"predicateType":"https://in-toto.io/attestation/test-result/v0.1","subject":[{{"digest":{{"sha256":"{HEX}"}},"name":"ghcr.io/org/app"}}]}}"#
        );
        assert_eq!(String::from_utf8(statement.to_bytes()).unwrap(), spelling);
        assert_eq!(Statement::parse(&statement.to_bytes()).unwrap(), statement);
    }

    #[test]
    fn each_defect_is_named() {
        let good = format!(r#"[{{"digest":{{"sha256":"{HEX}","sha512":"x"}},"extra":1}}]"#);
        let typed = r#","predicateType":"t""#;
        assert!(Statement::parse(spelled(&good, typed).as_bytes()).is_ok());
        let older = spelled(&good, typed).replace("Statement/v1", "Statement/v0.1");
        assert!(Statement::parse(older.as_bytes()).is_ok());
        let many = |count: usize| format!("[{}]", vec![good[1..good.len() - 1].to_owned(); count].join(","));
        assert_eq!(Statement::parse(spelled(&many(1024), typed).as_bytes()).unwrap().subjects().len(), MAX_SUBJECTS);
        for (text, wanted) in [
            ("[]".to_owned(), "`_type`"),
            (r#"{"_type":"https://in-toto.io/Statement/v2"}"#.to_owned(), "Statement/v2"),
            (spelled("{}", typed), "`subject`"),
            (spelled("[]", typed), "1 to 1024"),
            (spelled(&many(1025), typed), "1 to 1024"),
            (spelled(&good, ""), "`predicateType`"),
            (spelled(&good, r#","predicateType":"""#), "`predicateType`"),
            (spelled(&good, r#","predicateType":"t","predicate":[]"#), "`predicate`"),
            (spelled(&good, r#","predicateType":"t","predicateType":"u""#), "occurs twice"),
            (spelled(r#"[{"digest":{"gitCommit":"x"}}]"#, typed), "subject 0"),
            (spelled(&good.to_uppercase().replace("DIGEST", "digest").replace("SHA", "sha"), typed), "lowercase"),
            (spelled(r#"[{"digest":{"sha256":"abc"}}]"#, typed), "64 lowercase"),
            (spelled(&good.replace(r#""extra""#, r#""name""#), typed), "name: it is not a text"),
        ] {
            let error = Statement::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text:.80}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_statement_survives_its_own_bytes(names in prop::collection::vec("\\PC{0,20}", 1..5), kind in "\\PC{1,30}", key in "\\PC{0,9}", number in any::<f64>()) {
            let subjects = names.into_iter().map(|name| (name.clone(), Digest::of(name.as_bytes()))).collect();
            let statement = Statement::new(subjects, &kind, json!({ key: number, "list": [1, null, "\u{1}"] }));
            prop_assert_eq!(Statement::parse(&statement.to_bytes()).unwrap(), statement);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Statement::parse(&bytes).is_err());
        }
    }
}
