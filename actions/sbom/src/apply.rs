//! The only writer: the file, then the statement on the image.

use crate::{
    outputs::{Document, Format},
    snapshot::{Destination, Submitted, submit},
};
use attest::predicate;
use evidence::{Evidence, Left};
use github::{Exit, Failure, Runner};
use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use subject::{Digest, ImageRef};

/// What is written and where it is left.
pub struct Plan<'a, 'r> {
    /// The files.
    pub documents: Vec<Document>,
    /// The CycloneDX document as the statement's predicate, and the image it is left on.
    pub statement: Option<(serde_json::Value, &'a (ImageRef, Evidence<'r>))>,
    /// VEX documents with their predicate types, left beside the statement.
    pub vex: Vec<(&'a str, serde_json::Value)>,
    /// The dependency snapshot, and where it is sent.
    pub snapshot: Option<(Vec<u8>, &'a Destination)>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The files that were written, with their lengths in bytes.
    pub files: Vec<(Format, PathBuf, usize)>,
    /// The referrer that carries the signed statement.
    pub referrer: Option<Digest>,
    /// The referrers that carry VEX statements.
    pub vex: Vec<Digest>,
    /// GitHub's answer to the dependency snapshot.
    pub submitted: Option<Submitted>,
}

/// Carries the plan out.
///
/// # Errors
/// A [`Failure`] when a file cannot be written (then nothing is attached or sent), the statement cannot be left or the
/// snapshot cannot be sent.
pub async fn apply(runner: &Runner, plan: Plan<'_, '_>) -> Result<Receipt, Failure> {
    let mut receipt = Receipt { files: Vec::new(), referrer: None, vex: Vec::new(), submitted: None };
    for Document { format, path, bytes } in plan.documents {
        replace(&path, &bytes).map_err(|error| {
            let failure = Failure::new(Exit::Unknown, "write the bill of materials to").subject(path.display());
            let state = match receipt.files.len() {
                0 => "nothing was written and nothing attached".to_owned(),
                count => format!("{count} files were written before it, and nothing attached"),
            };
            failure.because(error).state(state).help("check `output-file` and the disk")
        })?;
        runner.info(format!("wrote {} ({} bytes)", path.display(), bytes.len()));
        receipt.files.push((format, path, bytes.len()));
    }
    let first = receipt.files.first().map(|(_, path, _)| path.display().to_string());
    let written = |failure: Failure| match &first {
        Some(path) => failure.output("sbom-path", path),
        None => failure,
    };
    if let Some((predicate, (image, evidence))) = plan.statement
        && let Left::Signed { referrer, .. } =
            evidence.leave(image, predicate::CYCLONEDX, predicate).await.map_err(written)?
    {
        receipt.referrer = Some(referrer);
        for (kind, document) in plan.vex {
            let left = evidence.leave(image, kind, document).await.map_err(written)?;
            receipt.vex.extend(left.referrer().copied());
        }
    }
    if let Some((snapshot, destination)) = plan.snapshot {
        runner.info(format!("submitting the dependency snapshot of {}", destination.repository));
        let submitted = submit(destination, &snapshot).await.map_err(written)?;
        runner.info(format!("snapshot {}: {} {}", submitted.id, submitted.result, submitted.message));
        receipt.submitted = Some(submitted);
    }
    Ok(receipt)
}

/// Puts the new content in the old one's place in one step: a reader sees the one or the other.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file =
        tempfile::Builder::new().prefix(".sbom-").permissions(fs::Permissions::from_mode(0o644)).tempfile_in(folder)?;
    // Not pressed onto the disk: after a power cut the step is run again, and waiting for it would take longer than the scan.
    file.write_all(content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
