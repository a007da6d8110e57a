//! Guards: which files a version speaks for, so that neither changes without the other.

use super::{Contract, Guard, parse};
use document::Fields;

/// A contract with more guards than this is a mistake.
const MAX_GUARDS: usize = 20;

/// The guards of a contract; what is wrong with them is noted. `fields` are the names that are declared.
pub(super) fn guards(top: &Fields<'_>, contract: &Contract) -> Vec<Guard> {
    let Some(declared) = top.has("guards").then(|| top.child("guards")).flatten() else { return Vec::new() };
    if declared.keys().count() > MAX_GUARDS {
        top.refuse("guards", format!("must be a mapping of at most {MAX_GUARDS} guards"));
        return Vec::new();
    }
    declared.keys().filter_map(|name| guard(&declared, name, contract)).collect()
}

fn guard(declared: &Fields<'_>, name: &str, contract: &Contract) -> Option<Guard> {
    let keys = declared.child(name)?.only(&["version", "files"]);
    keys.demand("version", "logic_version")?;
    keys.demand("files", "[rules.json, \"src/**/*.py\"]")?;
    let version = keys.text("version")?;
    if !contract.fields.iter().any(|field| field.name == version) {
        keys.refuse("version", format!("`{version}` is no field of this contract"));
        return None;
    }
    let patterns = parse::patterns(keys.get("files")?).map_err(|problem| keys.refuse("files", problem)).ok()?;
    Some(Guard { name: name.to_owned(), version, patterns })
}

#[cfg(test)]
mod tests {
    use crate::contract::Contract;

    const FIELDS: &str = "version: 1\nfields:\n  logic_version: {file: rules.json, pointer: /logic_version}\n";

    #[test]
    fn a_guard_names_a_field_and_its_files() {
        let contract = Contract::parse(&format!(
            "{FIELDS}guards:\n  logic: {{version: logic_version, files: [rules.json, 'src/**/*.py']}}\n"
        ));
        let guards = contract.unwrap().guards;
        assert_eq!((guards[0].name.as_str(), guards[0].version.as_str()), ("logic", "logic_version"));
        assert_eq!(guards[0].patterns, ["rules.json", "src/**/*.py"]);
        assert!(Contract::parse(FIELDS).unwrap().guards.is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_guard_is_told_with_its_line() {
        for (guard, wanted) in [
            ("{files: a}", "version"),
            ("{version: logic_version}", "files"),
            ("{version: other, files: a}", "`other` is no field"),
            ("{version: logic_version, files: ../a}", "below the contract's root"),
            ("{version: logic_version, files: []}", "a path or glob"),
            ("{version: logic_version, files: a, path: b}", "unknown key"),
        ] {
            let told = Contract::parse(&format!("{FIELDS}guards:\n  logic: {guard}\n")).unwrap_err();
            let told: Vec<String> = told.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|told| told.contains("line 5") && told.contains(wanted)), "{guard}: {told:?}");
        }
    }
}
