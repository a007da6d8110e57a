//! The domain: what packages there are, what needs what, and how much of that is known.
//!
//! A parser yields an [`Inventory`] of one file (or of one package database made of many files); [`crate::assemble`]
//! joins inventories into one [`Graph`]. Nothing here knows a file format or CycloneDX.

use std::collections::{BTreeMap, BTreeSet};

/// Where packages of one kind come from; the name is the purl type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Alpine and its descendants.
    Apk,
    /// Bitnami's containers.
    Bitnami,
    /// Rust crates.
    Cargo,
    /// CocoaPods.
    Cocoapods,
    /// PHP packages.
    Composer,
    /// C and C++ packages of Conan.
    Conan,
    /// Conda packages.
    Conda,
    /// Debian and its descendants.
    Deb,
    /// Ruby gems.
    Gem,
    /// What belongs to no ecosystem, or to none that is known.
    Generic,
    /// Actions that workflows use.
    GithubActions,
    /// Go modules.
    Golang,
    /// Elixir and Erlang packages.
    Hex,
    /// Java packages.
    Maven,
    /// JavaScript packages.
    Npm,
    /// .NET packages.
    Nuget,
    /// The distribution itself, as its os-release file names it.
    Os,
    /// Dart packages.
    Pub,
    /// Python packages.
    Pypi,
    /// Fedora, SUSE and their relatives.
    Rpm,
    /// Swift packages.
    Swift,
    /// Terraform providers.
    Terraform,
}

impl Ecosystem {
    /// The purl type, also the first word of the bom-ref of a package that has no purl.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Bitnami => "bitnami",
            Self::Cargo => "cargo",
            Self::Cocoapods => "cocoapods",
            Self::Composer => "composer",
            Self::Conan => "conan",
            Self::Conda => "conda",
            Self::Deb => "deb",
            Self::Gem => "gem",
            Self::Generic => "generic",
            Self::GithubActions => "githubactions",
            Self::Golang => "golang",
            Self::Hex => "hex",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::Nuget => "nuget",
            Self::Os => "os",
            Self::Pub => "pub",
            Self::Pypi => "pypi",
            Self::Rpm => "rpm",
            Self::Swift => "swift",
            Self::Terraform => "terraform",
        }
    }

    /// Whether its packages are parts of an operating system.
    #[must_use]
    pub fn is_of_a_system(self) -> bool {
        matches!(self, Self::Apk | Self::Deb | Self::Rpm)
    }
}

/// What a package is for. The order is the order of strength: a package wanted twice keeps the stronger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Only for developing, testing or building.
    Development,
    /// The product works without it.
    Optional,
    /// The environment brings it: the product needs it and does not contain it (Maven's `provided`).
    Provided,
    /// The file does not say (Cargo.lock does not tell development dependencies apart).
    Unstated,
    /// The product needs it.
    Required,
}

/// How much of something is known; becomes a CycloneDX composition. The order is from worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Knowledge {
    /// Nothing is known: the source does not record it.
    Unknown,
    /// Something is known to be missing.
    Incomplete,
    /// Everything the source states is here.
    Complete,
}

/// A licence as found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Licence {
    /// One identifier of the SPDX licence list.
    Id(String),
    /// An SPDX licence expression of more than one identifier.
    Expression(String),
    /// Words that are no SPDX expression, kept as they were found.
    Named(String),
}

impl Licence {
    /// The identifier, the expression or the words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Id(text) | Self::Expression(text) | Self::Named(text) => text,
        }
    }
}

/// A checksum of the package's archive, from a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Checksum {
    /// CycloneDX's name of the algorithm, such as `SHA-256`.
    pub algorithm: &'static str,
    /// Lowercase hexadecimal digits.
    pub hex: String,
}

/// What is to be found at a [`Reference`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// The archive that is installed; the package's checksums are its.
    Distribution,
    /// Its documentation.
    Documentation,
    /// Where faults are reported.
    IssueTracker,
    /// The repository of its source.
    Vcs,
    /// Its home page.
    Website,
}

/// An address that the source states for a package. What the purl's qualifiers say need not be repeated here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// What is there.
    pub kind: ReferenceKind,
    /// A URL without credentials.
    pub url: String,
}

/// How a package was recognised (CycloneDX, `evidence.identity.methods.technique`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Technique {
    /// By the name of a file.
    Filename,
    /// By the checksum of a file.
    HashComparison,
    /// By what is built into an executable.
    BinaryAnalysis,
    /// By a lockfile, a manifest or a package database.
    ManifestAnalysis,
}

