//! What holds for any graph: every writer takes it, the order of files leaves no trace, and the document is well-formed.

#![allow(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

use cyclonedx_bom::validation::Validate as _;
use proptest::prelude::*;
use sbom::{
    assemble::{Development, assemble},
    cyclonedx::{self, SpecVersion, Syntax},
    graph::{
        Attribution, Checksum, Ecosystem, Graph, Identification, Inventory, Knowledge, Licence, Origin, Package, Party,
        Place, Reference, ReferenceKind, Root, RootKind, Scope, Technique,
    },
    lexical,
    snapshot::{self, Run},
    spdx,
};
use std::collections::BTreeSet;

const VERSIONS: [SpecVersion; 3] = [SpecVersion::V1_5, SpecVersion::V1_6, SpecVersion::V1_7];

/// Text as it comes: plain, foreign, hostile.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z][a-z0-9.-]{0,8}",
        1 => any::<String>(),
        1 => prop::sample::select(vec![
            "", " ", "a\nb", "\u{0}", "]]>", "<&\"'>", "\u{fffe}", "\u{202e}x", "a(b)c", "LicenseRef-x", "-", "SPDXRef-DOCUMENT", "é🍏",
        ]).prop_map(str::to_owned),
    ]
}

fn url() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("https://example.org/a.tgz".to_owned()),
        Just("git+https://example.org/a.git@0f0f".to_owned()),
        Just("git@github.com:a/b.git".to_owned()),
        Just("http://nexus:8081/a b".to_owned()),
        text().prop_map(|text| format!("https://{text}")),
        text().prop_map(|text| format!("https://example.org/{text}")),
        text(),
    ]
}

fn licence() -> impl Strategy<Value = Licence> {
    prop_oneof![
        Just(Licence::Id("MIT".to_owned())),
        Just(Licence::Id("GPL-2.0+".to_owned())),
        Just(Licence::Expression("MIT OR Apache-2.0".to_owned())),
        Just(Licence::Expression("MIT AND LicenseRef-own".to_owned())),
        text().prop_filter_map("no words", |text| sbom::licence::normalise(&text)),
    ]
}

fn origin() -> impl Strategy<Value = Origin> {
    let kinds = vec!["cargo", "npm", "pypi", "deb", "golang", "maven", "gem", "oci", "generic", "rpm", "github"];
    let purl =
        (prop::sample::select(kinds), text(), text(), text()).prop_filter_map("no purl", |(kind, space, name, url)| {
            let purl =
                sbom::purl::Purl::new(kind, &name).namespace(&space).version("1").qualifier("vcs_url", &url).build()?;
            Some(Origin::Purl(purl))
        });
    prop_oneof![8 => purl, 1 => Just(Origin::Own), 1 => Just(Origin::System)]
}

prop_compose! {
    fn package()(
        name in text().prop_filter("a name", |text| !text.is_empty()),
        group in prop::option::of(text()),
        version in prop::option::of(text()),
        origin in origin(),
        publisher in prop::option::of(text()),
        licences in prop::collection::btree_set(licence(), 0..3),
        hex in prop::sample::select(vec!["ab".repeat(32), "ab".repeat(20), "x".to_owned()]),
        urls in prop::collection::vec(url(), 0..3),
        (scope, known, confidence) in (0..5_usize, 0..3_usize, 0..120_u8),
        (within, line, needs) in (prop::option::of(0..6_usize), prop::option::of(any::<u32>()), prop::collection::vec(0..6_usize, 0..4)),
    ) -> Package {
        let mut package = Package::new(name, version, origin);
        package.group = group;
        package.publisher = publisher;
        package.licences = licences;
        package.checksums = BTreeSet::from([Checksum { algorithm: "SHA-256", hex }]);
        let kinds = [ReferenceKind::Distribution, ReferenceKind::Vcs, ReferenceKind::Website];
        package.references = urls.into_iter().zip(kinds).map(|(url, kind)| Reference { kind, url }).collect();
        package.scope = [Scope::Development, Scope::Optional, Scope::Provided, Scope::Unstated, Scope::Required][scope];
        package.needs_known = [Knowledge::Unknown, Knowledge::Incomplete, Knowledge::Complete][known];
        package.identification = Identification { confidence, technique: Technique::BinaryAnalysis };
        (package.within, package.line, package.needs) = (within, line, needs);
        package
    }
}

