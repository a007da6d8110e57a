//! Records that were fetched once, one file each, kept as long as the service gives them the same time of change.

use serde_json::Value;
use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

/// The largest record that is kept or fetched, in bytes; the longest lists of affected versions come to one megabyte.
pub const LARGEST: usize = 8 << 20;

/// A folder of records.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A folder, which need not be there yet.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The record of this name as it was at this time of change.
    #[must_use]
    pub fn get(&self, id: &str, modified: &str) -> Option<Value> {
        let mut bytes = Vec::new();
        fs::File::open(self.path(id)?).ok()?.take(LARGEST as u64 + 1).read_to_end(&mut bytes).ok()?;
        let record: Value = serde_json::from_slice(&bytes).ok()?;
        let current = record.get("modified").and_then(Value::as_str) == Some(modified);
        (current && record.get("id").and_then(Value::as_str) == Some(id)).then_some(record)
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// When the folder cannot be written; the caller then goes on without.
    pub fn put(&self, id: &str, record: &[u8]) -> io::Result<()> {
        let Some(path) = self.path(id) else { return Ok(()) };
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::Builder::new().prefix(".osv-").tempfile_in(&self.folder)?;
        file.write_all(record)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Only names that are file names on every machine.
    fn path(&self, id: &str) -> Option<PathBuf> {
        is_id(id).then(|| self.folder.join(format!("{id}.json")))
    }
}

/// Whether this is the name of a record, such as `GHSA-c3h9-896r-86jm`, and nothing else.
#[must_use]
pub fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    (1..=100).contains(&id.len()) && id.bytes().all(allowed) && !id.starts_with('.')
}