/// How sure the name and version of a package are; the merged component keeps the surest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identification {
    /// From 0 to 100 per cent.
    pub confidence: u8,
    /// How.
    pub technique: Technique,
}

/// A person or an organisation; at least one field is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    /// What it is called.
    pub name: Option<String>,
    /// Where it reads mail.
    pub email: Option<String>,
    /// Its page.
    pub url: Option<String>,
}

/// Who answers for the document and for the thing it describes: said by the user or the run, never found in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribution {
    /// Who has this bill of materials made: the operator, not the tool.
    pub authors: Vec<Party>,
    /// Who supplies the thing described, and the project's own packages in it.
    pub supplier: Option<Party>,
    /// Who makes them.
    pub manufacturer: Option<Party>,
}

/// Who makes a package, and hence what names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Somebody else's, named by this canonical purl.
    Purl(String),
    /// Of the scanned project itself, on no registry: a purl would mislead.
    Own,
    /// The distribution an image is made from.
    System,
}

/// One package as one file states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The npm scope with its `@`, if any.
    pub group: Option<String>,
    /// The name without the scope.
    pub name: String,
    /// The exact version; `None` when the source pins none.
    pub version: Option<String>,
    /// What names it.
    pub origin: Origin,
    /// Who publishes it, as the package database says.
    pub publisher: Option<String>,
    /// Its licences; more than one only for [`Licence::Id`] and [`Licence::Named`].
    pub licences: BTreeSet<Licence>,
    /// Checksums the source states.
    pub checksums: BTreeSet<Checksum>,
    /// Addresses the source states.
    pub references: BTreeSet<Reference>,
    /// How it was recognised, and how surely.
    pub identification: Identification,
    /// What it is for.
    pub scope: Scope,
    /// The package of the same inventory that contains it: a jar in a war, a bundled npm package.
    pub within: Option<usize>,
    /// Further facts, as CycloneDX properties.
    pub properties: BTreeMap<&'static str, String>,
    /// Which of the inventory's files states it.
    pub file: usize,
    /// The line in that file, counted from 1, where the format makes it known.
    pub line: Option<u32>,
    /// Indexes of the packages it needs, in the same inventory.
    pub needs: Vec<usize>,
    /// Whether `needs` is all it needs.
    pub needs_known: Knowledge,
}

impl Package {
    /// A package with name and version and nothing else; needs are complete and empty.
    #[must_use]
    pub fn new(name: impl Into<String>, version: Option<String>, origin: Origin) -> Self {
        Self {
            group: None,
            name: name.into(),
            version,
            origin,
            publisher: None,
            licences: BTreeSet::new(),
            checksums: BTreeSet::new(),
            references: BTreeSet::new(),
            identification: Identification { confidence: 100, technique: Technique::ManifestAnalysis },
            scope: Scope::Required,
            within: None,
            properties: BTreeMap::new(),
            file: 0,
            line: None,
            needs: Vec::new(),
            needs_known: Knowledge::Complete,
        }
    }
}

/// A file something was found in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Relative to the scanned tree or the image's root, with `/`.
    pub path: String,
    /// The digest of the layer that holds it, for images.
    pub layer: Option<String>,
}

impl Place {
    /// What a reader calls the source: the lockfile itself, or the folder of a database that has one file per package.
    #[must_use]
    pub fn source(&self) -> &str {
        let path = &self.path;
        let folder = ["site-packages/", "dist-packages/", "status.d/", "specifications/", "conda-meta/"];
        let ends = folder.iter().filter_map(|folder| Some(path.rfind(folder)? + folder.len() - 1));
        ends.max().map_or(path, |end| &path[..end])
    }
}

/// How much a remark weighs. The order is from light to heavy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// Good to know; nothing is missing.
    Note,
    /// The source itself leaves something open, such as a requirement without a version.
    Partial,
    /// A file that lists packages and that nobody here can read.
    NotCovered,
    /// A file of a known format in a version that is not known.
    UnknownVersion,
    /// A file that is not what its name promises: cut off, corrupt, hostile.
    Broken,
}

impl FindingKind {
    /// Whether packages that a file lists are not listed here because it was not understood.
    #[must_use]
    pub fn is_unread(self) -> bool {
        self >= Self::NotCovered
    }
}

/// Something a person should know about what was read: not an error, never silence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Where.
    pub path: String,
    /// The line, counted from 1, if known.
    pub line: Option<u32>,
    /// How much it weighs.
    pub kind: FindingKind,
    /// What, in a sentence fragment.
    pub text: String,
}

