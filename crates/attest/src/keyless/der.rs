//! As much DER (ITU-T X.690) as certificates and time stamps need: tags of one byte, definite lengths, nothing twice.

/// One value with its tag and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tlv<'d> {
    pub(super) tag: u8,
    pub(super) value: &'d [u8],
    /// Tag and length as well.
    pub(super) whole: &'d [u8],
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// `[number]`, constructed.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// Reads values one after the other; `None` wherever the bytes are not what is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, whatever it is.
    pub(super) fn any(&mut self) -> Option<Tlv<'d>> {
        let (&[tag, first], rest) = self.0.split_first_chunk::<2>()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, header) = match first {
            short @ 0..=0x7f => (usize::from(short), 2),
            0x81..=0x83 => {
                let bytes = rest.get(..usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                // The shortest form is the only one.
                if length < 0x80 || bytes.first() == Some(&0) {
                    return None;
                }
                (length, 2 + bytes.len())
            }
            _ => return None,
        };
        let (whole, rest) = self.0.split_at_checked(header + length)?;
        self.0 = rest;
        Some(Tlv { tag, value: whole.get(header..)?, whole })
    }

    /// The next value, of this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<Tlv<'d>> {
        self.any().filter(|it| it.tag == tag)
    }

    /// The next value if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Tlv<'d>> {
        let mut ahead = *self;
        let found = ahead.take(tag)?;
        *self = ahead;
        Some(found)
    }

    /// The inside of the next value, of this tag.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(|it| Self(it.value))
    }

    /// All that is left, each of this tag.
    pub(super) fn all(mut self, tag: u8) -> Option<Vec<Tlv<'d>>> {
        let mut found = Vec::new();
        while !self.is_empty() {
            found.push(self.take(tag)?);
        }
        Some(found)
    }
}

/// The one value these bytes are, of this tag.
pub(super) fn only(bytes: &[u8], tag: u8) -> Option<Tlv<'_>> {
    let mut reader = Reader::new(bytes);
    reader.take(tag).filter(|_| reader.is_empty())
}

/// The bytes of a BIT STRING of whole bytes.
pub(super) fn bits(tlv: Tlv<'_>) -> Option<&[u8]> {
    match (tlv.tag, tlv.value.split_first()) {
        (BIT_STRING, Some((0, bytes))) => Some(bytes),
        _ => None,
    }
}

/// Writes a value.
pub(super) fn encode(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut bytes = vec![tag];
    match value.len() {
        short @ 0..=0x7f => bytes.push(u8::try_from(short).unwrap_or_default()),
        _ => {
            bytes.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
            bytes.extend(significant);
        }
    }
    bytes.extend_from_slice(value);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn there_is_one_way_to_write_a_length() {
        for (bytes, good) in [
            (vec![0x04, 0x01, 0xff], true),
            (vec![0x04, 0x00], true),
            (vec![0x04, 0x02, 0xff], false),
            (vec![0x04, 0x01, 0xff, 0x00], false),
            (vec![0x04, 0x81, 0x01, 0xff], false),
            (vec![0x04, 0x82, 0x00, 0x80], false),
            (vec![0x04, 0x80, 0x00, 0x00], false),
            (vec![0x04, 0x84, 0, 0, 0, 1, 0xff], false),
            (vec![0x1f, 0x01, 0xff], false),
            (vec![0x05, 0x01, 0xff], false),
            (vec![0x04], false),
            (vec![], false),
        ] {
            assert_eq!(only(&bytes, OCTET_STRING).is_some(), good, "{bytes:x?}");
        }
        assert_eq!(only(&encode(SET, &[7; 128]), SET).map(|it| it.value.len()), Some(128), "the first long form");
        let long = [vec![0x04, 0x82, 0x00, 0xff], vec![0; 255]].concat();
        assert!(only(&long, OCTET_STRING).is_none(), "a leading zero");
        assert_eq!(bits(Tlv { tag: BIT_STRING, value: &[1, 2], whole: &[] }), None, "bits that are no whole bytes");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let bytes = encode(SEQUENCE, &value);
            prop_assert_eq!(only(&bytes, SEQUENCE).unwrap().value, &value[..]);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut reader = Reader::new(&bytes);
            while reader.any().is_some() {}
        }
    }
}
