//! A test at a few planned looks: the boundaries a normal statistic must pass, so that all looks together err with chance α.
//!
//! The part of α spent by each look follows Lan and DeMets (Biometrika 70, 1983); boundaries come from the recursive
//! integration of Armitage, McPherson and Rowe (JRSS A 132, 1969), as Jennison and Turnbull tell it ("Group Sequential
//! Methods with Applications to Clinical Trials", 2000, chapter 19).

use crate::{
    number::{crossing, real},
    special::{normal_above, normal_point},
};

/// How α is spent over the information seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    /// Little at first, nearly all at the end: `2 − 2Φ(z_{α/2} / √t)`, after O'Brien and Fleming.
    Late,
    /// About evenly: `α ln(1 + (e − 1) t)`, after Pocock.
    Even,
}

impl Spending {
    /// What has been spent when a part `t` of the information is in.
    #[must_use]
    pub fn spent(self, alpha: f64, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        match self {
            Self::Late if t == 0.0 => 0.0,
            Self::Late => 2.0 * normal_above(normal_point(0.5 * alpha) / t.sqrt()),
            Self::Even => alpha * (1.0 + (std::f64::consts::E - 1.0) * t).ln(),
        }
    }
}

/// Points of the grid the density of the statistic is kept on; even, for Simpson's rule.
const POINTS: usize = 400;

/// How far below zero the density is followed, in standard deviations of the whole information.
const LOWEST: f64 = -8.0;

/// The one-sided boundaries on the standardised statistic at `looks` equally spaced looks.
#[must_use]
pub fn boundaries(spending: Spending, alpha: f64, looks: usize) -> Vec<f64> {
    let step = 1.0 / real(looks.max(1) as u64);
    let mut found = Vec::with_capacity(looks);
    // The statistic is a random walk with variance `step` per look; its first value starts from the certain 0.
    let mut grid = vec![(0.0, 1.0)];
    let mut spent = 0.0;
    for look in 1..=looks {
        let t = real(look as u64) * step;
        let now = spending.spent(alpha, t);
        let beyond =
            |edge: f64| grid.iter().map(|&(x, mass)| mass * normal_above((edge - x) / step.sqrt())).sum::<f64>();
        let edge = crossing(LOWEST, -LOWEST + 2.0, |edge| beyond(edge) < now - spent);
        found.push(edge / t.sqrt());
        grid = onward(&grid, edge, step.sqrt());
        spent = now;
    }
    found
}

/// The masses, weighted by Simpson's rule, of the statistic one look later on the points below `edge`.
fn onward(grid: &[(f64, f64)], edge: f64, deviation: f64) -> Vec<(f64, f64)> {
    let width = (edge - LOWEST) / real(POINTS as u64);
    let density = |x: f64| {
        let each = |&(from, mass): &(f64, f64)| mass * (-0.5 * ((x - from) / deviation).powi(2)).exp();
        grid.iter().map(each).sum::<f64>() / (deviation * (2.0 * std::f64::consts::PI).sqrt())
    };
    let point = |index: usize| {
        let x = LOWEST + width * real(index as u64);
        let simpson = match index {
            0 | POINTS => 1.0,
            i if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        (x, density(x) * simpson * width / 3.0)
    };
    (0..=POINTS).map(point).collect()
}
