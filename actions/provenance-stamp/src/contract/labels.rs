//! Labels: which of the image's labels or annotations have which field's value.

use super::{Contract, Label};
use document::Fields;

/// A contract with more labels than this is a mistake.
const MAX_LABELS: usize = 100;

/// The labels of a contract; what is wrong with them is noted.
pub(super) fn labels(top: &Fields<'_>, contract: &Contract) -> Vec<Label> {
    let Some(declared) = top.has("labels").then(|| top.child("labels")).flatten() else { return Vec::new() };
    if declared.keys().count() > MAX_LABELS {
        top.refuse("labels", format!("must be a mapping of at most {MAX_LABELS} labels"));
        return Vec::new();
    }
    declared.keys().filter_map(|name| label(&declared, name, contract)).collect()
}

fn label(declared: &Fields<'_>, name: &str, contract: &Contract) -> Option<Label> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
        declared.refuse(name, "a label's name has 1 to 128 letters, digits and . _ / -");
        return None;
    }
    let field = declared.text(name)?;
    if !contract.fields.iter().any(|declared| declared.name == field) {
        declared.refuse(name, format!("`{field}` is no field of this contract"));
        return None;
    }
    Some(Label { name: name.to_owned(), field })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: &str = "version: 1\nfields:\n  git_sha: {git: sha}\n";

    #[test]
    fn a_label_names_a_field() {
        let yaml = format!("{FIELDS}labels:\n  org.opencontainers.image.revision: git_sha\n");
        let label = Label { name: "org.opencontainers.image.revision".into(), field: "git_sha".into() };
        assert_eq!(Contract::parse(&yaml).unwrap().labels, [label]);
        assert!(Contract::parse(FIELDS).unwrap().labels.is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_label_is_told_with_its_line() {
        for (label, wanted) in [
            ("a: other", "`other` is no field"),
            ("'a=b': git_sha", "a label's name"),
            ("\"a\\nb\": git_sha", "a label's name"),
            ("a: [git_sha]", "expected one value"),
        ] {
            let told = Contract::parse(&format!("{FIELDS}labels:\n  {label}\n")).unwrap_err();
            let told: Vec<String> = told.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|told| told.contains("line 5") && told.contains(wanted)), "{label}: {told:?}");
        }
    }
}
