//! `var/lib/rpmmanifest/container-manifest-2`: what distroless Mariner (Azure Linux) images have instead of a database.
//!
//! A line per package of ten fields between tabs, as rpm printed them: name, version-release, times of installation and
//! build, vendor, epoch, size, architecture, epoch as a number, source package.

use super::Record;
use crate::ecosystem::{ParseError, shorten, text};

pub(super) fn records(bytes: &[u8]) -> Result<Vec<Record<'_>>, ParseError> {
    let text = text(bytes)?;
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(ParseError::at(text.lines().count(), "ends in the middle of a line (is it cut off?)"));
    }
    let mut records = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, version, _, _, vendor, _, _, architecture, epoch, source] = fields[..] else {
            return Err(ParseError::at(index + 1, format!("`{}` has not ten fields", shorten(line))));
        };
        let (version, release) = version.rsplit_once('-').unwrap_or((version, ""));
        if name.is_empty() || version.is_empty() {
            return Err(ParseError::at(index + 1, "a package without a name or a version"));
        }
        let vendor = Some(vendor).filter(|vendor| *vendor != "(none)").unwrap_or_default();
        let epoch = epoch.parse().ok();
        records.push(Record { name, version, release, epoch, vendor, architecture, source, ..Record::default() });
    }
    Ok(records)
}
