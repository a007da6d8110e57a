//! `action.yml` and the tables of each README are what the declaration says. Code generation is this test:
//! `REFRESH=1 cargo test --package lockkeeper --test generated` (`cargo xtask gen`) rewrites what is stale.

use std::{fs, path::Path};

#[test]
fn generated_files_are_fresh() {
    let refresh = std::env::vars().any(|(name, value)| name == "REFRESH" && value == "1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions");
    let mut stale = Vec::new();
    for entry in lockkeeper::actions() {
        let declaration = entry.declaration();
        let folder = root.join(declaration.name);
        let readme = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        let files = [
            ("action.yml", github::action_yml(&declaration)),
            ("README.md", github::refresh_readme(&readme, &declaration)),
        ];
        for (name, wanted) in files {
            let path = folder.join(name);
            if fs::read_to_string(&path).is_ok_and(|found| found == wanted) {
                continue;
            }
            stale.push(format!("{}/{name}", declaration.name));
            if refresh {
                fs::write(&path, wanted).unwrap();
            }
        }
    }
    assert!(refresh || stale.is_empty(), "stale: {stale:?}\nhelp: cargo xtask gen rewrites them");
}

#[test]
fn every_readme_has_both_tables_and_every_output_a_meaning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../actions");
    for entry in lockkeeper::actions() {
        let declaration = entry.declaration();
        let readme = fs::read_to_string(root.join(declaration.name).join("README.md")).unwrap();
        assert_eq!(readme.matches("<!-- end generated -->").count(), 2, "{}", declaration.name);
        for input in &declaration.inputs {
            assert!(!input.description.is_empty(), "{} {}", declaration.name, input.name);
            // Runners refuse the whole file: a description is no place for an expression.
            assert!(!input.description.contains("${{"), "{} {}", declaration.name, input.name);
            assert!(readme.contains(&format!("| `{}` |", input.name)), "{} {}", declaration.name, input.name);
        }
        assert!(declaration.outputs().iter().all(|output| !output.description.is_empty()), "{}", declaration.name);
    }
}
