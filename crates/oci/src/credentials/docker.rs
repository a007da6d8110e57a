//! Docker's configuration file and its credential helpers, which every registry login of a workflow fills.
//!
//! Source: docker/cli `cli/config/configfile`, docker/docker-credential-helpers README (protocol: the host on standard
//! input of `docker-credential-<name> get`, a JSON document on its standard output).

use super::{Credentials, CredentialsError, Login};
use base64::Engine as _;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Docker Hub's key in the file, whatever host its images name.
const DOCKER_HUB: &str = "index.docker.io";
/// A configuration or an answer of a helper beyond this is not one.
const LIMIT: u64 = 1 << 20;
/// A helper may ask a key chain, but nobody is there to answer a question.
const HELPER_PATIENCE: Duration = Duration::from_secs(30);

/// Logins from `config.json` of a Docker configuration folder.
#[derive(Debug, Clone)]
pub struct DockerConfig {
    folder: PathBuf,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

impl DockerConfig {
    /// Reads `config.json` in this folder — `$DOCKER_CONFIG`, else `~/.docker` — at each first question for a host.
    /// A missing file means no logins.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    async fn read(&self) -> Result<File, CredentialsError> {
        let path = self.folder.join("config.json");
        let mut text = Vec::new();
        match tokio::fs::File::open(&path).await {
            Ok(file) => file.take(LIMIT).read_to_end(&mut text).await?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(File::default()),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display()).into()),
        };
        // The parser's own text could show a piece of a secret; its position is enough.
        serde_json::from_slice(&text).map_err(|error| {
            format!("{} is malformed at line {}, column {}", path.display(), error.line(), error.column()).into()
        })
    }
}

#[async_trait::async_trait]
impl Credentials for DockerConfig {
    async fn login(&self, registry_host: &str) -> Result<Option<Login>, CredentialsError> {
        let file = self.read().await?;
        let wanted = host_of(registry_host);
        let same = |key: &&String| host_of(key) == wanted;
        if let Some(helper) = file.cred_helpers.iter().find(|(key, _)| same(key)).map(|(_, helper)| helper) {
            return ask(helper, registry_host).await;
        }
        let entry = file.auths.iter().find(|(key, _)| same(key));
        if let Some(login) = entry.map(|(_, entry)| entry.login()).transpose()?.flatten() {
            return Ok(Some(login));
        }
        match &file.creds_store {
            // The store is asked by the key that `docker login` used.
            Some(store) => ask(store, entry.map_or(registry_host, |(key, _)| key)).await,
            None => Ok(None),
        }
    }
}

/// A key of the file as a host: keys may be addresses, such as `https://index.docker.io/v1/`.
fn host_of(key: &str) -> &str {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let host = bare.split('/').next().unwrap_or(bare);
    if matches!(host, "docker.io" | "registry-1.docker.io") { DOCKER_HUB } else { host }
}

impl Entry {
    fn login(&self) -> Result<Option<Login>, CredentialsError> {
        let given = |text: &&String| !text.is_empty();
        if let Some(token) = self.identitytoken.as_ref().filter(given) {
            return Ok(Some(Login::token(token.as_str().into())));
        }
        if let (Some(username), Some(password)) = (&self.username, &self.password) {
            return Ok(Some(Login::new(username, password.as_str().into())));
        }
        let Some(auth) = self.auth.as_ref().filter(given) else { return Ok(None) };
        let malformed = || "an `auth` of the Docker configuration is not base64 of user:password";
        let decoded = base64::engine::general_purpose::STANDARD.decode(auth).map_err(|_| malformed())?;
        let decoded = String::from_utf8(decoded).map_err(|_| malformed())?;
        let (username, password) = decoded.split_once(':').ok_or_else(malformed)?;
        // Docker pads the password with zero bytes on some versions and trims them itself.
        Ok(Some(Login::new(username, password.trim_end_matches('\0').into())))
    }
}

async fn ask(helper: &str, server: &str) -> Result<Option<Login>, CredentialsError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if helper.is_empty() || !helper.bytes().all(plain) {
        return Err("the Docker configuration names a credential helper that is no program's name".into());
    }
    let program = format!("docker-credential-{helper}");
    let failed = |cause: String| CredentialsError::from(format!("{program} get: {cause}"));
    let mut child = tokio::process::Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let exchange = async {
        if let Some(mut input) = child.stdin.take() {
            // A helper that fails early may close its input; its exit status tells the rest.
            let _ = input.write_all(server.as_bytes()).await;
        }
        let mut answer = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(LIMIT).read_to_end(&mut answer).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, answer))
    };
    let finished = tokio::time::timeout(HELPER_PATIENCE, exchange).await;
    let (status, answer) =
        finished.map_err(|_| failed("no answer in time".into()))?.map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        let said = String::from_utf8_lossy(&answer);
        // The protocol's own words for "I have none" (docker-credential-helpers `credentials.errCredentialsNotFoundMessage`).
        return if said.contains("credentials not found") {
            Ok(None)
        } else {
            Err(failed(crate::error::quote(said.trim(), 200)))
        };
    }
    let helped: Helped = serde_json::from_slice(&answer).map_err(|_| failed("its answer is not a login".into()))?;
    Ok(Some(Login::new(helped.username, helped.secret.into())))
}
