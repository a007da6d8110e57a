//! The part of CycloneDX 1.6 that is written, as typed JSON (`bom-1.6.schema.json`).
//!
//! Field order is the order in the file. Everything is built in sorted order, so equal content is equal bytes.

use serde::Serialize;

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bom {
    /// Always `CycloneDX`.
    pub bom_format: &'static str,
    /// `1.6` or `1.5`.
    pub spec_version: &'static str,
    /// `urn:uuid:` and a UUID derived from all the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Always 1: other content has another serial number.
    pub version: u32,
    /// About the document.
    pub metadata: Metadata,
    /// Sorted by bom-ref.
    pub components: Vec<Component>,
    /// Sorted by ref; every component and the root has an entry.
    pub dependencies: Vec<Dependency>,
    /// What is complete and what is not.
    pub compositions: Vec<Composition>,
}

/// About the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// One phase.
    pub lifecycles: Vec<Lifecycle>,
    /// What wrote it.
    pub tools: Tools,
    /// What it is about.
    pub component: Component,
    /// Sorted.
    pub properties: Vec<Property>,
}

/// When in its life the subject was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lifecycle {
    /// `pre-build` for sources, `post-build` for images.
    pub phase: &'static str,
}

/// What wrote the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tools {
    /// The tool as a component.
    pub components: Vec<Component>,
}

/// A component; [`Default`] has every optional field empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// `library`, `application`, `operating-system` or `container`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Unique in the document.
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub bom_ref: Option<String>,
    /// Who publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// The npm scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `required`, `optional` or `excluded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash>,
    /// Either several licences or exactly one expression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<LicenceChoice>,
    /// The canonical purl.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// Where it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

/// A checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hash {
    /// Such as `SHA-256`.
    pub alg: &'static str,
    /// Lowercase hexadecimal digits.
    pub content: String,
}

/// A licence, or an expression of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LicenceChoice {
    /// One licence.
    License(Licence),
    /// `{"expression": …}` beside an acknowledgement.
    #[serde(untagged)]
    Expression(Expression),
}

/// One licence by identifier or name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Licence {
    /// An SPDX identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Other words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `declared`; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<&'static str>,
}

/// An SPDX expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expression {
    /// The expression.
    pub expression: String,
    /// `declared`; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<&'static str>,
}

/// Where a component was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Sorted by location and line.
    pub occurrences: Vec<Occurrence>,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// The path inside the tree or image.
    pub location: String,
    /// Counted from 1; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The image layer; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_context: Option<String>,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Property {
    /// Names have a namespace.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What one component needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// A bom-ref.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Sorted bom-refs; empty for leaves.
    pub depends_on: Vec<String>,
}

/// How complete something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Composition {
    /// `complete`, `incomplete` or `unknown`.
    pub aggregate: &'static str,
    /// Whose listing of parts this is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assemblies: Vec<String>,
    /// Whose dependencies this is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<String>,
}
