//! How often a healthy release is rolled back: 20,000 of each kind, watched to the end, must keep the budget.

use crate::{
    random::Random,
    releases::{Course, Release},
};
use stats::{
    Counts,
    concurrent::{Arms, RatioTest},
    share::{ShareTest, Unit},
};

const RELEASES: u32 = 20_000;
const BUDGET: f64 = 0.01;
const INTERVALS: usize = 15;

/// Releases that keep a limit of 1 %, some of them just so.
const HEALTHY: [Release; 10] = {
    let steady = Release { name: "at the limit", requests: 60.0, share: 0.01, rho: 0.0, course: Course::Steady };
    [
        steady,
        Release { name: "at the limit, busy", requests: 1000.0, ..steady },
        Release { name: "half the limit", requests: 300.0, share: 0.005, ..steady },
        Release { name: "bursty, rho 0.01", requests: 1000.0, rho: 0.01, ..steady },
        Release { name: "bursty, rho 0.05", requests: 1000.0, rho: 0.05, ..steady },
        Release { name: "bursty and half the limit", requests: 1000.0, share: 0.005, rho: 0.05, ..steady },
        Release { name: "drifting below the limit", requests: 600.0, course: Course::Drifting, ..steady },
        Release { name: "low traffic", requests: 4.0, ..steady },
        Release { name: "deploy-time ramp", requests: 600.0, course: Course::Ramp, ..steady },
        Release { name: "bursty ramp", requests: 1000.0, rho: 0.01, course: Course::Ramp, ..steady },
    ]
};

/// How the gate comes to its unit.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// Nothing is known: by interval.
    Interval,
    /// An hour before the release was read.
    History,
}

/// How many of `releases` are called above the limit, counted on both cores.
pub(crate) fn failing(release: &Release, way: Way, releases: u32) -> u32 {
    let half = |seed: u64, releases: u32| {
        let mut random = Random::new(seed);
        let fails = |random: &mut Random| {
            let unit = match way {
                Way::Interval => Unit::Interval,
                Way::History => release.unit_from_history(random),
            };
            let test = ShareTest { limit: 0.01, alpha: BUDGET, unit, planned: INTERVALS };
            test.weigh(&release.intervals(INTERVALS, random)).proven_at.is_some()
        };
        (0..releases).filter(|_| fails(&mut random)).count() as u32
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(20_261_130, releases / 2));
        half(42, releases - releases / 2) + other.join().unwrap()
    })
}

/// Whether this many failures show, at 99 % confidence, that more than the budget fails.
#[track_caller]
fn keeps_the_budget(name: &str, failed: u32, releases: u32, budget: f64) {
    println!("{name}: {failed} of {releases} ({:.3} %)", 100.0 * f64::from(failed) / f64::from(releases));
    let chance = stats::binomial::chance_of_at_least(failed.into(), releases.into(), budget);
    assert!(chance > 0.01, "{name}: {failed} of {releases} healthy releases fail, budget {budget}");
}

#[test]
fn healthy_releases_fail_within_the_budget_by_interval() {
    for release in HEALTHY {
        let failed = failing(&release, Way::Interval, RELEASES);
        keeps_the_budget(release.name, failed, RELEASES, BUDGET);
    }
}

#[test]
fn healthy_releases_fail_within_the_budget_with_a_measured_history() {
    for release in HEALTHY {
        let failed = failing(&release, Way::History, RELEASES);
        keeps_the_budget(release.name, failed, RELEASES, BUDGET);
    }
}

/// Why a plain count of requests is not the default: bursts break its promise, and that would go unseen without this.
#[test]
fn requests_taken_as_independent_fail_bursty_releases_far_too_often() {
    let mut random = Random::new(3);
    let bursty = HEALTHY[3];
    let test = ShareTest { limit: 0.01, alpha: BUDGET, unit: Unit::Request { phi: 1.0 }, planned: INTERVALS };
    let failed =
        (0..1000).filter(|_| test.weigh(&bursty.intervals(INTERVALS, &mut random)).proven_at.is_some()).count();
    assert!(failed > 200, "{failed} of 1000");
}

/// A canary at a tenth of the traffic beside its baseline; both wander together between 0.2 % and 5 % bad requests.
/// A burst of `burst` bad requests always lands on one arm.
pub(crate) fn arms(odds: f64, burst: u64, random: &mut Random) -> Vec<Arms> {
    let mut level = random.unit();
    let one = |_| {
        level = (level + 0.2 * random.normal()).abs();
        level = if level > 1.0 { 2.0 - level } else { level }.clamp(0.0, 1.0);
        let base = 0.002 * 25_f64.powf(level);
        let worse = base * odds / (1.0 - base + base * odds);
        let mut arm = |total: u64, share: f64| {
            let bad = (random.binomial(total / burst, share) * burst) as f64;
            Counts { bad, total: total as f64 }
        };
        Arms { canary: arm(100, worse), baseline: arm(900, base) }
    };
    (0..INTERVALS).map(one).collect()
}

#[test]
fn a_canary_no_worse_than_its_baseline_fails_within_the_budget() {
    for (name, odds, allowed, burst, unit) in [
        ("equal arms, by request", 1.0, 1.0, 1, Unit::Request { phi: 1.0 }),
        ("equal arms, by interval", 1.0, 1.0, 1, Unit::Interval),
        ("just as much worse as allowed, by request", 1.5, 1.5, 1, Unit::Request { phi: 1.0 }),
        ("just as much worse as allowed, by interval", 1.5, 1.5, 1, Unit::Interval),
        ("bursts of 5, tempered", 1.0, 1.0, 5, Unit::Request { phi: 5.0 }),
        ("bursts of 5, by interval", 1.0, 1.0, 5, Unit::Interval),
    ] {
        let test = RatioTest { ratio: allowed, alpha: BUDGET, unit };
        let mut random = Random::new(11);
        let failed = (0..RELEASES).filter(|_| test.weigh(&arms(odds, burst, &mut random)).proven_at.is_some()).count();
        keeps_the_budget(name, failed as u32, RELEASES, BUDGET);
    }
}

/// An hour of baseline, its upper bound, and a release exactly as bad as the baseline: half the budget each.
#[test]
fn a_release_like_the_window_before_it_fails_within_the_budget() {
    for (name, rho) in [("as before", 0.0), ("as before, bursty", 0.01)] {
        let release = Release { name, requests: 600.0, share: 0.01, rho, course: Course::Steady };
        let mut random = Random::new(5);
        let fails = |random: &mut Random| {
            let before = release.intervals(60, random);
            let phi = stats::dispersion::dispersion(&before).map(|found| found.upper);
            let limit = stats::share::upper_bound(&before, phi.unwrap_or(50.0), BUDGET / 2.0);
            let unit = phi.map_or(Unit::Interval, |phi| Unit::Request { phi });
            let test = ShareTest { limit, alpha: BUDGET / 2.0, unit, planned: INTERVALS };
            test.weigh(&release.intervals(INTERVALS, random)).proven_at.is_some()
        };
        let failed = (0..RELEASES).filter(|_| fails(&mut random)).count() as u32;
        keeps_the_budget(name, failed, RELEASES, BUDGET);
    }
}
