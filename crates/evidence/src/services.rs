//! Sigstore's services: who certifies an identity, and who witnesses a signature.
//!
//! Where they are is told by a signing configuration (sigstore/protobuf-specs `sigstore_trustroot.proto`,
//! `signingconfig.v0.2+json`). What they answer is not believed here: the bundle is verified before it is attached.

use attest::{Bundle, PublicKey, SigningKey, stamp_request};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use std::time::Duration;
use transport::{Attempt, Limits, Pauses};

/// The longest answer that is read: entries with long paths have some 10 KB.
const LIMIT: usize = 1 << 20;
/// A service that is out of order is not waited for long: a release does not depend on it.
const PAUSES: Pauses = Pauses { attempts: 3, first: Duration::from_millis(300), longest: Duration::from_secs(3) };

/// Where the services are, and the way there.
pub(crate) struct Services {
    client: Client,
    authority: Option<Url>,
    log: Option<Url>,
    stamper: Option<Url>,
}

impl Services {
    /// Reads a signing configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        let configuration: Value = serde_json::from_slice(text).map_err(|error| format!("is not JSON: {error}"))?;
        let media_type = configuration["mediaType"].as_str().unwrap_or_default();
        if media_type != "application/vnd.dev.sigstore.signingconfig.v0.2+json" {
            return Err("is not a signing configuration of version 0.2".to_owned());
        }
        let client =
            transport::client(Limits { total: Some(Duration::from_secs(20)), redirects: 0, ..Limits::default() });
        let services = Self {
            client: client.map_err(|error| error.to_string())?,
            authority: first(&configuration, "caUrls", "api/v2/signingCert")?,
            log: first(&configuration, "rekorTlogUrls", "api/v1/log/entries")?,
            stamper: first(&configuration, "tsaUrls", "")?,
        };
        if services.log.is_none() && services.stamper.is_none() {
            return Err("names neither a log (Rekor, API version 1) nor a time stamping authority".to_owned());
        }
        Ok(services)
    }

    /// A certificate (DER) for this key, in the name of whoever the token speaks of.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn certificate(&self, token: &SecretString, key: &SigningKey) -> Result<Vec<u8>, String> {
        let url = self.authority.clone().ok_or("the signing configuration names no certificate authority")?;
        // Fulcio wants a signature over what it will certify, so that nobody gets a certificate for another's key.
        let subject = subject(token).ok_or("the identity token names nobody")?;
        let proof = key.sign(subject.as_bytes()).map_err(|error| error.to_string())?;
        let pem = key.public().to_pem().map_err(|error| error.to_string())?;
        let request = json!({
            "credentials": {"oidcIdentityToken": token.expose_secret()},
            "publicKeyRequest": {
                "publicKey": {"algorithm": "ECDSA", "content": pem},
                "proofOfPossession": STANDARD.encode(proof),
            },
        });
        let answer = self.json(|| self.client.request(Method::POST, url.clone()).json(&request)).await?;
        let leaf = answer.pointer("/signedCertificateEmbeddedSct/chain/certificates/0").and_then(Value::as_str);
        leaf.and_then(from_pem).ok_or_else(|| "the answer holds no certificate that was logged".to_owned())
    }

    /// The bundle with every witness that could be had, and what could not.
    pub(crate) async fn witness(&self, bundle: &Bundle, key: Option<&PublicKey>) -> (Bundle, Vec<String>) {
        let (stamp, entry) = tokio::join!(self.stamp(bundle), self.entry(bundle, key));
        let mut troubles = Vec::new();
        let mut had = |name: &str, result: Result<Option<Value>, String>| match result {
            Ok(witness) => witness,
            Err(trouble) => {
                troubles.push(format!("{name}: {trouble}"));
                None
            }
        };
        let stamp = stamp.map(|stamp| stamp.map(|bytes| json!(STANDARD.encode(bytes))));
        let stamp = had("time stamp", stamp).and_then(|it| STANDARD.decode(it.as_str()?).ok());
        let entry = had("log", entry);
        match bundle.with_witnesses(entry.as_slice(), stamp.as_slice()) {
            Ok(witnessed) => (witnessed, troubles),
            Err(error) => (bundle.clone(), [troubles, vec![error.to_string()]].concat()),
        }
    }

    async fn stamp(&self, bundle: &Bundle) -> Result<Option<Vec<u8>>, String> {
        let Some(url) = &self.stamper else { return Ok(None) };
        let ask = || {
            let request = self.client.request(Method::POST, url.clone()).body(stamp_request(bundle));
            request.header(header::CONTENT_TYPE, "application/timestamp-query")
        };
        self.exchange(ask).await.map(|answer| Some(answer.body))
    }

    async fn entry(&self, bundle: &Bundle, key: Option<&PublicKey>) -> Result<Option<Value>, String> {
        let Some(url) = &self.log else { return Ok(None) };
        let json: Value = serde_json::from_slice(&bundle.to_bytes()).map_err(|error| error.to_string())?;
        let verifier = match (key, json.pointer("/verificationMaterial/certificate/rawBytes").and_then(Value::as_str)) {
            (_, Some(certificate)) => {
                format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n")
            }
            (Some(key), None) => key.to_pem().map_err(|error| error.to_string())?,
            (None, None) => return Err("there is no key that the log could verify with".to_owned()),
        };
        let content = json!({
            "envelope": json["dsseEnvelope"].to_string(),
            "verifiers": [STANDARD.encode(verifier)],
        });
        let proposal = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": content}});
        let answer = self.exchange(|| self.client.request(Method::POST, url.clone()).json(&proposal)).await?;
        let answer = match (answer.status, answer.location.and_then(|it| url.join(&it).ok())) {
            // It has this very entry, from an attempt that did not come to its end.
            (StatusCode::CONFLICT, Some(known)) if known.origin() == url.origin() => {
                self.json(|| self.client.request(Method::GET, known.clone())).await?
            }
            (StatusCode::CONFLICT, _) => return Err("it has the entry and does not say where".to_owned()),
            _ => parsed(&answer.body)?,
        };
        let entry = answer.as_object().and_then(|entries| entries.values().next());
        entry.and_then(as_in_a_bundle).map(Some).ok_or_else(|| "the answer holds no entry".to_owned())
    }

    async fn json(&self, ask: impl Fn() -> RequestBuilder) -> Result<Value, String> {
        parsed(&self.exchange(ask).await?.body)
    }

    async fn exchange(&self, ask: impl Fn() -> RequestBuilder) -> Result<Answer, String> {
        transport::retry(PAUSES, || async {
            let again = |error| Attempt::Again { error, after: None };
            let mut response = match ask().send().await {
                Ok(response) => response,
                Err(error) => return again(transport::explain(&error.without_url())),
            };
            let status = response.status();
            let location = response.headers().get(header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
            let mut body = Vec::new();
            loop {
                match response.chunk().await {
                    Ok(Some(chunk)) if body.len() + chunk.len() > LIMIT => {
                        return Attempt::Fatal(format!("the answer is longer than {LIMIT} bytes"));
                    }
                    Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                    Ok(None) => break,
                    Err(error) => return again(transport::explain(&error)),
                }
            }
            match status {
                StatusCode::CONFLICT => Attempt::Done(Answer { status, location, body }),
                _ if status.is_success() => Attempt::Done(Answer { status, location, body }),
                _ if status.is_server_error() || status.as_u16() == 429 => again(format!("it answered {status}")),
                _ => Attempt::Fatal(format!("it answered {status}")),
            }
        })
        .await
    }
}

