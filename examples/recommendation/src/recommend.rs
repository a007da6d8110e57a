//! The calculation itself: how long the forage lasts, and what to do about it. Pure.

use crate::{
    facts::{AreaUnit, Facts},
    rules::Rules,
};

/// What the herd on one boundary should do.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    /// Days until the usable forage is eaten, rounded to 0.1; zero or less means overgrazed already.
    pub days_remaining: f64,
    /// `stay`, `prepare_move` or `move_now`.
    pub recommended_action: &'static str,
    /// 0 to 1, rounded to 0.01.
    pub confidence: f64,
    /// Dry matter that may still be eaten, kg, rounded to 1.
    pub usable_forage_kg: f64,
    /// Dry matter eaten per day, kg, rounded to 0.1.
    pub daily_demand_kg: f64,
    /// Number of animals.
    pub head: u32,
}

/// The recommendation for `boundary_id`; `None` when it is not known.
pub fn recommend(rules: &Rules, facts: &Facts, boundary_id: &str) -> Option<Recommendation> {
    let boundary = facts.boundaries.get(boundary_id)?;
    let herd = facts.herds.get(boundary_id)?;
    let forage = facts.forage.get(boundary_id)?;
    let rain = facts.rain.get(boundary_id)?;
    let c = &rules.coefficients;

    let hectares = match boundary.unit {
        AreaUnit::Ha => boundary.area,
        AreaUnit::Acre => boundary.area * c.hectares_per_acre,
    };
    let usable = hectares * (forage.biomass_kg_per_ha - c.residual_kg_per_ha) * c.utilisation_share;
    let demand = f64::from(herd.head) * herd.liveweight_kg * c.intake_share_of_liveweight;
    let growth = hectares * forage.growth_kg_per_ha_day * (rain / c.full_growth_rain_mm).min(1.0) * c.regrowth_share;
    // Growth may carry at most nine tenths of the demand; hooves and weather take the rest.
    let net_demand = (demand - growth).max(demand / 10.0);
    let days = round(usable / net_demand, 10.0);

    Some(Recommendation {
        days_remaining: days,
        recommended_action: if days <= rules.thresholds.move_now_days {
            "move_now"
        } else if days <= rules.thresholds.prepare_move_days {
            "prepare_move"
        } else {
            "stay"
        },
        confidence: round(c.clear_sky_confidence * (0.5 + 0.5 * forage.cloud_free_share), 100.0),
        usable_forage_kg: usable.round(),
        daily_demand_kg: round(demand, 10.0),
        head: herd.head,
    })
}

fn round(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}