prop_compose! {
    fn inventory()(
        ecosystem in prop::sample::select(vec![Ecosystem::Npm, Ecosystem::Deb, Ecosystem::Os, Ecosystem::Cargo]),
        path in text(),
        layer in prop::option::of(Just("sha256:00".to_owned())),
        mut packages in prop::collection::vec(package(), 1..6),
        direct in prop::option::of(prop::collection::vec(0..6_usize, 0..3)),
    ) -> Inventory {
        let count = packages.len();
        for package in &mut packages {
            package.needs.iter_mut().for_each(|need| *need %= count);
            package.within = package.within.map(|within| within % count);
        }
        let mut inventory = Inventory::new(ecosystem);
        inventory.files.push(Place { path, layer });
        inventory.packages = packages;
        inventory.direct = direct.map(|direct| direct.into_iter().map(|index| index % count).collect());
        inventory.remark(Some(3), "a \u{0} remark");
        inventory
    }
}

fn graph(inventories: Vec<Inventory>, name: &str) -> Graph {
    let root = Root {
        kind: RootKind::Container,
        name: name.to_owned(),
        version: None,
        purl: None,
        properties: std::collections::BTreeMap::new(),
    };
    let mut graph = assemble(Some(root), inventories, Development::Mark);
    let party = lexical::party(name).or(Some(Party { name: Some("x".to_owned()), ..Party::default() }));
    graph.attribution =
        Attribution { authors: party.clone().into_iter().collect(), supplier: party.clone(), manufacturer: party };
    graph
}

/// Every document of a graph, by what it is.
fn documents(graph: &Graph) -> Vec<(String, Vec<u8>)> {
    let scanned: jiff::Timestamp = "2024-01-02T03:04:05Z".parse().unwrap();
    let at = Some(scanned);
    let run = Run {
        sha: "0".repeat(40),
        full_ref: "refs/heads/main".to_owned(),
        correlator: "c".to_owned(),
        id: "1".to_owned(),
        url: None,
        scanned,
        folder: Some(String::new()),
    };
    let mut all = Vec::new();
    for version in VERSIONS {
        for syntax in [Syntax::Json, Syntax::Xml] {
            let name = format!("{} {syntax:?}", version.label());
            let written = cyclonedx::write(graph, version, syntax, at);
            all.push((name.clone(), written.unwrap_or_else(|error| panic!("{name}: {error}"))));
        }
    }
    for version in [spdx::SpecVersion::V2_3, spdx::SpecVersion::V3_0] {
        all.push((format!("{version:?}"), spdx::write(graph, version, at).unwrap()));
    }
    all.push(("snapshot".to_owned(), snapshot::write(graph, &run).unwrap()));
    all
}

proptest! {
    #[test]
    fn every_writer_takes_every_graph(inventories in prop::collection::vec(inventory(), 1..4), name in text()) {
        let graph = graph(inventories, &name);
        for (kind, bytes) in documents(&graph) {
            let text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(text.lines().count(), 1, "{}", kind);
            if kind.ends_with("Xml") {
                let mut reader = quick_xml::Reader::from_str(&text);
                let mut components = 0;
                loop {
                    match reader.read_event().unwrap() {
                        quick_xml::events::Event::Eof => break,
                        quick_xml::events::Event::Start(start) if start.name().as_ref() == "component" => components += 1,
                        _ => {}
                    }
                }
                // The tool and the root are components as well.
                prop_assert_eq!(components, graph.components.len() + 2, "{}", kind);
                prop_assert!(text.chars().all(|c| !c.is_control() || c == '\n'));
            } else {
                let document: serde_json::Value = serde_json::from_str(&text).unwrap();
                if kind == "1.5 Json" {
                    let judged = cyclonedx_bom::models::bom::Bom::parse_from_json_v1_5(text.as_bytes()).unwrap().validate();
                    prop_assert!(judged.passed(), "{:?}", judged.errors().next());
                }
                if kind == "V2_3" {
                    let ids: BTreeSet<_> = document["packages"].as_array().unwrap().iter().map(|p| p["SPDXID"].as_str().unwrap()).collect();
                    prop_assert_eq!(ids.len(), graph.components.len() + 1, "every package has a name of its own");
                }
            }
        }
    }

    #[test]
    fn the_order_of_files_and_packages_leaves_no_trace(inventories in prop::collection::vec(inventory(), 2..4), turn in 0..4_usize) {
        let straight = documents(&graph(inventories.clone(), "r"));
        let mut turned = inventories;
        let by = turn % turned.len();
        turned.rotate_left(by);
        prop_assert_eq!(straight, documents(&graph(turned, "r")));
    }
}
