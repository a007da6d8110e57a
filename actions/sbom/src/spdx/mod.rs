//! SPDX: 2.3 as JSON and 3.0.1 as JSON-LD, both from the same names, licences and edges.
//!
//! Equal graphs give equal bytes: the namespace is derived from the content, and where no time is known the document says
//! the beginning of 1970 and that this means nothing.

mod edges;
mod licences;
mod names;
mod v2;
mod v3;

use crate::{
    cyclonedx::{content_id, timestamp},
    graph::{Graph, Party},
};
use serde::Serialize;
use std::borrow::Cow;

/// Which version of the specification is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecVersion {
    /// 2.3 (ISO/IEC 5962 is 2.2.1).
    V2_3,
    /// 3.0.1.
    V3_0,
}

/// The tool's name with its version.
const TOOL: &str = concat!("lockkeeper-sbom-", env!("CARGO_PKG_VERSION"));

/// Release of the SPDX licence list that identifiers are of, the `spdx` crate's.
const LICENCE_LIST: &str = "3.29";

/// What `created` is when no time is known.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Said beside [`NO_TIME`].
const NO_TIME_COMMENT: &str =
    "No time is known: neither SOURCE_DATE_EPOCH nor the image gives one. The time of creation means nothing.";

/// The graph as a document on one line, with a newline at its end.
///
/// `timestamp` must come from the input (an image's creation time, `SOURCE_DATE_EPOCH`).
///
/// # Errors
/// When the JSON writer fails: a fault of this program.
pub fn write(graph: &Graph, version: SpecVersion, at: Option<jiff::Timestamp>) -> Result<Vec<u8>, serde_json::Error> {
    let about = About { graph, namespace: String::new(), created: None };
    match version {
        SpecVersion::V2_3 => named(about, at, |about| v2::document(about)),
        SpecVersion::V3_0 => named(about, at, |about| v3::document(about)),
    }
}

/// What a document is made from.
struct About<'a> {
    graph: &'a Graph,
    namespace: String,
    created: Option<String>,
}

/// Writes the document twice: without namespace and time to learn its own name, then with both.
fn named<'a, D: Serialize>(
    mut about: About<'a>,
    at: Option<jiff::Timestamp>,
    document: impl Fn(&About<'a>) -> D,
) -> Result<Vec<u8>, serde_json::Error> {
    let id = content_id(&serde_json::to_vec(&document(&about))?);
    about.namespace = format!("https://lockkeeper.dev/spdx/{}-{id}", names::fitting(&about.graph.root.name));
    about.created = at.map(timestamp);
    let mut bytes = serde_json::to_vec(&document(&about))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What a party is called where a name is needed.
fn called(party: &Party) -> Option<&str> {
    party.name.as_deref().or(party.url.as_deref()).or(party.email.as_deref())
}

/// Where a component was found, in words.
fn found_in(component: &crate::graph::Component) -> Option<Cow<'_, str>> {
    let place = |(place, line): &(crate::graph::Place, Option<u32>)| {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let layer = place.layer.as_ref().map(|layer| format!(" in layer {layer}")).unwrap_or_default();
        format!("{}{line}{layer}", place.path)
    };
    let places: Vec<String> = component.found.iter().map(place).collect();
    (!places.is_empty()).then(|| {
        let text = format!("found in {}", places.join(", "));
        Cow::Owned(crate::lexical::plain(&text).into_owned())
    })
}
