//! Infrastructure: Terraform's and OpenTofu's providers, Helm's charts.

pub mod chart_lock;
pub mod provider_lock;

use super::{Format, Reads, is_the_applications};

/// The formats of infrastructure tools.
pub const FORMATS: &[Format] = &[
    Format {
        name: ".terraform.lock.hcl",
        claims: |file| file.file_name() == ".terraform.lock.hcl" && is_the_applications(file),
        reads: Reads::Alone(|found| provider_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
    Format {
        name: "Chart.lock",
        claims: |file| file.file_name() == "Chart.lock" && is_the_applications(file),
        reads: Reads::Alone(|found| chart_lock::parse(&found.bytes).map(|inventory| vec![inventory])),
    },
];