struct Answer {
    status: StatusCode,
    location: Option<String>,
    body: Vec<u8>,
}

fn parsed(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("the answer is not JSON: {error}"))
}

/// The first service of a kind whose API we speak, with the path of the one call that is made there.
fn first(configuration: &Value, kind: &str, path: &str) -> Result<Option<Url>, String> {
    let services = configuration.get(kind).and_then(Value::as_array).into_iter().flatten();
    let Some(service) = services.filter(|it| it["majorApiVersion"] == 1).find_map(|it| it["url"].as_str()) else {
        return Ok(None);
    };
    let wrong = || format!("`{kind}` holds an address that is no https address");
    let base = if path.is_empty() { service.to_owned() } else { format!("{}/{path}", service.trim_end_matches('/')) };
    let url = Url::parse(&base).map_err(|_| wrong())?;
    let here = url.host_str().is_some_and(|host| oci::is_loopback(&format!("{host}:0")));
    (url.scheme() == "https" || here).then_some(Some(url)).ok_or_else(wrong)
}

/// What Fulcio takes for the subject of a token: an e-mail address where there is one.
fn subject(token: &SecretString) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.expose_secret().split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let claim = |name: &str| claims[name].as_str().map(str::to_owned);
    claim("email").or_else(|| claim("sub"))
}

fn from_pem(text: &str) -> Option<Vec<u8>> {
    let inside = text.trim().strip_prefix("-----BEGIN CERTIFICATE-----")?.strip_suffix("-----END CERTIFICATE-----")?;
    STANDARD.decode(inside.split_whitespace().collect::<String>()).ok()
}

/// An entry as Rekor v1 answers with it, in the words of a bundle (`sigstore_rekor.proto`).
fn as_in_a_bundle(entry: &Value) -> Option<Value> {
    let text = |value: &Value| value.as_u64().map(|number| number.to_string());
    let bytes = |value: &Value| Some(json!(STANDARD.encode(hex::decode(value.as_str()?).ok()?)));
    let body = entry["body"].as_str()?;
    let kind: Value = serde_json::from_slice(&STANDARD.decode(body).ok()?).ok()?;
    let verification = &entry["verification"];
    let mut read = json!({
        "logIndex": text(&entry["logIndex"])?,
        "logId": {"keyId": bytes(&entry["logID"])?},
        "kindVersion": {"kind": kind["kind"], "version": kind["apiVersion"]},
        "integratedTime": text(&entry["integratedTime"])?,
        "inclusionPromise": {"signedEntryTimestamp": verification["signedEntryTimestamp"]},
        "canonicalizedBody": body,
    });
    if let Some(proof) = verification.get("inclusionProof") {
        let hashes = proof["hashes"].as_array()?.iter().map(bytes).collect::<Option<Vec<_>>>()?;
        read["inclusionProof"] = json!({
            "logIndex": text(&proof["logIndex"])?,
            "rootHash": bytes(&proof["rootHash"])?,
            "treeSize": text(&proof["treeSize"])?,
            "hashes": hashes,
            "checkpoint": {"envelope": proof["checkpoint"]},
        });
    }
    Some(read)
}
