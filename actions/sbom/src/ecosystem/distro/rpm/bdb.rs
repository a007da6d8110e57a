//! Berkeley DB hash files, as rpm kept its `Packages` until 4.16 (Berkeley DB, `src/dbinc/db_page.h` and `hash.h`).

use std::borrow::Cow;

const HASH_MAGIC: u32 = 0x0006_1561;
const HASH_META: u8 = 8;
const HASH: u8 = 13;
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const PAGE_HEADER: usize = 26;
const ON_PAGE: u8 = 1;
const OFF_PAGE: u8 = 3;
/// One package's header.
const BLOB: usize = 64 << 20;

/// The machine that wrote it decides.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

struct File<'a> {
    bytes: &'a [u8],
    page: usize,
    order: Order,
    left: std::cell::Cell<usize>,
}

/// The headers of all installed packages.
///
/// # Errors
/// What is wrong with the file, as a sentence fragment.
pub(super) fn packages(bytes: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, String> {
    let (file, last) = File::open(bytes)?;
    let mut found = Vec::new();
    for number in 0..=last {
        let page = file.page(number)?;
        if matches!(page.get(25), Some(&(HASH | HASH_UNSORTED))) {
            file.pairs(number, page, &mut found)?;
        }
    }
    Ok(found)
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<(Self, usize), String> {
        let cut = || "the Berkeley DB file is cut off".to_owned();
        let magic: [u8; 4] = bytes.get(12..16).and_then(|magic| magic.try_into().ok()).ok_or_else(cut)?;
        let order = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (HASH_MAGIC, _) => Order::Little,
            (_, HASH_MAGIC) => Order::Big,
            _ => return Err("it is no Berkeley DB hash file".to_owned()),
        };
        let mut file = Self { bytes, page: 0, order, left: std::cell::Cell::new(0) };
        file.page = file.u32(bytes, 20).ok_or_else(cut)?;
        let last = file.u32(bytes, 32).ok_or_else(cut)?;
        let kind = bytes.get(25).copied().ok_or_else(cut)?;
        let encrypted = bytes.get(24).copied().unwrap_or_default() != 0;
        if !(512..=65536).contains(&file.page) || !file.page.is_power_of_two() || kind != HASH_META || encrypted {
            return Err("its first page is damaged".to_owned());
        }
        if !bytes.len().is_multiple_of(file.page)
            || last.checked_add(1).is_none_or(|pages| bytes.len() / file.page < pages)
        {
            return Err(cut());
        }
        file.left.set(bytes.len() / file.page);
        Ok((file, last))
    }

    fn u16(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let two = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(usize::from(match self.order {
            Order::Little => u16::from_le_bytes(two),
            Order::Big => u16::from_be_bytes(two),
        }))
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let four = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self.order {
            Order::Little => u32::from_le_bytes(four),
            Order::Big => u32::from_be_bytes(four),
        } as usize)
    }

    fn page(&self, number: usize) -> Result<&'a [u8], String> {
        let start = number.checked_mul(self.page);
        let page = start.and_then(|start| self.bytes.get(start..start.checked_add(self.page)?));
        page.ok_or_else(|| format!("page {number} is missing (is the file cut off?)"))
    }

    /// Keys and values take turns on a page; the values are the packages' headers.
    fn pairs(&self, number: usize, page: &'a [u8], found: &mut Vec<Cow<'a, [u8]>>) -> Result<(), String> {
        let damaged = || format!("page {number} is damaged");
        let items = self.u16(page, 20).ok_or_else(damaged)?;
        if items % 2 != 0 {
            return Err(damaged());
        }
        for pair in 0..items / 2 {
            let key = self.item(page, 2 * pair).ok_or_else(damaged)?;
            let value = self.item(page, 2 * pair + 1).ok_or_else(damaged)?;
            // Number 0 keeps the largest number given out.
            if key.first() != Some(&ON_PAGE) || key.get(1..).is_none_or(|key| key.iter().all(|byte| *byte == 0)) {
                continue;
            }
            match value.first() {
                Some(&ON_PAGE) => found.push(Cow::Borrowed(value.get(1..).unwrap_or_default())),
                Some(&OFF_PAGE) => {
                    let next = self.u32(value, 4).ok_or_else(damaged)?;
                    let length = self.u32(value, 8).ok_or_else(damaged)?;
                    found.push(Cow::Owned(self.chain(next, length)?));
                }
                _ => return Err(damaged()),
            }
        }
        Ok(())
    }

    /// Items are put on a page from its end; each ends where the one before begins.
    fn item(&self, page: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let at = |index: usize| self.u16(page, PAGE_HEADER + 2 * index);
        let end = match index.checked_sub(1) {
            Some(before) => at(before)?,
            None => page.len(),
        };
        page.get(at(index)?..end)
    }

    fn chain(&self, first: usize, length: usize) -> Result<Vec<u8>, String> {
        if length > BLOB.min(self.bytes.len()) {
            return Err(format!("a package's header claims {length} bytes"));
        }
        let mut blob = Vec::with_capacity(length);
        let mut next = first;
        while blob.len() < length {
            let damaged = || format!("page {next} is damaged");
            let page = self.page(next)?;
            // No page is part of two packages.
            let left = self.left.get().checked_sub(1).ok_or_else(|| "its pages lead in circles".to_owned())?;
            self.left.set(left);
            let used = self.u16(page, 22).filter(|_| page.get(25) == Some(&OVERFLOW)).ok_or_else(damaged)?;
            let content = page.get(PAGE_HEADER..PAGE_HEADER + used).filter(|content| !content.is_empty());
            blob.extend_from_slice(content.ok_or_else(damaged)?);
            next = self.u32(page, 16).ok_or_else(damaged)?;
        }
        if blob.len() == length { Ok(blob) } else { Err(format!("page {next} is damaged")) }
    }
}
