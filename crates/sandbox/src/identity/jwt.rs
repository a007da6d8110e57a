//! Signed tokens: JWS compact serialisation (RFC 7515 §7.1) with ES256 (RFC 7518 §3.4), and nothing else.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use p256::{
    ecdsa::{
        Signature, SigningKey,
        signature::{Signer, Verifier},
    },
    elliptic_curve::Generate,
};
use serde_json::{Map, Value, json};
use subject::Digest;

/// The claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// A key that signs tokens, under the name its public half is published with.
pub(crate) struct Issuer {
    key: SigningKey,
    id: String,
}

/// Why a token is not one of this issuer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("not a JSON Web Token")]
    Malformed,
    #[error("not signed with ES256")]
    Algorithm,
    #[error("signed with a key this issuer does not publish")]
    Key,
    #[error("the signature does not fit")]
    Signature,
}

impl Default for Issuer {
    /// A new key, as every sandbox has its own.
    fn default() -> Self {
        let key = SigningKey::generate();
        let id = Digest::of(key.verifying_key().to_sec1_point(false).as_bytes()).short();
        Self { key, id }
    }
}

impl Issuer {
    /// A token that says `claims`.
    pub(crate) fn seal(&self, claims: &Claims) -> String {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.id}).to_string();
        let claims = Value::Object(claims.clone()).to_string();
        let message = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
        let signature: Signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL.encode(signature.to_bytes()))
    }

    /// The claims of a token this issuer signed.
    pub(crate) fn open(&self, token: &str) -> Result<Claims, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let header = object(header)?;
        if header.get("alg").and_then(Value::as_str) != Some("ES256") {
            return Err(TokenError::Algorithm);
        }
        if header.get("kid").and_then(Value::as_str) != Some(&self.id) {
            return Err(TokenError::Key);
        }
        let signature = BASE64URL.decode(signature).map_err(|_| TokenError::Malformed)?;
        let signature = Signature::from_slice(&signature).map_err(|_| TokenError::Signature)?;
        self.key.verifying_key().verify(message.as_bytes(), &signature).map_err(|_| TokenError::Signature)?;
        object(claims)
    }

    /// What a token says before anything about it is verified; only for choosing the words of a refusal.
    pub(crate) fn peek(token: &str) -> Result<Claims, TokenError> {
        let mut parts = token.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(_), Some(claims), Some(_), None) => object(claims),
            _ => Err(TokenError::Malformed),
        }
    }

    /// The public half as a JSON Web Key Set (RFC 7517 §5).
    pub(crate) fn key_set(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let point = point.as_bytes();
        let key = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id,
            "x": BASE64URL.encode(&point[1..33]),
            "y": BASE64URL.encode(&point[33..65]),
        });
        json!({"keys": [key]})
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("id", &self.id).finish_non_exhaustive()
    }
}

fn object(part: &str) -> Result<Claims, TokenError> {
    let bytes = BASE64URL.decode(part).map_err(|_| TokenError::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims() -> Claims {
        json!({"sub": "repo:org/app:ref:refs/heads/main"}).as_object().unwrap().clone()
    }

    #[test]
    fn a_token_opens_to_the_claims_it_was_sealed_with() {
        let issuer = Issuer::default();
        assert_eq!(issuer.open(&issuer.seal(&claims())), Ok(claims()));
    }

    #[test]
    fn another_key_or_algorithm_does_not_open() {
        let issuer = Issuer::default();
        assert_eq!(issuer.open(&Issuer::default().seal(&claims())), Err(TokenError::Key));
        let payload = BASE64URL.encode(Value::Object(claims()).to_string());
        for algorithm in ["none", "HS256", "RS256"] {
            let header = BASE64URL.encode(json!({"alg": algorithm, "kid": issuer.id}).to_string());
            assert_eq!(issuer.open(&format!("{header}.{payload}.")), Err(TokenError::Algorithm), "{algorithm}");
        }
        for text in ["", ".", "..", "a.b", "a.b.c.d", "e30.e30"] {
            assert!(issuer.open(text).is_err(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_changed_character_anywhere_closes_it(at in 0_usize..1000, to in "[A-Za-z0-9_-]") {
            let issuer = Issuer::default();
            let token = issuer.seal(&claims());
            let at = at % token.len();
            let mut changed = token.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != token);
            prop_assert!(issuer.open(&changed).is_err());
        }
    }
}
