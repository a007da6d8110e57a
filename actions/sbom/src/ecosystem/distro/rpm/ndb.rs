//! rpm's own "new database", `Packages.db`: slots that point at blobs (rpm, `lib/backend/ndb/rpmpkg.c`). Little-endian.

const HEADER: u32 = u32::from_le_bytes(*b"RpmP");
const SLOT: u32 = u32::from_le_bytes(*b"Slot");
const BLOB: u32 = u32::from_le_bytes(*b"BlbS");
const TAIL: u32 = u32::from_le_bytes(*b"BlbE");
const PAGE: usize = 4096;
const SLOT_SIZE: usize = 16;
/// Blobs begin at multiples of this.
const UNIT: usize = 16;

fn le(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The headers of all installed packages.
///
/// # Errors
/// What is wrong with the file, as a sentence fragment.
pub(super) fn packages(bytes: &[u8]) -> Result<Vec<&[u8]>, String> {
    let cut = || "the database is cut off".to_owned();
    if le(bytes, 0).ok_or_else(cut)? != HEADER {
        return Err("it is no rpm database".to_owned());
    }
    let version = le(bytes, 4).ok_or_else(cut)?;
    if version != 0 {
        return Err(format!("version {version} of the format is not known"));
    }
    let pages = le(bytes, 12).ok_or_else(cut)? as usize;
    let slots = pages.checked_mul(PAGE).and_then(|end| bytes.get(2 * SLOT_SIZE..end)).ok_or_else(cut)?;
    let mut found = Vec::new();
    let mut total = 0_usize;
    for slot in slots.chunks_exact(SLOT_SIZE) {
        let (magic, package, offset) = (le(slot, 0), le(slot, 4).unwrap_or_default(), le(slot, 8).unwrap_or_default());
        if magic != Some(SLOT) {
            return Err("a slot of the database is damaged".to_owned());
        }
        // An empty slot.
        if offset == 0 {
            continue;
        }
        let blob = blob(bytes, offset as usize * UNIT, package)?;
        // No two packages share a byte, so all together are no longer than the file.
        total = total.saturating_add(blob.len());
        if total > bytes.len() {
            return Err("packages of the database overlap".to_owned());
        }
        found.push(blob);
    }
    Ok(found)
}

fn blob(bytes: &[u8], start: usize, package: u32) -> Result<&[u8], String> {
    let damaged = || format!("package {package} of the database is damaged or cut off");
    let head = bytes.get(start..start.saturating_add(16)).ok_or_else(damaged)?;
    if le(head, 0) != Some(BLOB) || le(head, 4) != Some(package) {
        return Err(damaged());
    }
    let length = le(head, 12).ok_or_else(damaged)? as usize;
    let end = start.saturating_add(16).saturating_add(length);
    let blob = bytes.get(start + 16..end).ok_or_else(damaged)?;
    // The tail stands at the end of the blob's last unit: checksum, length, magic.
    let tail = end.saturating_add(12).next_multiple_of(UNIT) - 12;
    let tail = bytes.get(tail..tail + 12).ok_or_else(damaged)?;
    let whole = le(tail, 4) == Some(u32::try_from(length).unwrap_or_default()) && le(tail, 8) == Some(TAIL);
    if whole { Ok(blob) } else { Err(damaged()) }
}
