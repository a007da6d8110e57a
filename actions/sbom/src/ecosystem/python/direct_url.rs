//! Where an installed distribution came from when it was not asked for by name: `direct_url.json` (PyPA, "Direct URL Data
//! Structure", PEP 610).

use super::requirements;
use crate::{
    ecosystem::{ParseError, documents, git::vcs_url},
    graph::Checksum,
    purl,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Document {
    url: String,
    vcs_info: Option<Vcs>,
    #[serde(default)]
    archive_info: Archive,
    dir_info: Option<Folder>,
}

#[derive(Deserialize)]
struct Vcs {
    vcs: String,
    commit_id: String,
}

#[derive(Default, Deserialize)]
struct Archive {
    /// As it was before `hashes`: `sha256=…`.
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Folder {
    #[serde(default)]
    editable: bool,
}

/// What is said of a distribution's origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectUrl {
    /// What the purl says beside name and version: `vcs_url` or `download_url`.
    pub qualifier: Option<(&'static str, String)>,
    /// Of the archive it was installed from.
    pub checksums: BTreeSet<Checksum>,
    /// How it was installed from a folder of the machine that built the image: `editable` or `folder`.
    pub folder: Option<&'static str>,
}

/// Reads the file.
///
/// # Errors
/// [`ParseError`] for anything but a JSON object with a `url`.
pub fn parse(bytes: &[u8]) -> Result<DirectUrl, ParseError> {
    let document: Document = documents::json(bytes)?;
    let mut direct = DirectUrl::default();
    match (&document.vcs_info, &document.dir_info) {
        (Some(vcs), _) if vcs.vcs == "git" => {
            direct.qualifier = Some(("vcs_url", vcs_url(&document.url, &vcs.commit_id)));
        }
        (Some(vcs), _) => {
            let url = purl::without_credentials(&document.url);
            direct.qualifier = Some(("vcs_url", format!("{}+{url}@{}", vcs.vcs, vcs.commit_id)));
        }
        (None, Some(folder)) => direct.folder = Some(if folder.editable { "editable" } else { "folder" }),
        // A file on the machine that built the image is nowhere any more.
        (None, None) if document.url.starts_with("file:") => {}
        (None, None) => direct.qualifier = Some(("download_url", purl::without_credentials(&document.url))),
    }
    let old = document.archive_info.hash.as_ref().and_then(|hash| hash.split_once('='));
    let hashes = document.archive_info.hashes.iter().map(|(algorithm, hex)| (algorithm.as_str(), hex.as_str()));
    let known = hashes.chain(old).filter_map(|(kind, hex)| requirements::checksum(&format!("{kind}:{hex}")).ok());
    direct.checksums = known.collect();
    Ok(direct)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qualifier(json: &str) -> Option<(&'static str, String)> {
        parse(json.as_bytes()).unwrap().qualifier
    }

    #[test]
    fn a_repository_and_an_archive_are_named_without_their_secrets() {
        let git = r#"{"url": "https://u:token@host/a.git", "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "c0ffee"}}"#;
        assert_eq!(qualifier(git), Some(("vcs_url", "git+https://host/a.git@c0ffee".to_owned())));
        let hg = r#"{"url": "https://host/a", "vcs_info": {"vcs": "hg", "commit_id": "c0ffee"}}"#;
        assert_eq!(qualifier(hg), Some(("vcs_url", "hg+https://host/a@c0ffee".to_owned())));
        let hash = "ab".repeat(32);
        let archive = format!(
            r#"{{"url": "https://u:t@host/a-1.tar.gz", "archive_info": {{"hash": "sha256={hash}", "hashes": {{"md5": "00"}}}}}}"#
        );
        let archive = parse(archive.as_bytes()).unwrap();
        assert_eq!(archive.qualifier, Some(("download_url", "https://host/a-1.tar.gz".to_owned())));
        assert_eq!(archive.checksums, BTreeSet::from([Checksum { algorithm: "SHA-256", hex: hash }]));
    }

    #[test]
    fn a_folder_of_another_machine_is_no_address() {
        let folder = parse(br#"{"url": "file:///home/me/a", "dir_info": {"editable": true}}"#).unwrap();
        assert_eq!((folder.qualifier, folder.folder), (None, Some("editable")));
        assert_eq!(qualifier(r#"{"url": "file:///tmp/a-1.whl", "archive_info": {}}"#), None);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let whole = br#"{"url": "https://host/a", "archive_info": {}}"#;
        for end in 0..whole.len() {
            assert!(parse(&whole[..end]).is_err(), "{end}");
        }
    }
}
