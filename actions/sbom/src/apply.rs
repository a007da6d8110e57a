//! The only writer: the file, then the statement on the image.

use crate::inputs::{Attach, Settings};
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
    /// The file's content.
    pub document: Vec<u8>,
    /// The same bill of materials as the statement's predicate.
    pub predicate: serde_json::Value,
    /// The image it is left on.
    pub image: Option<&'a (ImageRef, Evidence<'r>)>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The file that was written.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: usize,
    /// The referrer that carries the signed statement.
    pub referrer: Option<Digest>,
}

/// Carries the plan out.
///
/// # Errors
/// A [`Failure`] when the file cannot be written (then nothing is attached) or the statement cannot be left.
pub async fn apply(runner: &Runner, settings: &Settings, plan: Plan<'_, '_>) -> Result<Receipt, Failure> {
    let path = settings.output_file.clone();
    let bytes = plan.document.len();
    replace(&path, &plan.document).map_err(|error| {
        let failure = Failure::new(Exit::Unknown, "write the bill of materials to").subject(path.display());
        failure
            .because(error)
            .state("nothing was written and nothing attached")
            .help("check `output-file` and the disk")
    })?;
    runner.info(format!("wrote {} ({bytes} bytes)", path.display()));
    let referrer = match (settings.attach, plan.image) {
        (Attach::Must | Attach::IfSigned, Some((image, evidence))) => {
            let left = evidence.leave(image, predicate::CYCLONEDX, plan.predicate).await;
            let left = left.map_err(|failure| failure.output("sbom-path", path.display()))?;
            match left {
                Left::Signed { referrer, .. } => Some(referrer),
                Left::NotAsked => None,
            }
        }
        _ => None,
    };
    Ok(Receipt { path, bytes, referrer })
}

/// Puts the new content in the old one's place in one step: a reader sees the one or the other.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file =
        tempfile::Builder::new().prefix(".sbom-").permissions(fs::Permissions::from_mode(0o644)).tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
