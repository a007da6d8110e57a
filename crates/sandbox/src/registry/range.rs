//! Byte ranges: `Range` of a pull (RFC 9110 §14.1.2) and `Content-Range` of an uploaded chunk (distribution-spec 1.1,
//! "Pushing a blob in chunks", which has no unit and no total).

use std::ops::RangeInclusive;

/// What a pull asks for, once the size of the blob is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// No range, or one that RFC 9110 lets a server ignore (another unit, several ranges, not a range at all).
    Everything,
    /// These bytes, never empty and inside the blob.
    Part(RangeInclusive<u64>),
    /// A range that starts after the end.
    Unsatisfiable,
}

/// Reads a `Range` header for a blob of `size` bytes.
pub(crate) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((first, last)) = header.and_then(|h| h.strip_prefix("bytes=")).and_then(|spec| spec.split_once('-'))
    else {
        return Wanted::Everything;
    };
    let end = size.saturating_sub(1);
    match (first.trim(), last.trim()) {
        ("", suffix) => match suffix.parse::<u64>() {
            Ok(0) => Wanted::Unsatisfiable,
            Ok(_) if size == 0 => Wanted::Unsatisfiable,
            Ok(count) => Wanted::Part(size.saturating_sub(count)..=end),
            Err(_) => Wanted::Everything,
        },
        (first, last) => {
            let last = if last.is_empty() { Ok(u64::MAX) } else { last.parse::<u64>() };
            match (first.parse::<u64>(), last) {
                (Ok(first), Ok(last)) if first > last => Wanted::Everything,
                (Ok(first), Ok(_)) if first >= size => Wanted::Unsatisfiable,
                (Ok(first), Ok(last)) => Wanted::Part(first..=last.min(end)),
                _ => Wanted::Everything,
            }
        }
    }
}

/// Reads a chunk's `Content-Range`, `<first>-<last>` inclusive; RFC 9110's `bytes ` in front and `/total` behind are tolerated.
pub(crate) fn chunk(header: &str) -> Option<RangeInclusive<u64>> {
    let spec = header.strip_prefix("bytes ").unwrap_or(header);
    let spec = spec.split_once('/').map_or(spec, |(range, _)| range);
    let (first, last) = spec.split_once('-')?;
    let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_9110_mean_what_it_says() {
        for (header, wanted_range) in [
            ("bytes=0-499", Wanted::Part(0..=499)),
            ("bytes=500-999", Wanted::Part(500..=999)),
            ("bytes=-500", Wanted::Part(9500..=9999)),
            ("bytes=9500-", Wanted::Part(9500..=9999)),
            ("bytes=9500-99999", Wanted::Part(9500..=9999)),
            ("bytes=-99999", Wanted::Part(0..=9999)),
            ("bytes=10000-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=500-400", Wanted::Everything),
            ("bytes=0-0,-1", Wanted::Everything),
            ("lines=1-2", Wanted::Everything),
            ("bytes=a-b", Wanted::Everything),
        ] {
            assert_eq!(wanted(Some(header), 10_000), wanted_range, "{header}");
        }
        assert_eq!(wanted(None, 10), Wanted::Everything);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn a_chunk_range_needs_two_ordered_numbers() {
        assert_eq!(chunk("0-9"), Some(0..=9));
        assert_eq!(chunk("bytes 5-5/10"), Some(5..=5));
        for wrong in ["", "-", "5-", "-5", "9-0", "a-b", "0-99999999999999999999999"] {
            assert_eq!(chunk(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_part_always_lies_inside_the_blob(header in "bytes=[0-9]{0,20}-[0-9]{0,20}", size in 0..10_000_u64) {
            if let Wanted::Part(part) = wanted(Some(&header), size) {
                prop_assert!(part.start() <= part.end() && *part.end() < size);
            }
        }
    }
}
