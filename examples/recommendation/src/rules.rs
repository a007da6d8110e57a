//! The logic that is released: coefficients and thresholds, with their version. `rules.json` in the image.

use crate::faults::Faults;
use serde::Deserialize;
use std::{fs, path::Path};

/// Everything that differs between two releases of the logic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Semantic version of the logic; changes whenever a coefficient does.
    pub logic_version: String,
    /// The numbers of the calculation.
    pub coefficients: Coefficients,
    /// Where one recommended action ends and the next begins.
    pub thresholds: Thresholds,
    /// Built-in misbehaviour of the bad flavours; empty in a good one.
    #[serde(default)]
    pub faults: Faults,
}

/// The numbers of the calculation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficients {
    /// Share of the forage above the residual that may be eaten, 0 to 1.
    pub utilisation_share: f64,
    /// Dry matter that must be left standing, kg per hectare.
    pub residual_kg_per_ha: f64,
    /// Dry matter eaten per day as a share of liveweight.
    pub intake_share_of_liveweight: f64,
    /// Share of daily growth that counts against demand, 0 to 1.
    pub regrowth_share: f64,
    /// Rain within 14 days, in mm, at which growth is undiminished.
    pub full_growth_rain_mm: f64,
    /// Hectares in one acre.
    pub hectares_per_acre: f64,
    /// Confidence with a cloudless satellite view, 0 to 1.
    pub clear_sky_confidence: f64,
}

/// Where one recommended action ends and the next begins, in days of forage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// At or below: move the herd now.
    pub move_now_days: f64,
    /// At or below: prepare to move.
    pub prepare_move_days: f64,
    /// Above: implausible, counted for the guardrail.
    pub max_days_remaining: f64,
}

impl Rules {
    /// Reads `rules.json`; an unknown key is an error, a rule silently ignored is a wrong release.
    pub fn load(path: &Path) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| format!("read {}: {error}", path.display()))?;
        serde_json::from_slice(&bytes).map_err(|error| format!("read {}: {error}", path.display()))
    }
}
