//! How soon a bad release is found.

use crate::{
    calibration::arms,
    random::Random,
    releases::{Course, Release},
};
use stats::{
    concurrent::RatioTest,
    share::{ShareTest, Unit},
};

const RELEASES: usize = 4000;

/// The share of `RELEASES` found within 15 minutes, and the interval (from 1) by which half of them are.
fn found(release: &Release, intervals: usize, history: bool) -> (f64, usize) {
    let mut random = Random::new(99);
    let mut at: Vec<usize> = Vec::new();
    for _ in 0..RELEASES {
        // What the release before it was like: half the limit.
        let unit = match history {
            true => Release { share: 0.005, ..*release }.unit_from_history(&mut random),
            false => Unit::Interval,
        };
        let test = ShareTest { limit: 0.01, alpha: 0.01, unit, planned: intervals };
        at.extend(test.weigh(&release.intervals(intervals, &mut random)).proven_at.map(|index| index + 1));
    }
    at.sort_unstable();
    (at.len() as f64 / RELEASES as f64, at.get(RELEASES / 2).copied().unwrap_or(usize::MAX))
}

#[test]
fn a_bad_release_is_found_as_soon_as_the_table_says() {
    let bad = |share: f64, requests: f64, rho: f64| Release { name: "", requests, share, rho, course: Course::Steady };
    // 15 minutes, cut into minutes or into quarters of them. What counts is the requests of an interval: with 15 of them,
    // 75 seconds of a 5x breach show 4 bad requests, whose likelihood against the limit is 33 where 100 would be proof.
    for (name, release, intervals, history, power, by) in [
        ("5x, 60/min, minutes", bad(0.05, 60.0, 0.0), 15, false, 0.99, 5),
        ("20x, 60/min, minutes", bad(0.2, 60.0, 0.0), 15, false, 0.999, 3),
        ("5x, 60 in 15 s", bad(0.05, 60.0, 0.0), 60, false, 0.999, 5),
        ("20x, 60 in 15 s", bad(0.2, 60.0, 0.0), 60, false, 0.999, 3),
        ("5x, 15 in 15 s", bad(0.05, 15.0, 0.0), 60, false, 0.999, 10),
        ("20x, 15 in 15 s", bad(0.2, 15.0, 0.0), 60, false, 0.999, 3),
        ("2x, 60/min, minutes", bad(0.02, 60.0, 0.0), 15, false, 0.2, usize::MAX),
        ("2x, 1000/min, minutes", bad(0.02, 1000.0, 0.0), 15, false, 0.95, 12),
        ("5x, 1000/min, bursty", bad(0.05, 1000.0, 0.01), 15, false, 0.99, 5),
        ("20x, 1000/min, bursty", bad(0.2, 1000.0, 0.01), 15, false, 0.999, 3),
        ("5x, 1000/min, history", bad(0.05, 1000.0, 0.0), 15, true, 0.999, 1),
        ("5x, 1000/min, bursty, history", bad(0.05, 1000.0, 0.01), 15, true, 0.99, 3),
        ("20x, 1000/min, bursty, history", bad(0.2, 1000.0, 0.01), 15, true, 0.999, 1),
    ] {
        let (share, median) = found(&release, intervals, history);
        println!("{name}: {:.1} % found, half by interval {median}", 100.0 * share);
        assert!(share >= power && median <= by, "{name}: {share} found, half of them by interval {median}");
    }
}

#[test]
fn a_canary_worse_than_its_baseline_is_found() {
    for (name, odds, unit, power, by) in [
        ("3x, by request", 3.0, Unit::Request { phi: 1.0 }, 0.9, 6),
        ("3x, by interval", 3.0, Unit::Interval, 0.5, 15),
        ("10x, by interval", 10.0, Unit::Interval, 0.98, 6),
    ] {
        let test = RatioTest { ratio: 1.0, alpha: 0.01, unit };
        let mut random = Random::new(17);
        let mut at: Vec<usize> =
            (0..RELEASES).filter_map(|_| Some(test.weigh(&arms(odds, 1, &mut random)).proven_at? + 1)).collect();
        at.sort_unstable();
        let (share, median) = (at.len() as f64 / RELEASES as f64, at.get(RELEASES / 2).copied().unwrap_or(15));
        println!("{name}: {:.1} % found, half by interval {median}", 100.0 * share);
        assert!(share >= power && median <= by, "{name}: {share} found, half of them by interval {median}");
    }
}

/// What counts as proof is the inverse of what may be spent; by request, half of that, because the exact test at the planned
/// end spends the other half. A calibration alone would not notice a factor of two.
#[test]
fn proof_and_the_test_at_the_end_share_what_may_be_spent() {
    let test = |unit, planned| ShareTest { limit: 0.01, alpha: 0.01, unit, planned };
    // 20 of 900 at a limit of 1 %: the binomial tail is 0.0012, below 0.005; the evidence is not 200.
    let intervals = [&[stats::Counts { bad: 1.0, total: 60.0 }; 10][..], &[stats::Counts { bad: 2.0, total: 60.0 }; 5]];
    let intervals = intervals.concat();
    let by_request = |planned| test(Unit::Request { phi: 1.0 }, planned).weigh(&intervals);
    assert!((by_request(15).ln_needed.exp() - 200.0).abs() < 1e-6);
    assert!((test(Unit::Interval, 15).weigh(&intervals).ln_needed.exp() - 100.0).abs() < 1e-6);
    assert!(by_request(15).ln_now < by_request(15).ln_needed);
    assert_eq!((by_request(15).proven_at, by_request(16).proven_at), (Some(14), None));
}

/// Worse is never less evidence: one more bad request in any interval does not take a proof back.
#[test]
fn evidence_grows_with_harm() {
    let mut random = Random::new(23);
    for unit in [Unit::Interval, Unit::Request { phi: 1.0 }, Unit::Request { phi: 7.5 }] {
        for _ in 0..300 {
            let release = Release { name: "", requests: 50.0, share: 0.03, rho: 0.02, course: Course::Ramp };
            let mut intervals = release.intervals(10, &mut random);
            let test = ShareTest { limit: 0.01, alpha: 0.01, unit, planned: 10 };
            let before = test.weigh(&intervals);
            let worse = (random.unit() * 10.0) as usize;
            if intervals[worse].bad < intervals[worse].total {
                intervals[worse].bad += 1.0;
            }
            let after = test.weigh(&intervals);
            let first = |at: Option<usize>| at.unwrap_or(usize::MAX);
            assert!(first(after.proven_at) <= first(before.proven_at), "{unit:?} {intervals:?}");
        }
    }
}
