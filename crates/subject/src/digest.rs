//! SHA-256 content digests as OCI spells them: `sha256:` and 64 lowercase hexadecimal digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::Digest as _;
use std::{fmt, str::FromStr};

/// A SHA-256 digest that has been computed or parsed, never assembled.
///
/// Ordered and hashed by its bytes; displayed as `sha256:<64 lowercase hex>`
/// (OCI image-spec v1.1, descriptor.md "Digests").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// No `algorithm:` before the encoded part.
    #[error("`{0}` has no algorithm; a digest looks like sha256:<64 hex digits>")]
    NoAlgorithm(String),
    /// An algorithm other than SHA-256.
    #[error("algorithm `{0}` is not supported; only sha256 is")]
    Algorithm(String),
    /// Not 64 lowercase hexadecimal digits.
    #[error("`{0}` is not 64 lowercase hexadecimal digits")]
    Encoded(String),
}

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// A digest from 64 lowercase hexadecimal digits without the algorithm, as in-toto digest sets spell it.
    ///
    /// # Errors
    /// [`DigestError::Encoded`] unless `hex` is exactly 64 lowercase hexadecimal digits.
    pub fn from_hex(hex: &str) -> Result<Self, DigestError> {
        let wrong = || DigestError::Encoded(shorten(hex));
        let lowercase = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() != 64 || !hex.bytes().all(lowercase) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(hex, &mut bytes).map_err(|_| wrong())?;
        Ok(Self(bytes))
    }

    /// The 64 lowercase hexadecimal digits without the algorithm.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The 32 bytes themselves.
    #[must_use]
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// The first 12 hexadecimal digits: enough for a person, never for a decision.
    #[must_use]
    pub fn short(&self) -> String {
        hex::encode(&self.0[..6])
    }
}

/// A running SHA-256 over a stream.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// An empty hash.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything added.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, encoded) = text.split_once(':').ok_or_else(|| DigestError::NoAlgorithm(shorten(text)))?;
        if algorithm != "sha256" {
            return Err(DigestError::Algorithm(shorten(algorithm)));
        }
        Self::from_hex(encoded)
    }
}

/// Hostile input must not fill a log: at most 80 characters are echoed.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1 and B.2.
    #[test]
    fn digests_equal_the_published_vectors() {
        for (input, hex) in [
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(Digest::of(input.as_bytes()).hex(), hex);
            let mut hasher = Hasher::new();
            input.as_bytes().chunks(5).for_each(|chunk| hasher.update(chunk));
            assert_eq!(hasher.finish().to_string(), format!("sha256:{hex}"));
        }
    }

    #[test]
    fn only_sha256_with_64_lowercase_digits_parses() {
        let good = Digest::of(b"").to_string();
        assert_eq!(good.parse::<Digest>().unwrap().to_string(), good);
        for bad in [
            "",
            "sha256",
            "sha256:",
            "sha256:abc",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            &good.to_uppercase(),
            &good.replace("sha256:e3", "sha256:E3"),
            &format!("{good}0"),
            &format!(" {good}"),
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hostile_text_is_echoed_in_80_characters_at_most() {
        let error = Digest::from_str(&format!("sha256:{}", "é".repeat(5000))).unwrap_err();
        assert!(error.to_string().chars().count() < 160);
    }
}
