//! The bills of materials that are attached to an image: found, verified, read.

use crate::bill::Bill;
use attest::{PublicKey, predicate};
use evidence::Evidence;
use github::{Exit, Failure, Runner};
use serde_json::Value;
use subject::{Digest, ImageRef};

/// One attached bill of materials that is believed.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The referrer that carries it.
    pub referrer: Digest,
    /// The key that signed it.
    pub key_id: String,
    /// The document as it was signed.
    pub predicate: Value,
    /// The same, read.
    pub bill: Bill,
}

/// What is attached to an image.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The believed ones: those about this very digest first, then by referrer.
    pub believed: Vec<Attached>,
    /// Statements that count for nothing, with the reason.
    pub rejected: Vec<(Digest, String)>,
}

/// Reads every statement on the image and keeps the bills of materials. A VEX document of the same type, which lists no
/// component, is none.
///
/// # Errors
/// A [`Failure`] when the registry cannot be asked.
pub async fn find(evidence: &Evidence<'_>, image: &ImageRef, keys: &[PublicKey]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for piece in evidence.read(image, keys).await? {
        let believed = match piece.statement {
            Ok(believed) if believed.statement.predicate_type() == predicate::CYCLONEDX => believed,
            Ok(_) => continue,
            Err(rejection) => {
                found.rejected.push((piece.referrer, rejection.to_string()));
                continue;
            }
        };
        let document = believed.statement.predicate();
        match Bill::read(document.to_string().as_bytes()) {
            Ok(bill) if bill.parts.is_empty() => {}
            Ok(bill) => found.believed.push(Attached {
                referrer: piece.referrer,
                key_id: believed.key_id,
                predicate: document.clone(),
                bill,
            }),
            Err(error) => found.rejected.push((piece.referrer, format!("its predicate is {error}"))),
        }
    }
    let digest = image.digest.to_string();
    let foreign =
        |attached: &Attached| attached.bill.subject().and_then(|subject| subject.version.as_deref()) != Some(&*digest);
    found.believed.sort_by_key(|attached| (foreign(attached), attached.referrer));
    Ok(found)
}

/// The one bill of materials of an image, for comparing.
///
/// # Errors
/// A [`Failure`] when there is none that is believed, or the registry cannot be asked.
pub async fn one(
    runner: &Runner,
    evidence: &Evidence<'_>,
    image: &ImageRef,
    keys: &[PublicKey],
) -> Result<Attached, Failure> {
    let Found { mut believed, rejected } = find(evidence, image, keys).await?;
    if believed.len() > 1 {
        runner.warning(format!(
            "{image} has {} bills of materials; the one of {} is read",
            believed.len(),
            believed[0].referrer
        ));
    }
    if believed.is_empty() {
        let failure =
            Failure::new(Exit::Unknown, "read the bill of materials of").subject(image).state("nothing was changed");
        let failure = match rejected.first() {
            Some((referrer, why)) => {
                failure.because(format!("of {} statements none is believed, such as {referrer}: {why}", rejected.len()))
            }
            None => failure.because("none is attached"),
        };
        return Err(failure.help("attach one with this action and `signing-key`, and give its key as `public-key`"));
    }
    Ok(believed.swap_remove(0))
}
