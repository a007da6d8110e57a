//! A writer of zip archives, for tests: plain ones and, where a test bends the numbers, hostile ones.

use flate2::{Compression, Crc, write::DeflateEncoder};
use std::io::Write as _;

/// An archive in the making.
#[derive(Default)]
pub struct Zip {
    pub bytes: Vec<u8>,
    pub directory: Vec<u8>,
    pub count: u16,
}

impl Zip {
    /// Adds a member as it is.
    #[must_use]
    pub fn stored(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        self.raw(name, 0, content, content)
    }

    /// Adds a member compressed.
    #[must_use]
    pub fn deflated(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content.as_ref()).unwrap();
        self.raw(name, 8, &encoder.finish().unwrap(), content.as_ref())
    }

    /// Adds a member by its method and packed bytes.
    #[must_use]
    pub fn raw(mut self, name: &str, method: u16, packed: &[u8], content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let offset = u32::try_from(self.bytes.len()).unwrap();
        let mut common = Vec::new();
        for number in [20, 0, method, 0, 0x21] {
            common.extend(u16::to_le_bytes(number));
        }
        for number in [crc.sum(), u32::try_from(packed.len()).unwrap(), u32::try_from(content.len()).unwrap()] {
            common.extend(number.to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&common);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(packed);
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&common);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count += 1;
        self
    }

    /// The whole archive.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let offset = u32::try_from(self.bytes.len()).unwrap();
        let size = u32::try_from(self.directory.len()).unwrap();
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.bytes.extend([self.count.to_le_bytes(), self.count.to_le_bytes()].concat());
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}
