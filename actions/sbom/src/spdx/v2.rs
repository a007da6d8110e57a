//! SPDX 2.3 as JSON (`spdx-schema.json` of 2.3).

use super::{
    About, LICENCE_LIST, NO_TIME, NO_TIME_COMMENT, TOOL, called,
    edges::{Need, needs},
    found_in,
    licences::{self, References, declared},
    names::names,
};
use crate::{
    addresses::addresses,
    graph::{self, Component, Graph, Knowledge, Origin, Party, ReferenceKind, RootKind},
    lexical::{self, plain},
};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap};

const NOASSERTION: &str = "NOASSERTION";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: Cow<'a, str>,
    document_namespace: String,
    creation_info: CreationInfo,
    packages: Vec<Package<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Extracted>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
    created: String,
    creators: Vec<String>,
    license_list_version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: String,
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_info: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    originator: Option<String>,
    download_location: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<Cow<'a, str>>,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<Cow<'a, str>>,
    license_concluded: &'static str,
    license_declared: String,
    copyright_text: &'static str,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extracted {
    license_id: String,
    name: String,
    extracted_text: String,
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// The document; without a namespace it is only good for being counted.
pub(super) fn document<'a>(about: &About<'a>) -> Document<'a> {
    let graph = about.graph;
    let ids = names(graph);
    let mut references = References::new();
    let mut packages = vec![root(graph, &ids)];
    let listed = graph.components.iter();
    packages.extend(listed.map(|(reference, found)| package(graph, ids[&**reference].clone(), found, &mut references)));
    Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: "SPDXRef-DOCUMENT",
        name: plain(&graph.root.name),
        document_namespace: about.namespace.clone(),
        creation_info: CreationInfo {
            comment: about.created.is_none().then_some(NO_TIME_COMMENT),
            created: about.created.clone().unwrap_or_else(|| NO_TIME.to_owned()),
            creators: [format!("Tool: {TOOL}")]
                .into_iter()
                .chain(graph.attribution.authors.iter().filter_map(organization))
                .collect(),
            license_list_version: LICENCE_LIST,
        },
        packages,
        has_extracted_licensing_infos: references
            .into_iter()
            .map(|(license_id, name)| Extracted { license_id, extracted_text: licences::words(&name), name })
            .collect(),
        relationships: relationships(graph, &ids),
    }
}

fn root<'a>(graph: &'a Graph, ids: &BTreeMap<&str, String>) -> Package<'a> {
    let root = &graph.root;
    Package {
        id: ids[&*graph.root_ref].clone(),
        name: plain(&root.name),
        version_info: root.version.as_deref().map(plain),
        supplier: graph.attribution.supplier.as_ref().and_then(organization),
        originator: graph.attribution.manufacturer.as_ref().and_then(organization),
        download_location: NOASSERTION.into(),
        homepage: None,
        files_analyzed: false,
        checksums: Vec::new(),
        source_info: None,
        license_concluded: NOASSERTION,
        license_declared: NOASSERTION.to_owned(),
        copyright_text: NOASSERTION,
        primary_package_purpose: match root.kind {
            RootKind::Application => "APPLICATION",
            RootKind::Container => "CONTAINER",
        },
        external_refs: root.purl.as_deref().map(purl_reference).into_iter().collect(),
    }
}

fn package<'a>(graph: &Graph, id: String, found: &'a Component, references: &mut References) -> Package<'a> {
    let package = &found.package;
    let own = package.origin == Origin::Own;
    let of_ours = |party: &Option<Party>| party.as_ref().filter(|_| own).and_then(organization);
    let published = package.publisher.as_deref().and_then(lexical::party);
    let all = addresses(package);
    let first = |wanted| all.iter().find(|(kind, _)| *kind == wanted).map(|(_, url)| url.clone());
    let location = first(ReferenceKind::Distribution).or_else(|| first(ReferenceKind::Vcs));
    let sound = package.checksums.iter().filter(|checksum| lexical::fits(checksum));
    Package {
        id,
        name: name(package),
        version_info: package.version.as_deref().map(plain),
        supplier: published.as_ref().and_then(organization).or_else(|| of_ours(&graph.attribution.supplier)),
        originator: of_ours(&graph.attribution.manufacturer),
        download_location: location.filter(|url| is_location(url)).unwrap_or(NOASSERTION.into()),
        homepage: first(ReferenceKind::Website).filter(|url| is_location(url)),
        files_analyzed: false,
        checksums: sound
            .map(|checksum| Checksum { algorithm: algorithm(checksum.algorithm), checksum_value: &checksum.hex })
            .collect(),
        source_info: found_in(found),
        license_concluded: NOASSERTION,
        license_declared: declared(package, references).unwrap_or_else(|| NOASSERTION.to_owned()),
        copyright_text: NOASSERTION,
        primary_package_purpose: match package.origin {
            Origin::System => "OPERATING-SYSTEM",
            Origin::Own => "APPLICATION",
            Origin::Purl(_) => "LIBRARY",
        },
        external_refs: match &package.origin {
            Origin::Purl(purl) => vec![purl_reference(purl)],
            Origin::Own | Origin::System => Vec::new(),
        },
    }
}

