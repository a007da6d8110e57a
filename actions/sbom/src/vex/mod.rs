//! Statements about exploitability that somebody made elsewhere, carried along with a bill of materials: OpenVEX 0.2 and
//! CycloneDX VEX, JSON. Pure.
//!
//! Nothing is decided here about any vulnerability. What is checked is that the statements speak about things the bill of
//! materials lists; those that do not are said.

mod analysis;
mod read;
mod target;

pub use analysis::embed;
pub use read::{LARGEST, VexError, read};
pub use target::{About, about};

use crate::purl::PackageUrl;
use serde_json::Value;

/// The predicate type of an OpenVEX document, as every tool that signs one has it.
pub const OPENVEX: &str = "https://openvex.dev/ns";

/// A document that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Vex {
    /// What it is written in.
    pub form: Form,
    /// The document as it came.
    pub document: Value,
    /// What it says.
    pub statements: Vec<Statement>,
}

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// OpenVEX.
    OpenVex,
    /// CycloneDX with `vulnerabilities`.
    CycloneDx,
}

impl Vex {
    /// The predicate type it is attached under.
    #[must_use]
    pub fn predicate_type(&self) -> &'static str {
        match self.form {
            Form::OpenVex => OPENVEX,
            Form::CycloneDx => attest::predicate::CYCLONEDX,
        }
    }
}

/// One statement: a vulnerability, the things it is about, and what is the case.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The vulnerability's name.
    pub vulnerability: String,
    /// What it is about.
    pub targets: Vec<Target>,
    /// The status, in CycloneDX's words (`analysis.state`).
    pub state: String,
    /// The justification, in CycloneDX's words, where there is one.
    pub justification: Option<String>,
    /// What else is said, in words.
    pub detail: Option<String>,
    /// The CycloneDX vulnerability it came from; `Null` for OpenVEX.
    pub original: Value,
}

/// What a statement is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// A package; without a version every version of it.
    Package(PackageUrl<'static>),
    /// A bom-ref, in this document or, by its serial number, in another.
    Reference {
        /// The serial number's UUID, for a reference into another document.
        serial: Option<String>,
        /// The bom-ref.
        reference: String,
    },
    /// Another name, such as a URL.
    Other(String),
}

#[cfg(test)]
mod tests;
