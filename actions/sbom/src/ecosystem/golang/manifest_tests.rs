use super::*;

const MOD: &str = r#"// Deprecated: not really.
module example.com/app // the app

go 1.22.1

toolchain go1.23.0

require (
	github.com/BurntSushi/toml v1.4.0
	golang.org/x/sys v0.1.0 // indirect
	golang.org/x/text v0.1.0 // indirect; for the tests
	gopkg.in/yaml.v3 v3.0.1 // not indirect
)

require rsc.io/quote/v3 v3.1.0

replace (
	golang.org/x/sys => ../sys
	golang.org/x/text v0.1.0 => example.com/text v0.2.0
	golang.org/x/text => example.com/text v0.3.0
)

exclude example.com/bad v1.0.0

retract (
	v0.53.1 // Published in error.
	[v1.0.0, v1.9.9]
)

tool example.com/tool/cmd
godebug default=go1.21
ignore ./node_modules
"#;

#[test]
fn every_directive_is_understood_and_none_invents_a_module() {
    let manifest = parse(MOD.as_bytes()).unwrap();
    assert_eq!(manifest.module, Some(("example.com/app".to_owned(), 2)));
    assert_eq!((manifest.go.as_deref(), manifest.toolchain.as_deref()), (Some("1.22.1"), Some("go1.23.0")));
    let required: Vec<_> = manifest.requirements.iter().map(|r| (r.path.as_str(), r.indirect, r.line)).collect();
    assert_eq!(
        required,
        [
            ("github.com/BurntSushi/toml", false, 9),
            ("golang.org/x/sys", true, 10),
            ("golang.org/x/text", true, 11),
            ("gopkg.in/yaml.v3", false, 12),
            ("rsc.io/quote/v3", false, 15),
        ]
    );
    assert!(manifest.excluded.contains(&("example.com/bad".to_owned(), "v1.0.0".to_owned())));
    assert!(manifest.unknown.is_empty() && manifest.ended && manifest.lists_everything());
}

#[test]
fn the_replacement_for_a_version_comes_before_the_one_for_all() {
    let manifest = parse(MOD.as_bytes()).unwrap();
    let module = |version: &str| Target::Module("example.com/text".to_owned(), version.to_owned());
    assert_eq!(manifest.replacement("golang.org/x/text", "v0.1.0"), Some(&module("v0.2.0")));
    assert_eq!(manifest.replacement("golang.org/x/text", "v9.0.0"), Some(&module("v0.3.0")));
    assert_eq!(manifest.replacement("golang.org/x/sys", "v1.0.0"), Some(&Target::Folder("../sys".to_owned())));
    assert_eq!(manifest.replacement("gopkg.in/yaml.v3", "v3.0.1"), None);
}

#[test]
fn a_directive_of_a_later_go_is_kept_and_one_that_is_wrong_is_refused() {
    let manifest = parse(b"module m\nfrobnicate a b\n").unwrap();
    assert_eq!(manifest.unknown, [(2, "frobnicate".to_owned())]);
    for text in ["require a\n", "module a\nmodule b\n", "replace a b\n", "replace a => b\n", "exclude a\n", "go\n"] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert!(error.message.contains("not written like that"), "{text}: {error}");
    }
}

#[test]
fn before_go_1_17_a_file_does_not_list_everything() {
    for (go, wanted) in
        [("", false), ("go 1.9\n", false), ("go 1.16\n", false), ("go 1.17\n", true), ("go 2.0\n", true)]
    {
        assert_eq!(parse(format!("module m\n{go}").as_bytes()).unwrap().lists_everything(), wanted, "{go}");
    }
}