fn name(package: &graph::Package) -> Cow<'_, str> {
    match &package.group {
        Some(group) => Cow::Owned(plain(&format!("{group}/{}", package.name)).into_owned()),
        None => plain(&package.name),
    }
}

fn purl_reference(purl: &str) -> ExternalRef<'_> {
    ExternalRef { reference_category: "PACKAGE-MANAGER", reference_type: "purl", reference_locator: purl }
}

/// `Organization: name (address)`; brackets of the name would be read as those of the address.
fn organization(party: &Party) -> Option<String> {
    let name = plain(called(party)?).replace('(', "[").replace(')', "]");
    let email = party.email.as_ref().map(|email| format!(" ({email})")).unwrap_or_default();
    Some(format!("Organization: {name}{email}"))
}

/// A location that readers take: a web or repository address whose host has a dot and a top-level domain (7.7).
fn is_location(url: &str) -> bool {
    let bare = ["git+", "hg+", "svn+", "bzr+"].iter().find_map(|prefix| url.strip_prefix(prefix)).unwrap_or(url);
    let Some((scheme, rest)) = bare.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        !label.is_empty() && inner && !label.contains("--") && !label.starts_with('-') && !label.ends_with('-')
    };
    let top = |label: &str| label.len() > 1 && label.bytes().all(|b| b.is_ascii_alphabetic());
    ["http", "https", "ssh", "git", "svn", "ftp", "sftp"].contains(&scheme)
        && host.split('.').all(label)
        && host.rsplit_once('.').is_some_and(|(_, last)| top(last))
}

/// SPDX writes the SHA family without a hyphen, and SHA-3 and BLAKE2 as CycloneDX does.
fn algorithm(name: &'static str) -> &'static str {
    match name {
        "SHA-1" => "SHA1",
        "SHA-256" => "SHA256",
        "SHA-384" => "SHA384",
        "SHA-512" => "SHA512",
        other => other,
    }
}

fn relationships(graph: &Graph, ids: &BTreeMap<&str, String>) -> Vec<Relationship> {
    let root = &ids[&*graph.root_ref];
    let says = |from: &str, relationship_type, to: &str| Relationship {
        spdx_element_id: from.to_owned(),
        relationship_type,
        related_spdx_element: to.to_owned(),
    };
    let mut all = vec![says("SPDXRef-DOCUMENT", "DESCRIBES", root)];
    for (reference, found) in &graph.components {
        let inside =
            found.within.as_deref().or(Some(&*graph.root_ref).filter(|_| graph.root.kind == RootKind::Container));
        all.extend(inside.map(|outer| says(&ids[outer], "CONTAINS", &ids[&**reference])));
    }
    for need in needs(graph) {
        let from = &ids[need.from];
        let leaf = need.to.is_empty();
        for (kind, to) in need.to {
            all.extend(to.into_iter().map(|to| match kind {
                Need::Plain => says(from, "DEPENDS_ON", &ids[to]),
                Need::Development => says(&ids[to], "DEV_DEPENDENCY_OF", from),
                Need::Optional => says(&ids[to], "OPTIONAL_DEPENDENCY_OF", from),
                Need::Provided => says(&ids[to], "PROVIDED_DEPENDENCY_OF", from),
            }));
        }
        // "NONE" and "NOASSERTION" are the known and the unknown end of the list (11.1).
        match need.known {
            Knowledge::Complete if leaf => all.push(says(from, "DEPENDS_ON", "NONE")),
            Knowledge::Complete => {}
            Knowledge::Incomplete | Knowledge::Unknown => all.push(says(from, "DEPENDS_ON", NOASSERTION)),
        }
    }
    all.sort();
    all
}
