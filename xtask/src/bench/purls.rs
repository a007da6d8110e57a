//! The packages a CycloneDX document lists, in one spelling: type, name and version, whatever tool wrote the purl.

use serde_json::Value;
use std::collections::BTreeSet;

/// Packages by their purl without qualifiers.
pub(super) type Purls = BTreeSet<String>;

/// The components and those within them; what the document is about is none.
pub(super) fn of(document: &Value) -> Purls {
    let mut found = Purls::new();
    let mut open: Vec<&Value> = document["components"].as_array().into_iter().flatten().collect();
    while let Some(component) = open.pop() {
        open.extend(component["components"].as_array().into_iter().flatten());
        // Files and the system itself are no packages.
        let package = !matches!(component["type"].as_str(), Some("file" | "operating-system" | "cryptographic-asset"));
        if let Some(purl) = component["purl"].as_str().filter(|_| package) {
            found.insert(normal(purl));
        }
    }
    found
}

/// What a document calls the project's own, on no registry and therefore without a purl, with what it is about: name and
/// version as they end a purl.
pub(super) fn own(document: &Value) -> BTreeSet<String> {
    let listed = document["components"].as_array().into_iter().flatten();
    let own = listed.filter(|component| component["purl"].is_null()).chain([&document["metadata"]["component"]]);
    own.filter_map(|component| {
        let group = component["group"].as_str().map(|group| format!("{group}/")).unwrap_or_default();
        let version = component["version"].as_str().map(|version| format!("@{version}")).unwrap_or_default();
        Some(format!("{group}{}{version}", component["name"].as_str()?).to_lowercase())
    })
    .collect()
}

/// Whether a purl names one of these.
pub(super) fn names(purl: &str, own: &BTreeSet<String>) -> bool {
    let rest = purl.strip_prefix("pkg:").and_then(|rest| rest.split_once('/')).map_or(purl, |(_, rest)| rest);
    own.contains(&rest.to_lowercase())
}

/// What is another spelling of the same package is made equal; what is another package is not.
fn normal(purl: &str) -> String {
    let (whole, within) = purl.split_once('#').unwrap_or((purl, ""));
    let plain = decoded(whole.split('?').next().unwrap_or(whole));
    let (kind, rest) = plain.strip_prefix("pkg:").and_then(|rest| rest.split_once('/')).unwrap_or(("", &plain));
    let at = rest.rfind('@').filter(|at| *at > 0).unwrap_or(rest.len());
    let (name, version) = rest.split_at(at);
    // A module below a repository and a pod of a pod have names of their own.
    let inner = !within.is_empty() && matches!(kind, "golang" | "cocoapods") && !name.ends_with(within);
    let name = if inner { format!("{name}/{within}") } else { name.to_owned() };
    let name = name.as_str();
    let (name, mut version) = match kind {
        "pypi" => (name.to_lowercase().replace(['_', '.'], "-"), version.to_owned()),
        // The Go proxy tells capital letters apart; cdxgen and the specification do not.
        "golang" | "nuget" | "composer" | "github" | "githubactions" => (name.to_lowercase(), version.to_owned()),
        _ => (name.to_owned(), version.to_owned()),
    };
    if kind == "composer" {
        version = version.replacen("@v", "@", 1);
    }
    format!("pkg:{kind}/{name}{version}")
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_package_are_equal() {
        for (one, other) in [
            ("pkg:npm/%40babel/core@7.26.0", "pkg:npm/@babel/core@7.26.0"),
            ("pkg:pypi/ruamel.yaml@1.0", "pkg:pypi/ruamel_yaml@1.0"),
            ("pkg:golang/github.com/BurntSushi/toml@v1.0", "pkg:golang/github.com/burntsushi/toml@v1.0?type=module"),
            ("pkg:golang/github.com/a/b/v3@v3.0", "pkg:golang/github.com/a/b@v3.0?type=module#v3"),
            ("pkg:deb/debian/libc6@2.36-9%2Bdeb12u9?arch=amd64", "pkg:deb/debian/libc6@2.36-9+deb12u9"),
        ] {
            assert_eq!(normal(one), normal(other));
        }
        assert_ne!(normal("pkg:npm/a@1"), normal("pkg:npm/a@2"));
        assert_eq!(normal("pkg:npm/@scope/a"), "pkg:npm/@scope/a");
    }
}
