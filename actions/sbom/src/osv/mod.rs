//! Known vulnerabilities of the components, asked of an OSV service (<https://google.github.io/osv.dev/api/>).
//!
//! Names, versions and ecosystems of the components leave this machine, and nothing else. [`question`] and [`findings`] are
//! pure; [`client`] asks, and keeps records in a folder so that they are fetched once. No answer is a finding, never
//! "no vulnerability".

pub mod cache;
pub mod client;
pub mod findings;
pub mod question;
pub mod severity;

pub use client::{Answer, Osv, OsvError};
pub use findings::{Findings, findings, table};
pub use question::{Package, packages};

/// The public service.
pub const PUBLIC: &str = "https://api.osv.dev";

#[cfg(test)]
mod tests;
