use super::*;
use crate::ecosystem::rust::{cargo_lock, manifest};

/// A lockfile; a version that ends with `!` is of an own crate.
fn lock(crates: &[(&str, &str, &[&str])]) -> Inventory {
    let mut text = "version = 4\n".to_owned();
    for (name, version, needs) in crates {
        let (own, version) = version.strip_suffix('!').map_or((false, *version), |version| (true, version));
        text += &format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        if !own {
            text += "source = \"registry+https://example.com/index\"\n";
        }
        let needs: Vec<String> = needs.iter().map(|need| format!("\"{need}\"")).collect();
        text += &format!("dependencies = [{}]\n", needs.join(", "));
    }
    cargo_lock::parse(text.as_bytes()).unwrap()
}

fn scopes(crates: &[(&str, &str, &[&str])], files: &[(&str, &str)]) -> Vec<(String, Scope)> {
    let mut inventory = lock(crates);
    let manifests = files.iter().map(|(path, text)| ((*path).to_owned(), manifest::parse(text.as_bytes()).unwrap()));
    assign(&mut inventory, "ws/Cargo.lock", &manifests.collect());
    inventory
        .packages
        .into_iter()
        .map(|package| (format!("{} {}", package.name, package.version.unwrap()), package.scope))
        .collect()
}

fn wanted(list: &[(&str, Scope)]) -> Vec<(String, Scope)> {
    list.iter().map(|(name, scope)| ((*name).to_owned(), *scope)).collect()
}

#[test]
fn what_only_development_dependencies_reach_is_for_development() {
    use Scope::{Development, Required};
    let found = scopes(
        &[
            ("app", "0.1.0!", &["built", "lib", "real", "tested"]),
            ("built", "1.0.0", &[]),
            ("deep", "1.0.0", &[]),
            ("lib", "0.1.0!", &["both", "platform"]),
            ("both", "1.0.0", &[]),
            ("platform", "1.0.0", &[]),
            ("real", "1.0.0", &[]),
            ("tested", "1.0.0", &["both", "deep"]),
        ],
        &[
            (
                "ws/Cargo.toml",
                "[workspace]\nmembers = ['crates/*']\n[workspace.dependencies]\ninherited = { package = 'real', version = '1' }\n\
                 lib = { path = 'lib' }",
            ),
            (
                "ws/crates/app/Cargo.toml",
                "[package]\nname = 'app'\n[dependencies]\nlib.workspace = true\ninherited = { workspace = true, optional = true }\n\
                 [build-dependencies]\nbuilt = '1'\n[dev-dependencies]\ntested = '1'",
            ),
            (
                "ws/lib/Cargo.toml",
                "[package]\nname = 'lib'\n[dev-dependencies]\nboth = '1'\n[target.'cfg(unix)'.dependencies]\nboth = '1'\nplatform = '1'",
            ),
        ],
    );
    let wanted = wanted(&[
        ("app 0.1.0", Required),
        ("built 1.0.0", Required),
        ("deep 1.0.0", Development),
        ("lib 0.1.0", Required),
        ("both 1.0.0", Required),
        ("platform 1.0.0", Required),
        ("real 1.0.0", Required),
        ("tested 1.0.0", Development),
    ]);
    assert_eq!(found, wanted);
}

#[test]
fn two_versions_of_a_crate_may_be_wanted_for_two_purposes() {
    use Scope::{Development, Required};
    let found = scopes(
        &[("app", "0.1.0!", &["rand 0.7.3", "rand 0.8.5"]), ("rand", "0.7.3", &[]), ("rand", "0.8.5", &[])],
        &[(
            "ws/Cargo.toml",
            "[package]\nname = 'app'\n[dependencies]\nrand = '0.8'\n[dev-dependencies]\nold = { package = 'rand', version = '0.7' }",
        )],
    );
    assert_eq!(found, wanted(&[("app 0.1.0", Required), ("rand 0.7.3", Development), ("rand 0.8.5", Required)]));
}

#[test]
fn a_member_without_a_manifest_leaves_open_what_its_dependencies_are_for() {
    use Scope::{Development, Required, Unstated};
    let crates: &[(&str, &str, &[&str])] = &[
        ("app", "0.1.0!", &["a", "t"]),
        ("a", "1.0.0", &[]),
        ("hidden", "0.1.0!", &["a", "h"]),
        ("h", "1.0.0", &["t"]),
        ("t", "1.0.0", &["u"]),
        ("u", "1.0.0", &[]),
    ];
    let app = "[package]\nname = 'app'\n[dependencies]\na = '1'\n[dev-dependencies]\nt = '1'";
    let found = scopes(crates, &[("ws/Cargo.toml", app)]);
    let known = [
        ("app 0.1.0", Required),
        ("a 1.0.0", Required),
        ("hidden 0.1.0", Unstated),
        ("h 1.0.0", Unstated),
        ("t 1.0.0", Unstated),
        ("u 1.0.0", Unstated),
    ];
    assert_eq!(found, wanted(&known));
    let alone = scopes(crates, &[("elsewhere/Cargo.toml", app)]);
    assert!(alone.iter().all(|(_, scope)| *scope == Unstated));
    let apart = scopes(&[("app", "0.1.0!", &["t"]), ("t", "1.0.0", &[])], &[("ws/Cargo.toml", app)]);
    assert_eq!(apart, wanted(&[("app 0.1.0", Required), ("t 1.0.0", Development)]));
}
