//! The signing key, from PEM text or a file of it.

use crate::EvidenceInputs;
use attest::{KeyError, SigningKey};
use github::{InputError, Runner};
use secrecy::{ExposeSecret as _, SecretString};
use std::{fs::File, io::Read as _, path::Path};

/// PEM files of keys have some hundred bytes.
const LIMIT: u64 = 64 << 10;

/// Reads the key the inputs name, if they name one.
pub(crate) fn read(runner: &Runner, inputs: &EvidenceInputs) -> Result<Option<SigningKey>, InputError> {
    let password = inputs.signing_key_password.as_ref();
    let Some(given) = &inputs.signing_key else {
        return match password {
            Some(_) => Err(InputError::unseen("signing-key", "is missing, though signing-key-password is given")),
            None => Ok(None),
        };
    };
    let pem = if is_pem(given.expose_secret()) { given.clone() } else { read_file(runner, given.expose_secret())? };
    SigningKey::from_pem(&pem, password).map(Some).map_err(|error| {
        let input = match error {
            KeyError::PasswordMissing | KeyError::PasswordWrong => "signing-key-password",
            _ => "signing-key",
        };
        InputError::unseen(input, error.to_string())
    })
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
