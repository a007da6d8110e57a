//! What hangs on each digest at the end, read from the registry and verified with the public key.

use crate::walk::Story;
use anyhow::Result;
use attest::{Bundle, PublicKey};
use oci::Registry;
use subject::ImageRef;

/// One statement on a digest.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    /// The last words of its predicate type.
    pub(crate) kind: String,
    /// The verdict or result it states, where it states one.
    pub(crate) result: String,
}

/// The statements on an image, each verified: a statement that does not verify is an error.
pub(crate) async fn read(registry: &Registry, image: &ImageRef, public_key: &str) -> Result<Vec<Evidence>> {
    let keys = [PublicKey::from_pem(public_key)?];
    let mut found = Vec::new();
    for referrer in registry.referrers(image, None).await?.found {
        for layer in referrer.layers() {
            let bytes = registry.blob_bytes(&image.repository, layer, 16 << 20).await?;
            let bundle = Bundle::parse(&bytes)?;
            let verified = attest::verify(&bundle, &keys)?;
            let statement = verified.about(&image.digest)?;
            let predicate = statement.predicate();
            let result = ["verdict", "result"].iter().find_map(|name| predicate[name].as_str());
            found.push(Evidence {
                kind: kind(statement.predicate_type()),
                result: result.unwrap_or_default().to_owned(),
            });
        }
    }
    Ok(found)
}

fn kind(predicate_type: &str) -> String {
    let words: Vec<&str> = predicate_type.split('/').filter(|word| !word.starts_with('v') || word.len() > 5).collect();
    match *words.last().unwrap_or(&predicate_type) {
        "bom" => "CycloneDX SBOM".to_owned(),
        "provenance" => "SLSA provenance".to_owned(),
        other => other.to_owned(),
    }
}

/// Prints the statements on each digest.
pub(crate) fn print(story: &Story) {
    for told in &story.releases {
        println!("{:<10} {}", told.release.flavour, told.release.image.digest);
        for evidence in &told.evidence {
            println!("    {:<22} {}", evidence.kind, evidence.result);
        }
    }
}
