//! The elements of each profile.

use super::Profile;

/// One element.
pub(super) struct Element {
    /// What the regulator calls it.
    pub(super) name: &'static str,
    /// Where it is looked for.
    pub(super) asked: Asked,
    /// Whether "unknown", said plainly, is enough.
    pub(super) unknown_will_do: bool,
}

/// Where an element is looked for.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// Once.
    Document(DocumentField),
    /// In every component.
    Component(ComponentField),
}

/// What a document is asked for.
#[derive(Clone, Copy)]
pub(super) enum DocumentField {
    Author,
    ReachableAuthor,
    Signature,
    FormatName,
    FormatVersion,
    NewFormat,
    Context,
    Timestamp,
    ToolName,
    ToolVersion,
    Version,
}

/// What a component is asked for.
#[derive(Clone, Copy)]
pub(super) enum ComponentField {
    Producer,
    ReachableProducer,
    Name,
    Version,
    Identifier,
    HashValue,
    HashAlgorithm,
    Licence,
    ConcludedLicence,
    Dependencies,
    DependenciesWithCompleteness,
    FileName,
    DistributionHash,
    /// A property of BSI's taxonomy.
    Bsi(&'static str),
}

const fn document(name: &'static str, field: DocumentField) -> Element {
    Element { name, asked: Asked::Document(field), unknown_will_do: true }
}

/// CISA asks to say what is unknown ("Explicitly Identifying Unknown Information").
const fn component(name: &'static str, field: ComponentField) -> Element {
    Element { name, asked: Asked::Component(field), unknown_will_do: true }
}

/// BSI does not take "unknown" for an answer.
const fn strict(name: &'static str, field: ComponentField) -> Element {
    Element { name, asked: Asked::Component(field), unknown_will_do: false }
}

const CISA_2026: &[Element] = &[
    document("SBOM Author", DocumentField::Author),
    document("SBOM Author Signature", DocumentField::Signature),
    document("SBOM Data Format Name", DocumentField::FormatName),
    document("SBOM Data Format Version", DocumentField::FormatVersion),
    document("SBOM Generation Context", DocumentField::Context),
    document("SBOM Timestamp", DocumentField::Timestamp),
    document("SBOM Tool Name", DocumentField::ToolName),
    document("SBOM Tool Version", DocumentField::ToolVersion),
    document("SBOM Version", DocumentField::Version),
    component("Component Producer", ComponentField::Producer),
    component("Component Name", ComponentField::Name),
    component("Component Version", ComponentField::Version),
    component("Component Identifiers", ComponentField::Identifier),
    component("Component Hash Value", ComponentField::HashValue),
    component("Component Hash Algorithm", ComponentField::HashAlgorithm),
    component("Component License", ComponentField::Licence),
    component("Component Dependency Relationship", ComponentField::Dependencies),
];

const NTIA_2021: &[Element] = &[
    document("Author of SBOM Data", DocumentField::Author),
    document("Timestamp", DocumentField::Timestamp),
    component("Supplier Name", ComponentField::Producer),
    component("Component Name", ComponentField::Name),
    component("Version of the Component", ComponentField::Version),
    component("Other Unique Identifiers", ComponentField::Identifier),
    component("Dependency Relationship", ComponentField::Dependencies),
];

const BSI_TR_03183_2: &[Element] = &[
    document("Format (CycloneDX 1.6 or later)", DocumentField::NewFormat),
    document("Creator of the SBOM (e-mail or URL)", DocumentField::ReachableAuthor),
    document("Timestamp", DocumentField::Timestamp),
    strict("Component creator (e-mail or URL)", ComponentField::ReachableProducer),
    strict("Component name", ComponentField::Name),
    strict("Component version", ComponentField::Version),
    strict("Filename of the component", ComponentField::FileName),
    strict("Dependencies, with completeness", ComponentField::DependenciesWithCompleteness),
    strict("Distribution licences", ComponentField::ConcludedLicence),
    strict("Hash value of the deployable component (SHA-512)", ComponentField::DistributionHash),
    strict("Executable property", ComponentField::Bsi("bsi:component:executable")),
    strict("Archive property", ComponentField::Bsi("bsi:component:archive")),
    strict("Structured property", ComponentField::Bsi("bsi:component:structured")),
];

pub(super) fn of(profile: Profile) -> &'static [Element] {
    match profile {
        Profile::Cisa2026 => CISA_2026,
        Profile::Ntia2021 => NTIA_2021,
        Profile::BsiTr03183 => BSI_TR_03183_2,
    }
}
