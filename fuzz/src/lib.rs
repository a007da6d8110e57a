//! What the fuzz targets share: bytes as the files of a source, and what must hold of whatever is read from them.
//!
//! A target fails by a panic, by taking longer than `-timeout`, and by more memory than `-rss_limit_mb`.

use oci::{Platform, image::Image, layout::Layout};
use sbom::{
    assemble::{Development, assemble},
    bill::Bill,
    cyclonedx::{SpecVersion, Syntax, write},
    ecosystem::{Candidate, Found, Place, Sighting, inventories, recognise},
    graph, licence, purl,
    source::image::Progress,
    vex,
};
use std::{collections::BTreeSet, sync::OnceLock};

/// Between two files of one input: this, the path of the second, a line feed.
pub const NEXT_FILE: &[u8] = b"\n\0file ";

/// Whether an input is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Somebody read it.
    Yes,
    /// Nobody reads a file of this name.
    No,
}

#[cfg(feature = "targets")]
impl From<Kept> for libfuzzer_sys::Corpus {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::Yes => Self::Keep,
            Kept::No => Self::Reject,
        }
    }
}

/// The files of an input, by path.
fn files(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = Some(data);
    while let Some(part) = rest {
        let end = part.windows(NEXT_FILE.len()).position(|window| window == NEXT_FILE);
        let (file, after) = end.map_or((part, None), |end| (&part[..end], Some(&part[end + NEXT_FILE.len()..])));
        let line = file.iter().position(|byte| *byte == b'\n').unwrap_or(file.len());
        let path = String::from_utf8_lossy(&file[..line]).into_owned();
        found.push((path, file.get(line + 1..).unwrap_or_default().to_vec()));
        rest = after;
    }
    found
}

/// Has the files read as a source tree, or as an image where no tree has such files, and writes down what they say.
///
/// # Panics
/// When a reader does, when what was read cannot be written, or when the document contradicts itself.
pub fn source(data: &[u8]) -> Kept {
    let files = files(data);
    for place in [Place::Tree, Place::Image] {
        let mut sighting = Sighting::default();
        let mut read = false;
        for (path, bytes) in &files {
            let candidate = Candidate { path, place, size: bytes.len() as u64, executable: true };
            if let Some(format) = recognise(&candidate) {
                read = true;
                let layer = (place == Place::Image).then(|| "sha256:0".to_owned());
                let place = graph::Place { path: path.clone(), layer };
                sighting.add(format, Found { place, bytes: bytes.clone() });
            }
        }
        if read {
            let neighbour = |path: &str| files.iter().find(|(known, _)| known == path).map(|(_, bytes)| bytes.clone());
            written(inventories(sighting, place, &neighbour));
            return Kept::Yes;
        }
    }
    Kept::No
}

/// The document of what was read can be written, and its references lead somewhere.
fn written(inventories: Vec<graph::Inventory>) {
    let graph = assemble(None, inventories, Development::Mark);
    let Ok(bytes) = write(&graph, SpecVersion::V1_6, Syntax::Json, None) else { panic!("cannot be written") };
    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let mut refs: Vec<String> = list(&document["components"]).iter().map(|c| text(&c["bom-ref"])).collect();
    refs.push(text(&document["metadata"]["component"]["bom-ref"]));
    let known: BTreeSet<&String> = refs.iter().collect();
    assert_eq!(known.len(), refs.len(), "two components have one name");
    for entry in list(&document["dependencies"]) {
        for to in list(&entry["dependsOn"]) {
            assert!(known.contains(&text(&to)), "{to} leads nowhere");
        }
    }
}

/// Reads a bill of materials of another tool, or a VEX document.
pub fn bill(data: &[u8]) {
    let _ = Bill::read(data);
    let _ = vex::read(data);
}

/// A root whose authorities the fuzzer has no key of.
const ROOT: &[u8] = include_bytes!("../../crates/attest/tests/keyless/trusted_root.json");

/// Reads a bundle, and a trusted root; a bundle that is read is written and read again.
///
/// # Panics
/// When what was read cannot be read again, or is believed of nobody.
pub fn bundle(data: &[u8]) {
    let _ = attest::Statement::parse(data);
    let _ = attest::TrustedRoot::read(data);
    if let Ok(bundle) = attest::Bundle::parse(data) {
        let again = attest::Bundle::parse(&bundle.to_bytes());
        assert!(again.is_ok(), "{again:?}");
        let _ = bundle.predicate_type();
        assert!(attest::verify(&bundle, &[]).is_err(), "nobody's key has signed it");
        if let Ok(root) = attest::TrustedRoot::read(ROOT) {
            let trust = attest::Trust { keys: &[], certificates: Some((&root, &[])) };
            assert!(attest::verify_by(&bundle, &trust).is_err(), "nobody's certificate is expected");
        }
    }
}

/// Reads a document in YAML, and in JSON as a line of a list.
pub fn document(data: &[u8]) {
    let _ = document::read_line(1, data, |fields| Some(fields.keys().count()));
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = document::read(text, |fields| Some(fields.keys().count()));
        let _ = attest::policy::Policy::read(text);
    }
}

