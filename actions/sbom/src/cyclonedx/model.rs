//! The part of CycloneDX 1.5 to 1.7 that is written, as one typed model for JSON and XML.
//!
//! Field order is the order of the XML schema (`bom-1.7.xsd`), which JSON keeps. Everything is built in sorted order, so
//! equal content is equal bytes. Text is borrowed from the graph.

use serde::Serialize;
use std::borrow::Cow;

/// Foreign text, borrowed where it could stay as it is.
pub type Text<'a> = Cow<'a, str>;

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bom<'a> {
    /// Always `CycloneDX`.
    pub bom_format: &'static str,
    /// `1.7`, `1.6` or `1.5`.
    pub spec_version: &'static str,
    /// `urn:uuid:` and a UUID derived from all the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// Always 1: other content has another serial number.
    pub version: u32,
    /// About the document.
    pub metadata: Metadata<'a>,
    /// Sorted by bom-ref.
    pub components: Vec<Component<'a>>,
    /// Sorted by ref; every component and the root has an entry.
    pub dependencies: Vec<Dependency<'a>>,
    /// What is complete and what is not.
    pub compositions: Vec<Composition<'a>>,
}

/// About the document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metadata<'a> {
    /// RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// One phase.
    pub lifecycles: Vec<Lifecycle>,
    /// What wrote it.
    pub tools: Tools<'a>,
    /// Who had it written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Contact<'a>>,
    /// What it is about.
    pub component: Component<'a>,
    /// The organisation that had it written; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<Organization<'a>>,
    /// Who supplies what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<Organization<'a>>,
    /// Sorted.
    pub properties: Vec<Property<'a>>,
}

/// When in its life the subject was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lifecycle {
    /// `pre-build` for sources, `post-build` for images.
    pub phase: &'static str,
}

/// What wrote the document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tools<'a> {
    /// The tool as a component.
    pub components: Vec<Component<'a>>,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Organization<'a> {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// Its pages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<Text<'a>>,
    /// Whom to write to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<Contact<'a>>,
}

/// A person, or the mailbox of an organisation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contact<'a> {
    /// A name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// An address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Text<'a>>,
}

/// A component; [`Default`] has every optional field empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component<'a> {
    /// `library`, `application`, `operating-system` or `container`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Unique in the document.
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub bom_ref: Option<Text<'a>>,
    /// Whether the environment provides it; new in 1.7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_external: Option<bool>,
    /// Who supplies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<Organization<'a>>,
    /// Who makes it; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<Organization<'a>>,
    /// Who publishes it, in the source's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Text<'a>>,
    /// The npm scope, the Maven group and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Text<'a>>,
    /// Its name.
    pub name: Text<'a>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text<'a>>,
    /// `required`, `optional` or `excluded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash<'a>>,
    /// Up to 1.6 either several licences or exactly one expression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<LicenceChoice<'a>>,
    /// The canonical purl.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<Text<'a>>,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_references: Vec<ExternalReference<'a>>,
    /// Sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property<'a>>,
    /// What is inside it, sorted by bom-ref.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component<'a>>,
    /// How and where it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence<'a>>,
}

/// A checksum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hash<'a> {
    /// Such as `SHA-256`.
    pub alg: &'static str,
    /// Lowercase hexadecimal digits.
    pub content: &'a str,
}

/// A licence, or an expression of several.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LicenceChoice<'a> {
    /// One licence.
    License(Licence<'a>),
    /// `{"expression": …}` beside an acknowledgement.
    #[serde(untagged)]
    Expression(Expression<'a>),
}

/// One licence by identifier or name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Licence<'a> {
    /// An SPDX identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Text<'a>>,
    /// Other words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// `declared`; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<&'static str>,
}

/// An SPDX expression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expression<'a> {
    /// The expression.
    pub expression: Text<'a>,
    /// `declared`; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledgement: Option<&'static str>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExternalReference<'a> {
    /// `vcs`, `distribution`, `website` and so on.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// An absolute URI.
    pub url: Text<'a>,
    /// Of what is at the address, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<Hash<'a>>,
}

/// How and where a component was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence<'a> {
    /// How its identity is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identities>,
    /// Sorted by location and line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub occurrences: Vec<Occurrence<'a>>,
}

/// The statements on identity: an object in 1.5, a list since.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Identities {
    /// 1.5.
    One(Identity),
    /// 1.6 and later.
    List([Identity; 1]),
}

/// How one field of the identity is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identity {
    /// `purl`.
    pub field: &'static str,
    /// From 0 to 1.
    pub confidence: Percent,
    /// One method.
    pub methods: [Method; 1],
}

/// How.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Method {
    /// `manifest-analysis` and so on.
    pub technique: &'static str,
    /// From 0 to 1.
    pub confidence: Percent,
}

/// A share from 0 to 1, written as `1`, `0` or `0.8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(pub u8);

impl Serialize for Percent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            0 => serializer.serialize_u8(0),
            100.. => serializer.serialize_u8(1),
            between => serializer.serialize_f32(f32::from(between) / 100.0),
        }
    }
}

/// One place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence<'a> {
    /// The path inside the tree or image.
    pub location: Text<'a>,
    /// Counted from 1; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The image layer; new in 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_context: Option<String>,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Property<'a> {
    /// Names have a namespace.
    pub name: Text<'a>,
    /// The value.
    pub value: Text<'a>,
}

/// What one component needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency<'a> {
    /// A bom-ref.
    #[serde(rename = "ref")]
    pub reference: Text<'a>,
    /// Sorted bom-refs; empty for leaves.
    pub depends_on: Vec<Text<'a>>,
}

/// How complete something is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Composition<'a> {
    /// Says what it is about.
    #[serde(rename = "bom-ref")]
    pub bom_ref: String,
    /// `complete`, `incomplete` or `unknown`.
    pub aggregate: &'static str,
    /// Whose listing of parts this is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assemblies: Vec<Text<'a>>,
    /// Whose dependencies this is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Text<'a>>,
}
