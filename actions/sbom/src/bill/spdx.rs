//! SPDX 2.3 JSON, as any tool writes it.

use super::{About, Bill, BillError, Form, Part, Party, unique};
use crate::{graph::Licence, licence::normalise};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: String,
    document_namespace: Option<String>,
    creation_info: Option<CreationInfo>,
    packages: Option<Vec<Package>>,
    relationships: Option<Vec<Relationship>>,
    document_describes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct CreationInfo {
    created: Option<String>,
    creators: Option<Vec<String>>,
    comment: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Package {
    #[serde(rename = "SPDXID")]
    id: Option<String>,
    name: String,
    version_info: Option<String>,
    license_concluded: Option<String>,
    license_declared: Option<String>,
    supplier: Option<String>,
    originator: Option<String>,
    checksums: Option<Vec<Checksum>>,
    external_refs: Option<Vec<ExternalRef>>,
    primary_package_purpose: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: String,
    related_spdx_element: String,
}

pub(super) fn read(bytes: &[u8]) -> Result<Bill, BillError> {
    let document: Document = serde_json::from_slice(bytes)?;
    let mut parts = BTreeMap::new();
    for mut package in document.packages.into_iter().flatten() {
        let reference = unique(&parts, package.id.take());
        parts.insert(reference, part(package));
    }
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut described = document.document_describes.unwrap_or_default();
    for relationship in document.relationships.into_iter().flatten() {
        let (one, kind, other) =
            (relationship.spdx_element_id, relationship.relationship_type, relationship.related_spdx_element);
        match kind.as_str() {
            "DESCRIBES" => described.push(other),
            "DESCRIBED_BY" => described.push(one),
            "DEPENDS_ON" | "CONTAINS" => link(&parts, &mut edges, (one, other)),
            "CONTAINED_BY" => link(&parts, &mut edges, (other, one)),
            _ => {
                if let Some(purpose) = kind.strip_suffix("DEPENDENCY_OF") {
                    if let (true, Some(part)) = (is_development(purpose), parts.get_mut(&one)) {
                        part.excluded = true;
                    }
                    link(&parts, &mut edges, (other, one));
                }
            }
        }
    }
    described.sort();
    described.dedup();
    let root = match described.as_slice() {
        [only] if parts.contains_key(only) => Some(only.clone()),
        _ => None,
    };
    let mut about = document.creation_info.map(about).unwrap_or_default();
    about.serial = document.document_namespace;
    let version = document.spdx_version.trim_start_matches("SPDX-").to_owned();
    Ok(Bill { form: Form::Spdx(version), about, root, parts, edges, completeness: BTreeMap::new() })
}

fn is_development(purpose: &str) -> bool {
    matches!(purpose, "DEV_" | "TEST_" | "BUILD_" | "DEV_TOOL_" | "TEST_TOOL_" | "BUILD_TOOL_")
}

fn link(parts: &BTreeMap<String, Part>, edges: &mut BTreeMap<String, BTreeSet<String>>, (from, to): (String, String)) {
    if from != to && parts.contains_key(&from) && parts.contains_key(&to) {
        edges.entry(from).or_default().insert(to);
    }
}

fn about(info: CreationInfo) -> About {
    let mut about = About { timestamp: info.created, ..About::default() };
    for creator in info.creators.into_iter().flatten() {
        match creator.split_once(':').map(|(kind, rest)| (kind.trim(), rest.trim())) {
            // `name-version` by convention; a name may hold hyphens, a version begins with a digit.
            Some(("Tool", tool)) => about.tools.push(match tool.rsplit_once('-') {
                Some((name, version)) if version.starts_with(|c: char| c.is_ascii_digit() || c == 'v') => {
                    (name.to_owned(), Some(version.to_owned()))
                }
                _ => (tool.to_owned(), None),
            }),
            _ => about.authors.extend(party(&creator)),
        }
    }
    about.lifecycles = info.comment.into_iter().collect();
    about
}

/// `Organization: Name (address)`; `None` for `NOASSERTION`.
fn party(text: &str) -> Option<Party> {
    let (kind, rest) = text.split_once(':')?;
    if !matches!(kind.trim(), "Person" | "Organization") {
        return None;
    }
    let rest = rest.trim();
    let (name, address) = rest.split_once('(').map_or((rest, ""), |(name, address)| (name, address));
    let address = address.trim_end_matches(')').trim();
    Some(Party { name: name.trim().to_owned(), reachable: !address.is_empty() })
}

fn part(package: Package) -> Part {
    let licence = |text: Option<String>| text.as_deref().and_then(normalise);
    let concluded = licence(package.license_concluded);
    let is_concluded = concluded.is_some();
    let licences: BTreeSet<Licence> = concluded.or(licence(package.license_declared)).into_iter().collect();
    let reference = |wanted: &str| {
        let refs = package.external_refs.iter().flatten();
        refs.into_iter().find(|r| r.reference_type == wanted).map(|r| r.reference_locator.clone())
    };
    let purl = reference("purl").and_then(|purl| purl.parse::<crate::purl::PackageUrl<'static>>().ok());
    let checksum = |c: &Checksum| (algorithm(&c.algorithm), c.checksum_value.to_lowercase());
    let hashes: BTreeSet<_> = package.checksums.iter().flatten().map(checksum).collect();
    let parties = [&package.originator, &package.supplier];
    Part {
        kind: kind(package.primary_package_purpose.as_deref()),
        // SPDX has one name; the group is the purl's namespace where tools keep it out of the name.
        group: None,
        version: package.version_info.filter(|version| !version.is_empty() && version != "NOASSERTION"),
        other_identifier: ["cpe23Type", "cpe22Type", "swid", "gitoid", "swh"].iter().any(|id| reference(id).is_some()),
        purl,
        licences,
        concluded: is_concluded,
        distribution_hash: hashes.iter().any(|(algorithm, _)| algorithm == "SHA-512"),
        hashes,
        producer: parties.into_iter().flatten().find_map(|text| party(text)),
        name: package.name,
        ..Part::default()
    }
}

/// CycloneDX's word for a purpose.
fn kind(purpose: Option<&str>) -> String {
    match purpose {
        None | Some("LIBRARY") => "library".to_owned(),
        Some("OPERATING-SYSTEM" | "OPERATING_SYSTEM") => "operating-system".to_owned(),
        Some(other) => other.to_lowercase(),
    }
}

/// CycloneDX's spelling of an algorithm.
fn algorithm(spdx: &str) -> String {
    match spdx {
        "SHA1" => "SHA-1".to_owned(),
        "SHA256" => "SHA-256".to_owned(),
        "SHA384" => "SHA-384".to_owned(),
        "SHA512" => "SHA-512".to_owned(),
        other => other.to_owned(),
    }
}
