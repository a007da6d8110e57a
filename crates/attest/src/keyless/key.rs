//! Public keys of Sigstore's services: whatever algorithm they use.

use super::der::{self, BIT_STRING, Reader, SEQUENCE};
use pki_types::SignatureVerificationAlgorithm;
use webpki::ring;

/// What is hashed before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// The signatures that are understood; Ed25519 hashes by itself.
pub(super) const ALGORITHMS: [(Option<Hash>, &dyn SignatureVerificationAlgorithm); 8] = [
    (Some(Hash::Sha256), ring::ECDSA_P256_SHA256),
    (Some(Hash::Sha384), ring::ECDSA_P256_SHA384),
    (Some(Hash::Sha256), ring::ECDSA_P384_SHA256),
    (Some(Hash::Sha384), ring::ECDSA_P384_SHA384),
    (Some(Hash::Sha256), ring::RSA_PKCS1_2048_8192_SHA256),
    (Some(Hash::Sha384), ring::RSA_PKCS1_2048_8192_SHA384),
    (Some(Hash::Sha512), ring::RSA_PKCS1_2048_8192_SHA512),
    (None, ring::ED25519),
];

/// A public key as a trusted root or a certificate holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    algorithm: Vec<u8>,
    bits: Vec<u8>,
}

impl Key {
    /// Reads an X.509 SubjectPublicKeyInfo.
    pub(super) fn from_der(spki: &[u8]) -> Option<Self> {
        let mut inside = Reader::new(der::only(spki, SEQUENCE)?.value);
        let algorithm = inside.take(SEQUENCE)?.value.to_vec();
        let bits = der::bits(inside.take(BIT_STRING)?)?.to_vec();
        inside.is_empty().then_some(Self { algorithm, bits })
    }

    /// Whether `signature` is this key's over `message`, hashed with `hash`.
    pub(super) fn verifies(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let fits = |(with, algorithm): &&(Option<Hash>, &dyn SignatureVerificationAlgorithm)| {
            with.is_none_or(|with| with == hash) && algorithm.public_key_alg_id().as_ref() == self.algorithm
        };
        ALGORITHMS.iter().find(fits).is_some_and(|(_, it)| it.verify_signature(&self.bits, message, signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn a_signature_holds_for_its_key_its_message_and_its_hash() {
        let signer = SigningKey::generate();
        let key = Key::from_der(&signer.public().to_der().unwrap()).unwrap();
        let signature = signer.sign(b"message").unwrap();
        assert!(key.verifies(Hash::Sha256, b"message", &signature));
        assert!(!key.verifies(Hash::Sha256, b"massage", &signature));
        for hash in [Hash::Sha384, Hash::Sha512] {
            assert!(!key.verifies(hash, b"message", &signature), "{hash:?}");
        }
        let spki = signer.public().to_der().unwrap();
        assert!(Key::from_der(&spki[1..]).is_none());
        let longer = der::encode(SEQUENCE, &[der::only(&spki, SEQUENCE).unwrap().value, &[0x05, 0x00]].concat());
        assert!(Key::from_der(&longer).is_none(), "something behind the key");
    }
}
