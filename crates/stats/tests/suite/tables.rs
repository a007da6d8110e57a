//! Beside printed tables and other people's implementations, where SciPy has no such function.

use stats::{
    binomial, dispersion, drift,
    group_sequential::{Spending, boundaries},
    quantile, rank, split,
};

fn near(got: f64, wanted: f64, within: f64) {
    assert!((got - wanted).abs() <= within, "{got} instead of {wanted}");
}

/// Netflix Kayenta's vectors for its Mann–Whitney judge, which it had checked against R's `wilcox.test`.
#[test]
fn the_shift_of_two_samples_is_kayentas() {
    let (low, middle, high) = rank::shift(&[10.0, 20.0, 30.0, 40.0], &[1.0, 2.0, 3.0, 4.0], 0.01).unwrap();
    assert_eq!((low, middle, high), (6.0, 22.5, 39.0));
}

/// Minimum attainable two-sided chances for samples without overlap: 2 / C(2n, n).
#[test]
fn few_values_cannot_prove_much() {
    for (n, wanted) in [(3, 0.1), (4, 0.028_571_43), (5, 0.007_936_5)] {
        let low: Vec<f64> = (0..n).map(f64::from).collect();
        let high: Vec<f64> = low.iter().map(|v| v + 100.0).collect();
        near(rank::mann_whitney(&high, &low).unwrap().p_two_sided, wanted, 1e-6);
    }
    let equal = rank::mann_whitney(&[90.0; 8], &[90.0; 9]).unwrap();
    assert!(equal.all_equal && equal.p_larger == 1.0 && equal.a12 == 0.5, "{equal:?}");
    assert_eq!(rank::mann_whitney(&[], &[1.0]), None);
    assert_eq!(rank::mann_whitney(&[f64::NAN], &[1.0]), None);
}

/// NIST/SEMATECH e-Handbook, section 7.2.6.2: the 90th percentile of twelve gauge measurements.
#[test]
fn a_percentile_is_nists() {
    let mut values =
        [95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.0610, 95.1591, 95.1195, 95.1065, 95.0925, 95.1990, 95.1682];
    values.sort_by(f64::total_cmp);
    near(quantile::quantile(&values, 0.9).unwrap(), 95.19568, 1e-9);
    assert_eq!(quantile::quantile(&[], 0.9), None);
}

/// The textbook sizes for certifying a percentile from clean samples at 95 % confidence, and Conover's example of
/// distribution-free ranks (Practical Nonparametric Statistics, 1999, p. 144: n = 16, the upper quartile, 90 %).
#[test]
fn samples_certify_a_quantile_from_the_known_sizes_on() {
    assert_eq!([0.05, 0.01, 0.001].map(binomial::fewest_clean), [Some(59), Some(299), Some(2995)]);
    assert_eq!([0.0, 1.0].map(binomial::fewest_clean), [None, None]);
    assert_eq!(quantile::ranks(58, 0.95, 0.05).1, None);
    assert_eq!(quantile::ranks(59, 0.95, 0.05).1, Some(59));
    let (low, high) = quantile::ranks(100, 0.5, 0.025);
    assert_eq!((low, high), (Some(40), Some(61)), "David and Nagaraja, table 7.1");
}

/// Lan–DeMets boundaries, fifteen looks, one-sided 1 %, by two million simulated paths of a random walk
/// (two decimals); and `ldbounds`' published example for five looks, two-sided 5 %, one side of it.
#[test]
fn group_sequential_boundaries_are_the_published_ones() {
    let late = boundaries(Spending::Late, 0.01, 15);
    let simulated = [4.99, 4.28, 3.91, 3.60, 3.37, 3.17, 3.02, 2.86, 2.74, 2.62, 2.53, 2.44];
    for (got, wanted) in late.iter().skip(3).zip(simulated) {
        near(*got, wanted, if wanted > 4.0 { 0.4 } else { 0.03 });
    }
    let five = boundaries(Spending::Late, 0.025, 5);
    for (got, wanted) in five.iter().zip([4.8769, 3.3569, 2.6803, 2.2898, 2.0310]) {
        near(*got, wanted, 0.0005);
    }
    let even = boundaries(Spending::Even, 0.025, 5);
    for (got, wanted) in even.iter().zip([2.4380, 2.4268, 2.4101, 2.3966, 2.3859]) {
        near(*got, wanted, 0.0005);
    }
    assert!(boundaries(Spending::Even, 0.01, 0).is_empty());
}

/// The value of the Python package `savvi` 0.3.1 for the same counts, plan and prior strength.
#[test]
fn the_evidence_against_a_split_is_savvis() {
    near(split::ln_evidence(&[30, 170], &[0.1, 0.9]).exp(), 2.757_221_516_902_676, 1e-9);
    assert!(split::ln_evidence(&[1000, 9000], &[0.1, 0.9]) < 0.0);
    assert!(split::ln_evidence(&[2000, 8000], &[0.1, 0.9]) > 100.0);
}

/// Yurdakul's formula against a million simulated indices: q95 at n = m = 1000 and ten bins is .0340.
#[test]
fn the_stability_index_has_a_cutoff_that_knows_the_sample_size() {
    near(drift::stability_cutoff(10, 1000, 1000, 0.05), 0.0338, 0.0001);
    assert!(drift::stability_cutoff(10, 50, 1000, 0.05) > 0.35);
    near(drift::stability_index(&[50, 50], &[50, 50]), 0.0, 1e-12);
    // By hand: (.3 − .5) ln(.3/.5) + (.7 − .5) ln(.7/.5).
    near(drift::stability_index(&[50, 50], &[30, 70]), 0.169_459_572_07, 1e-9);
    let edges = drift::edges(&[1.0, 2.0, 3.0, 4.0], 2);
    assert_eq!((edges.clone(), drift::histogram(&[1.0, 2.5, 2.6, 9.0], &edges)), (vec![2.5], vec![2, 2]));
}

#[test]
fn dispersion_needs_enough_to_say_anything() {
    let history = |bad: f64, intervals: usize| vec![stats::Counts { bad, total: 1000.0 }; intervals];
    assert_eq!(dispersion::dispersion(&history(10.0, 29)), None, "too few intervals");
    assert_eq!(dispersion::dispersion(&history(0.1, 60)), None, "too few bad requests");
    let steady = dispersion::dispersion(&history(10.0, 60)).unwrap();
    assert_eq!((steady.phi, steady.upper), (1.0, 1.0));
    let mut burst = history(1.0, 60);
    burst[7].bad = 900.0;
    assert_eq!(dispersion::dispersion(&burst), None, "one burst as large as all else together");
}

/// A burst that is not whole yet counts as one, and requests that fill no burst count as none: both keep the bound above.
#[test]
fn a_bound_on_a_baseline_rounds_against_itself() {
    let bound = |bad: f64, total: f64, phi: f64| stats::share::upper_bound(&[stats::Counts { bad, total }], phi, 0.01);
    near(bound(1.0, 1109.0, 11.0), binomial::interval(1, 100, 0.01).1, 1e-12);
    near(bound(12.0, 1100.0, 11.0), binomial::interval(2, 100, 0.01).1, 1e-12);
    near(bound(12.0, 1100.0, 1.0), binomial::interval(12, 1100, 0.01).1, 1e-12);
    assert_eq!(bound(0.0, 0.0, 1.0), 1.0);
}
