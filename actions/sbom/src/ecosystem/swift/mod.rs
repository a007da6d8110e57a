//! Swift: what its package manager and CocoaPods lock.

pub mod package_resolved;
pub mod podfile_lock;

use super::{Format, Reads, is_the_applications};

/// Swift's formats.
pub const FORMATS: &[Format] = &[
    Format {
        name: "Package.resolved",
        claims: |file| file.file_name() == "Package.resolved" && is_the_applications(file),
        reads: Reads::Alone(|found| package_resolved::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "Podfile.lock",
        claims: |file| file.file_name() == "Podfile.lock" && is_the_applications(file),
        reads: Reads::Alone(|found| podfile_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
];