/// The packages of one lockfile or one package database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// What kind of packages.
    pub ecosystem: Ecosystem,
    /// The files it was read from; [`Package::file`] points here.
    pub files: Vec<Place>,
    /// The packages.
    pub packages: Vec<Package>,
    /// Indexes of the packages the project itself asks for; `None` where the source does not say.
    pub direct: Option<Vec<usize>>,
    /// Whether `packages` is everything this source stands for.
    pub listing: Knowledge,
    /// What a person should know; the path is filled in by the reader.
    pub remarks: Vec<Remark>,
    /// Files that packages of this inventory own and other readers were given: path, and index of the package.
    pub owned: Vec<(String, usize)>,
}

impl Inventory {
    /// An inventory of nothing yet.
    #[must_use]
    pub fn new(ecosystem: Ecosystem) -> Self {
        Self {
            ecosystem,
            files: Vec::new(),
            packages: Vec::new(),
            direct: None,
            listing: Knowledge::Complete,
            remarks: Vec::new(),
            owned: Vec::new(),
        }
    }

    /// Notes something about `line` of the (only) file.
    pub fn remark(&mut self, line: Option<u32>, text: impl Into<String>) {
        self.remarks.push(Remark { path: String::new(), line, kind: FindingKind::Note, text: text.into() });
    }

    /// Notes that something is missing: the listing is incomplete.
    pub fn finding(&mut self, kind: FindingKind, line: Option<u32>, text: impl Into<String>) {
        self.remarks.push(Remark { path: String::new(), line, kind, text: text.into() });
        self.listing = self.listing.min(Knowledge::Incomplete);
    }
}

/// What the bill of materials is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Whether it is an image or a source tree.
    pub kind: RootKind,
    /// Its name.
    pub name: String,
    /// Its version: a digest for images.
    pub version: Option<String>,
    /// `pkg:oci/…` for images in a registry.
    pub purl: Option<String>,
    /// Further facts, as CycloneDX properties.
    pub properties: BTreeMap<&'static str, String>,
}

/// What kind of thing is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// A source tree.
    Application,
    /// A container image.
    Container,
}

/// One component: the packages of all inventories that share a bom-ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Which ecosystem it belongs to.
    pub ecosystem: Ecosystem,
    /// What is known of it; `needs`, `within`, `file` and `line` have moved to the graph.
    pub package: Package,
    /// The bom-ref of the component that contains it, where every source that has it says the same. Never a circle.
    pub within: Option<String>,
    /// Where it was found.
    pub found: BTreeSet<(Place, Option<u32>)>,
}

/// One lockfile or package database as it was read, before equal packages of several were merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What kind of packages.
    pub ecosystem: Ecosystem,
    /// The file, or the folder of a database made of many files; relative, with `/`.
    pub path: String,
    /// Whether everything it states is here.
    pub listing: Knowledge,
    /// What the project itself asks for here, by bom-ref; `None` where the source does not say.
    pub direct: Option<BTreeSet<String>>,
    /// Its packages by bom-ref.
    pub members: BTreeMap<String, Member>,
}

/// A package as one [`Source`] has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is for, here.
    pub scope: Scope,
    /// What it needs, here, by bom-ref.
    pub needs: BTreeSet<String>,
}

/// All components and what needs what, by bom-ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// What all this is about.
    pub root: Root,
    /// Who answers for it.
    pub attribution: Attribution,
    /// The root's bom-ref.
    pub root_ref: String,
    /// By bom-ref, which sorts them.
    pub components: BTreeMap<String, Component>,
    /// From the root and from every component; leaves have an empty set.
    pub edges: BTreeMap<String, BTreeSet<String>>,
    /// The files all this was read from, sorted by ecosystem and path.
    pub sources: Vec<Source>,
    /// Whether `components` is everything the root contains.
    pub listing: Knowledge,
    /// How many packages are the project's own, the root among them.
    pub own: usize,
    /// Whether the root's own edges are known.
    pub root_needs: Knowledge,
    /// What a person should know.
    pub remarks: BTreeSet<Remark>,
    /// Packages that a lower layer ships and the finished image does not list; sorted. Never components.
    pub removed: Vec<Removed>,
}

/// A package that a later layer of an image removed or replaced: whoever has the image still has its files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Removed {
    /// The bom-ref it would have: its purl, where it has one.
    pub reference: String,
    /// The file that listed it.
    pub path: String,
    /// The layer that brought it: the digest of its uncompressed archive.
    pub layer: String,
    /// The layer that removed it.
    pub removed_by: String,
}
