//! The frozen inputs of the calculation (`data/*.json`) and where this build comes from (`run-manifest.json`).

use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

/// One fenced piece of land.
#[derive(Debug, Clone, Deserialize)]
pub struct Boundary {
    /// Size in `unit`.
    pub area: f64,
    /// How `area` was surveyed: some farms measure in acres.
    pub unit: AreaUnit,
}

/// Unit of a surveyed area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AreaUnit {
    /// Hectares.
    Ha,
    /// International acres.
    Acre,
}

/// The animals on one boundary.
#[derive(Debug, Clone, Deserialize)]
pub struct Herd {
    /// Number of animals.
    pub head: u32,
    /// Mean liveweight of one animal.
    pub liveweight_kg: f64,
}

/// Satellite estimate (Rangeland Analysis Platform) for one boundary.
#[derive(Debug, Clone, Deserialize)]
pub struct Forage {
    /// Standing dry matter.
    pub biomass_kg_per_ha: f64,
    /// Growth per day with enough rain.
    pub growth_kg_per_ha_day: f64,
    /// Share of the boundary seen without clouds, 0 to 1.
    pub cloud_free_share: f64,
}

#[derive(Deserialize)]
struct HerdConfig {
    config_version: String,
    herds: BTreeMap<String, Herd>,
}

#[derive(Deserialize)]
struct Rap {
    as_of_date: String,
    boundaries: BTreeMap<String, Forage>,
}

#[derive(Deserialize)]
struct Weather {
    fetched_at: String,
    rain_14d_mm: BTreeMap<String, f64>,
}

/// All inputs of all recommendations.
#[derive(Debug)]
pub struct Facts {
    /// Land by boundary id.
    pub boundaries: BTreeMap<String, Boundary>,
    /// Animals by boundary id.
    pub herds: BTreeMap<String, Herd>,
    /// Forage by boundary id.
    pub forage: BTreeMap<String, Forage>,
    /// Rain of the last 14 days by boundary id, mm.
    pub rain: BTreeMap<String, f64>,
    /// The provenance fields that do not depend on the logic or the clock.
    pub provenance: Map<String, Value>,
    /// `run-manifest.json` as it is in the image; empty when there is none.
    pub manifest: Map<String, Value>,
}

impl Facts {
    /// Reads `data/` and `run-manifest.json` in `folder`.
    pub fn load(folder: &Path) -> Result<Self, String> {
        let data = folder.join("data");
        let (boundaries, boundary_hash) = read(&data.join("boundaries.json"))?;
        let (herds, herd_config_hash) = read::<HerdConfig>(&data.join("herd-config.json"))?;
        let (rap, _) = read::<Rap>(&data.join("rap.json"))?;
        let (weather, _) = read::<Weather>(&data.join("weather.json"))?;
        let manifest_path = folder.join("run-manifest.json");
        let manifest = if manifest_path.exists() { read::<Map<String, Value>>(&manifest_path)?.0 } else { Map::new() };

        let from_manifest = |name: &str| manifest.get(name).cloned().unwrap_or(Value::Null);
        let mut provenance = Map::new();
        provenance.insert("git_sha".to_owned(), from_manifest("git_sha"));
        provenance.insert("config_version".to_owned(), herds.config_version.into());
        provenance.insert("boundary_hash".to_owned(), boundary_hash.into());
        provenance.insert("herd_config_hash".to_owned(), herd_config_hash.into());
        provenance.insert("weather_fetched_at".to_owned(), weather.fetched_at.into());
        provenance.insert("rap_as_of_date".to_owned(), rap.as_of_date.into());
        provenance.insert("run_id".to_owned(), from_manifest("run_id"));
        Ok(Self {
            boundaries,
            herds: herds.herds,
            forage: rap.boundaries,
            rain: weather.rain_14d_mm,
            provenance,
            manifest,
        })
    }

    /// Why the image must not serve: the manifest is missing or tells of other inputs than those beside it.
    pub fn contradiction(&self, logic_version: &str) -> Option<String> {
        for name in ["git_sha", "run_id"] {
            if !self.manifest.get(name).is_some_and(Value::is_string) {
                return Some(format!("run-manifest.json has no {name}"));
            }
        }
        let logic = Value::from(logic_version);
        let served = self.provenance.iter().chain([(&"logic_version".to_owned(), &logic)]).find_map(|(name, here)| {
            let told = self.manifest.get(name).filter(|told| *told != here)?;
            Some(format!("run-manifest.json says {name} {told}, the image has {here}"))
        });
        served
    }
}

/// A file's content and the digest of its bytes.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<(T, String), String> {
    let bytes = fs::read(path).map_err(|error| format!("read {}: {error}", path.display()))?;
    let value = serde_json::from_slice(&bytes).map_err(|error| format!("read {}: {error}", path.display()))?;
    let mut hash = "sha256:".to_owned();
    for byte in Sha256::digest(&bytes) {
        let _ = write!(hash, "{byte:02x}");
    }
    Ok((value, hash))
}
