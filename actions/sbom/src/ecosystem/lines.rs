//! Line numbers of many places in one text.

/// Where the lines of a text end.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    ends: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Looks through the text once.
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self { text, ends }
    }

    /// The line, counted from 1, of a byte offset.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }

    /// The line of a part of the text, or `None` when `part` is no part of it.
    pub(super) fn of(&self, part: &str) -> Option<u32> {
        let offset = part.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        (offset <= self.text.len()).then(|| u32::try_from(self.at(offset)).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_part_is_counted_from_one() {
        let text = "a\nb\n\nc".to_owned();
        let lines = Lines::new(&text);
        assert_eq!([0, 1, 2, 4, 5, 99].map(|offset| lines.at(offset)), [1, 1, 2, 3, 4, 4]);
        assert_eq!(lines.of(&text[5..]), Some(4));
        assert_eq!(lines.of("elsewhere and longer than that"), None);
    }
}