/// Reads the journal of a rollout and plays it: whatever a journal says, the rollout it tells of goes nowhere that the plan
/// does not.
///
/// # Panics
/// When a move is ordered to a share that is not planned.
pub fn journal(data: &[u8]) {
    let Ok(journal) = serde_json::from_slice::<rollout::Journal>(data) else { return };
    let rollout = journal.replay();
    if let rollout::Order::Move(weight) = rollout.next() {
        assert!(journal.plan.steps().iter().any(|step| step.weight == weight), "{weight} is not planned");
    }
}

/// Reads a manifest or an index.
pub fn manifest(data: &[u8]) {
    if let Ok(manifest) = oci::Manifest::parse(data.to_vec().into(), None) {
        let _ = (manifest.descriptor(), manifest.blobs(), manifest.subject().is_some());
    }
}

/// Looks through an image whose only layer is these bytes: an archive, plain or compressed.
///
/// # Panics
/// When the scene cannot be set.
pub fn layer(data: &[u8]) {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    // Memory, not a disk, where there is one.
    let made = || tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap_or_else(|e| panic!("{e}"));
    let folder = FOLDER.get_or_init(made).path();
    let run = || -> Result<(), oci::Error> {
        let layout = Layout::create(folder.join("image"))?;
        let suffix = match data {
            [0x1f, 0x8b, ..] => "+gzip",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "+zstd",
            _ => "",
        };
        let layer = layout.write_blob(&format!("application/vnd.oci.image.layer.v1.tar{suffix}"), data)?;
        let config = serde_json::json!({ "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": [layer.digest.to_string()] } });
        let config = layout.write_blob("application/vnd.oci.image.config.v1+json", config.to_string().as_bytes())?;
        let image = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            serde_json::json!({ "schemaVersion": 2, "mediaType": image, "config": config, "layers": [layer] });
        layout.add(layout.write_blob(image, manifest.to_string().as_bytes())?, None)?;
        let image = Image::open(&layout, None, &Platform::linux("amd64"))?;
        // A compressed layer's archive is not the one named, which is found after the last byte: all of it is read before.
        let _ = sbom::source::image::look(&image, &Progress::default());
        Ok(())
    };
    let _ = run();
    let _ = std::fs::remove_dir_all(folder.join("image"));
}

/// Short texts that others wrote.
pub fn words(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = sbom::ecosystem::python::pep508::split(&text);
    let _ = sbom::ecosystem::python::pep508::holds(&text, &Default::default());
    let _ = licence::normalise(&text);
    let _ = purl::without_credentials(&text);
    if let Ok(purl) = purl::PackageUrl::parse(&text) {
        let again = purl.to_string();
        assert_eq!(purl::PackageUrl::parse(&again).map(|purl| purl.to_string()), Ok(again));
    }
    if let Some((one, other)) = text.split_once('\n') {
        for ecosystem in ["apk", "cargo", "deb", "gem", "maven", "npm", "pypi", "rpm"] {
            let forth = sbom::version_order::order(ecosystem, one, other);
            let back = sbom::version_order::order(ecosystem, other, one);
            assert_eq!(forth, back.map(std::cmp::Ordering::reverse), "{ecosystem}: {one} {other}");
        }
    }
}

/// Puts a JSONPath, the first line, to the JSON behind it; every node it selects is found again by its own path and pointer.
///
/// # Panics
/// When the query's evaluation does, or a node's path leads elsewhere.
pub fn query(data: &[u8]) {
    let line = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let query = String::from_utf8_lossy(&data[..line]).parse::<document::Path>();
    let json = document::Json::parse(data.get(line + 1..).unwrap_or_default());
    let (Ok(query), Ok(json)) = (query, json) else { return };
    let value = json.to_value();
    for node in query.nodes(&json).unwrap_or_default().into_iter().take(1000) {
        let again = node.path().parse::<document::Path>();
        assert!(again.is_ok_and(|again| again.one(&json) == Some(node.value)), "{}", node.path());
        assert!(value.pointer(&node.pointer()).is_some(), "{}", node.pointer());
    }
}

/// Reads `canary.yml`, an OpenAPI document, a line of cases and a line of CSV: each what the bytes may be.
///
/// # Panics
/// When a reader does.
pub fn canary(data: &[u8]) {
    use canary_dataset_check::{
        cases::{Case, csv_fields},
        config,
        contract::{Contract, Extra, breaking},
    };
    let least = "version: 1\ncases: {from: c, id: '{id}', request: {path: '/{id}'}, expect: {values: {$.a: '{a}'}}}\n";
    if let Ok(canary) = config::read(least, &[], None) {
        let _ = Case::parse(1, data, &canary);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = config::read(text, &[], None);
    }
    let _ = csv_fields(data);
    if let Ok(contract) = Contract::read(data, Extra::Refused) {
        assert!(breaking(&contract, &contract).is_empty(), "a contract breaks nothing of itself");
    }
}

/// Reads the bytes of a connection as an answer.
///
/// # Panics
/// When the reader does, or an answer is larger than what was sent.
pub fn answer(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let Ok(runtime) = runtime else { return };
    if let Ok((_, body)) = runtime.block_on(canary_dataset_check::wire::answer(data.to_vec())) {
        assert!(body.len() <= data.len(), "a body of {} bytes from {}", body.len(), data.len());
    }
}
