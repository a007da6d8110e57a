//! Numbers at places in a file, of either byte order, never beyond the end.

use super::object::Order;

/// A file, or a part of one, whose numbers are in one byte order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    order: Order,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], order: Order) -> Self {
        Self { bytes, order }
    }

    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.order == Order::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.order == Order::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    pub(super) fn u64(&self, at: usize) -> Option<u64> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.order == Order::Little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
    }

    /// A number of 32 bits that stands for a place or a count in the file.
    pub(super) fn offset(&self, at: usize) -> Option<usize> {
        self.u32(at).and_then(|number| usize::try_from(number).ok())
    }

    /// The bytes of a range, if all of them are there.
    pub(super) fn range(&self, start: u64, length: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(start).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }

    /// The bytes of a range, as many as there are.
    pub(super) fn clipped(&self, start: u64, length: u64) -> &'a [u8] {
        let start = usize::try_from(start).map_or(self.bytes.len(), |start| start.min(self.bytes.len()));
        let rest = &self.bytes[start..];
        &rest[..usize::try_from(length).map_or(rest.len(), |length| length.min(rest.len()))]
    }

    /// The `index`th row of a table.
    pub(super) fn row(&self, table: u64, size: u64, index: u64) -> Option<Fields<'a>> {
        let start = table.checked_add(size.checked_mul(index)?)?;
        self.range(start, size).map(|bytes| Fields { bytes, order: self.order })
    }

    /// A name that ends with a NUL byte or with the range, of at most `longest` bytes.
    pub(super) fn name(&self, at: usize, longest: usize) -> Option<&'a [u8]> {
        let rest = self.bytes.get(at..)?;
        let rest = &rest[..rest.len().min(longest)];
        Some(&rest[..rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len())])
    }
}
