//! The signing key, from PEM text or a file of it, or by its name in a key service.

use crate::{
    EvidenceInputs,
    signer::{KmsKey, Signer},
    witness::Witnesses,
};
use attest::{KeyError, SigningKey};
use aws::Aws;
use github::{InputError, Runner};
use secrecy::{ExposeSecret as _, SecretString};
use std::{fs::File, io::Read as _, path::Path};

/// PEM files of keys have some hundred bytes.
const LIMIT: u64 = 64 << 10;

/// How cosign and others write a key of AWS KMS: `awskms:///`, then its id, ARN, alias or alias ARN.
const KMS: &str = "awskms://";

/// Instead of a key: whoever the job's identity token names.
#[cfg(feature = "keyless")]
const KEYLESS: &str = "keyless";

/// The audience Fulcio's tokens are for.
#[cfg(feature = "keyless")]
const AUDIENCE: &str = "sigstore";

/// Is the key kept by AWS?
pub(crate) fn wants_aws(inputs: &EvidenceInputs) -> bool {
    inputs.signing_key.as_ref().is_some_and(|key| key.expose_secret().trim().starts_with(KMS))
}

/// Reads the key the inputs name, if they name one.
pub(crate) fn read(
    runner: &Runner,
    inputs: &EvidenceInputs,
    aws: Option<&Aws>,
    witnesses: &Witnesses,
) -> Result<Option<Box<dyn Signer>>, InputError> {
    let password = inputs.signing_key_password.as_ref();
    let _ = witnesses;
    let Some(given) = &inputs.signing_key else {
        return match password {
            Some(_) => Err(InputError::unseen("signing-key", "is missing, though signing-key-password is given")),
            None => Ok(None),
        };
    };
    if wants_aws(inputs) {
        if password.is_some() {
            return Err(InputError::unseen("signing-key-password", "is given, but a key in KMS has none"));
        }
        return kms_key(given.expose_secret().trim(), aws).map(Some);
    }
    #[cfg(feature = "keyless")]
    if given.expose_secret().trim() == KEYLESS {
        return keyless(runner, password, witnesses).map(Some);
    }
    let pem = if is_pem(given.expose_secret()) { given.clone() } else { read_file(runner, given.expose_secret())? };
    let key = SigningKey::from_pem(&pem, password).map_err(|error| {
        let input = match error {
            KeyError::PasswordMissing | KeyError::PasswordWrong => "signing-key-password",
            _ => "signing-key",
        };
        InputError::unseen(input, error.to_string())
    })?;
    Ok(Some(Box::new(key)))
}

#[cfg(feature = "keyless")]
fn keyless(
    runner: &Runner,
    password: Option<&SecretString>,
    witnesses: &Witnesses,
) -> Result<Box<dyn Signer>, InputError> {
    let wrong = |problem: &str| InputError::unseen("signing-key", format!("is `keyless`, {problem}"));
    if password.is_some() {
        return Err(InputError::unseen("signing-key-password", "is given, but without a key there is none"));
    }
    let services =
        witnesses.services.clone().ok_or_else(|| wrong("which needs `signing-config` and `trusted-root`"))?;
    let tokens = runner.token_source(AUDIENCE).map_err(|failure| wrong(&format!("but {}", failure.headline())))?;
    Ok(Box::new(crate::signer::Keyless { tokens, services }))
}

fn kms_key(uri: &str, aws: Option<&Aws>) -> Result<Box<dyn Signer>, InputError> {
    let wrong = |problem: String| Err(InputError::unseen("signing-key", problem).example("awskms:///alias/release"));
    let id = uri.strip_prefix("awskms:///").unwrap_or_default();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b":/_-".contains(&b);
    if id.is_empty() || id.len() > 2048 || !id.bytes().all(allowed) {
        return wrong("is not `awskms:///` and the id, ARN or alias of a key".to_owned());
    }
    let Some(aws) = aws else {
        return wrong("is a key in KMS, but this step has no connection to AWS".to_owned());
    };
    match id.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)) {
        Some(region) if region != aws.region() => {
            wrong(format!("is a key in region {region}, but this step works in {}", aws.region()))
        }
        _ => Ok(Box::new(KmsKey::new(aws, id.to_owned()))),
    }
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN ")
}

/// The path is not shown in errors: a key given without its first line would look like one.
fn read_file(runner: &Runner, path: &str) -> Result<SecretString, InputError> {
    let wrong = |problem: String| InputError::unseen("signing-key", problem).example("${{ secrets.SIGNING_KEY }}");
    let mut text = String::new();
    File::open(runner.path(Path::new(path.trim())))
        .and_then(|file| file.take(LIMIT).read_to_string(&mut text))
        .map_err(|error| wrong(format!("is neither PEM text nor the path of a readable file ({})", error.kind())))?;
    if is_pem(&text) { Ok(text.into()) } else { Err(wrong("names a file that holds no PEM text".into())) }
}
