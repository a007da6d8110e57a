//! Every rule of the decision as a row of a table, and what must hold for all inputs.

use super::*;
use crate::config::{Baseline, Bound, Breach, Hard, Increase, Limit, Measure, Numerator, Piece, Share};
use proptest::prelude::*;
use signals::Query;

const TERMS: Terms = Terms { alpha: 0.01, intervals: 15, stale_intervals: 2 };

fn counts(bad: f64, total: f64) -> Slot {
    Slot::Counts { bad, total }
}

fn share(limit: &str, min_samples: u64) -> Rule {
    Rule::Share { limit: Limit::At(limit.parse().unwrap()), min_samples, unit: Piece::Interval, hard: None }
}

fn by_request(burst: u64) -> Rule {
    Rule::Share {
        limit: Limit::At("1%".parse().unwrap()),
        min_samples: 300,
        unit: Piece::Request { burst },
        hard: None,
    }
}

fn relative(by: &str, points: &str) -> Rule {
    let limit = Limit::Increase { by: by.parse::<Increase>().unwrap(), points: points.parse().unwrap() };
    Rule::Share { limit, min_samples: 100, unit: Piece::Interval, hard: None }
}

fn guardrail(rule: Rule, baseline: Option<Baseline>) -> Guardrail {
    let query = || Query::Counter { selector: "x".into() };
    let (numerator, denominator) = (Numerator::Bad(query()), query());
    let absent_numerator = crate::config::Absent::Zero;
    let measure = Measure::Share { numerator, denominator, absent_numerator, beside: None };
    Guardrail { name: "x".into(), source: "s".into(), measure, rule, duty: Duty::Required, baseline }
}

fn gauge(bound: Bound, breach: &str) -> Rule {
    Rule::Value { bound, breach: breach.parse::<Breach>().unwrap(), min_samples: 3 }
}

fn verdict(rule: &Rule, slots: &[Slot], ended: bool) -> Verdict {
    decided(rule, &seen(slots, ended)).verdict
}

fn seen(slots: &[Slot], ended: bool) -> Seen<'_> {
    Seen { slots, before: &[], baseline: &[], ended, partial: None }
}

fn decided(rule: &Rule, seen: &Seen<'_>) -> Finding {
    decide(&guardrail(*rule, None), seen, &TERMS)
}

fn values(values: &[f64]) -> Vec<Slot> {
    values.iter().map(|&value| Slot::Value { value, samples: None }).collect()
}

#[test]
fn a_share_is_decided_by_its_proof_and_its_evidence() {
    let rule = share("1%", 300);
    let no_data = Slot::Gap(Gap::NoData);
    let doubt = |doubt: Doubt| Verdict::Inconclusive { doubt };
    for (name, slots, ended, wanted) in [
        ("clean and enough", vec![counts(0.0, 300.0)], true, Verdict::Pass),
        ("exactly at the limit", vec![counts(3.0, 300.0)], true, Verdict::Pass),
        ("clean, one request short", vec![counts(0.0, 299.0)], true, doubt(Doubt::LowTraffic { need: 1 })),
        ("still watching", vec![counts(0.0, 3000.0)], false, Verdict::Watching),
        ("everything bad, once", vec![counts(60.0, 60.0)], false, Verdict::Watching),
        ("proven in two intervals", vec![counts(30.0, 60.0), counts(30.0, 60.0)], false, Verdict::Fail),
        ("proven below min_samples", vec![counts(5.0, 5.0), counts(5.0, 5.0)], false, Verdict::Fail),
        ("one bad first request proves nothing", vec![counts(1.0, 1.0)], false, Verdict::Watching),
        ("over the limit over time", vec![counts(20.0, 400.0); 5], true, Verdict::Fail),
        ("no interval at all", vec![], true, doubt(Doubt::NoData)),
        ("nothing but gaps", vec![no_data; 3], true, doubt(Doubt::NoData)),
        ("nothing asked", vec![Slot::Gap(Gap::NoTraffic); 3], true, doubt(Doubt::NoTraffic)),
        ("stale from the start", vec![Slot::Gap(Gap::Stale); 3], true, doubt(Doubt::Stale { intervals: 3 })),
        ("two silent at the end", vec![counts(0.0, 900.0), no_data, no_data], true, Verdict::Pass),
        (
            "three silent at the end",
            vec![counts(0.0, 900.0), no_data, no_data, no_data],
            true,
            doubt(Doubt::Stale { intervals: 3 }),
        ),
        (
            "an infinity among good data",
            vec![counts(0.0, 900.0), Slot::Gap(Gap::Infinite)],
            true,
            doubt(Doubt::Broken { gap: Gap::Infinite, intervals: 1 }),
        ),
        ("more bad than all", vec![counts(300.0, 100.0)], true, doubt(Doubt::Impossible)),
        ("bad ones without any request", vec![counts(9.0, 0.0)], true, doubt(Doubt::Impossible)),
        (
            "bad ones not counted",
            vec![counts(0.0, 900.0), Slot::Uncounted { total: 10.0 }],
            true,
            doubt(Doubt::Uncounted { intervals: 1 }),
        ),
        (
            "the missing good minutes are not left out",
            vec![counts(5.0, 20.0), Slot::Uncounted { total: 2000.0 }],
            false,
            Verdict::Watching,
        ),
    ] {
        assert_eq!(verdict(&rule, &slots, ended), wanted, "{name}");
    }
    let Verdict::Inconclusive { doubt: Doubt::OverLimitUnproven { need: Some(need) } } =
        verdict(&rule, &[counts(6.0, 300.0)], true)
    else {
        panic!("2 % of 300 is over 1 %, and unproven");
    };
    assert!((200..20_000).contains(&need), "{need}");
}

#[test]
fn bad_requests_in_bursts_weigh_as_bursts() {
    let slots = [counts(20.0, 600.0)];
    assert_eq!(verdict(&by_request(1), &slots, false), Verdict::Fail);
    assert_eq!(verdict(&by_request(10), &slots, false), Verdict::Watching);
    assert_eq!(verdict(&by_request(10), &[counts(200.0, 600.0)], false), Verdict::Fail);
}

/// The hour before the release decides what counts as one piece of evidence; without it, an interval does.
#[test]
fn the_time_before_the_release_says_how_bad_requests_come_together() {
    let auto = Rule::Share { limit: Limit::At("1%".parse().unwrap()), min_samples: 300, unit: Piece::Auto, hard: None };
    let burst = |before: &[Slot]| match decided(&auto, &Seen { before, ..seen(&[counts(1.0, 600.0)], false) }).figures {
        Figures::Share { burst, .. } => burst,
        other => panic!("{other:?}"),
    };
    let steady: Vec<Slot> = (0..60).map(|i| counts(f64::from(2 + i % 3), 600.0)).collect();
    let bursty: Vec<Slot> = (0..60).map(|i| counts(if i % 6 == 0 { 18.0 } else { 0.0 }, 600.0)).collect();
    assert!((1.0..1.5).contains(&burst(&steady)), "{}", burst(&steady));
    assert!((10.0..40.0).contains(&burst(&bursty)), "{}", burst(&bursty));
    assert_eq!(burst(&steady[..20]), 0.0, "too short a time to say");
}

#[test]
fn a_release_is_not_failed_for_what_was_so_before_it() {
    let (rule, bad) = (share("1%", 300), vec![counts(30.0, 600.0); 10]);
    assert_eq!(verdict(&rule, &bad, false), Verdict::Fail);
    let long = [bad.clone(), bad.clone()].concat();
    let before = decided(&rule, &Seen { before: &long, ..seen(&bad, false) }).verdict;
    assert_eq!(before, Doubt::AlreadyOver.into());
    let late: Vec<Slot> = [vec![counts(3.0, 600.0); 10], bad.clone()].concat();
    assert_eq!(decided(&rule, &Seen { before: &late, ..seen(&bad, false) }).verdict, Verdict::Fail, "started late");
    let fine = vec![counts(3.0, 600.0); 10];
    assert_eq!(decided(&rule, &Seen { before: &fine, ..seen(&bad, false) }).verdict, Verdict::Fail);
}

#[test]
fn a_hard_limit_needs_no_proof_but_its_run_of_intervals() {
    let hard = Some(Hard { max: "20%".parse().unwrap(), intervals: 2 });
    let rule = Rule::Share { limit: Limit::At("5%".parse().unwrap()), min_samples: 60, unit: Piece::Interval, hard };
    let (bad, good) = (counts(13.0, 60.0), counts(0.0, 60.0));
    assert_eq!(verdict(&rule, &[bad, good, bad, good], false), Verdict::Watching);
    assert_eq!(verdict(&rule, &[good, bad, bad], false), Verdict::Fail);
    assert_eq!(verdict(&rule, &[counts(12.0, 60.0); 2], false), Verdict::Watching, "the limit itself is within");
    assert_eq!(
        verdict(&rule, &[bad, Slot::Gap(Gap::NoData), good], false),
        Verdict::Watching,
        "silence is not over it"
    );
    // It fails even what was so before: it is a rail, not a comparison.
    let before = vec![bad; 30];
    assert_eq!(decided(&rule, &Seen { before: &before, ..seen(&[bad, bad], false) }).verdict, Verdict::Fail);
}

#[test]
fn a_relative_share_needs_a_baseline_and_both_its_margins() {
    let at = |share: f64| vec![counts(1000.0 * share, 1000.0); 30];
    let against = |rule: &Rule, before: &[Slot], now: &[Slot]| {
        let baseline = Some(Baseline::PreviousWindow);
        decide(&guardrail(*rule, baseline), &Seen { baseline: before, ..seen(now, true) }, &TERMS).verdict
    };
    let rule = relative("50%", "0.5%");
    assert_eq!(against(&rule, &[], &at(0.01)), Doubt::NoBaseline { text: None }.into());
    assert_eq!(against(&rule, &[counts(0.0, 10.0)], &at(0.01)), Doubt::NoBaseline { text: None }.into());
    assert_eq!(against(&rule, &at(0.02), &at(0.025)), Verdict::Pass);
    assert_eq!(against(&rule, &at(0.02), &at(0.15)), Verdict::Fail);
    assert_eq!(against(&rule, &at(0.001), &at(0.004)), Verdict::Pass, "four times as much, and not half a point");
    assert!(matches!(
        against(&rule, &at(0.02), &at(0.032)),
        Verdict::Inconclusive { doubt: Doubt::OverLimitUnproven { .. } }
    ));
}

#[test]
fn a_canary_is_held_against_the_version_beside_it() {
    let arms = |bad, beside_bad| Slot::Arms { bad, total: 100.0, beside_bad, beside_total: 900.0 };
    let beside = |split: Option<&str>, slots: &[Slot]| {
        let split = split.map(|split| split.parse::<Share>().unwrap());
        decide(&guardrail(relative("20%", "0%"), Some(Baseline::Concurrent { split })), &seen(slots, true), &TERMS)
            .verdict
    };
    assert_eq!(beside(None, &[arms(1.0, 9.0); 15]), Verdict::Pass);
    // Whatever happens to both is not the release's doing.
    assert_eq!(beside(None, &[arms(30.0, 270.0); 15]), Verdict::Pass);
    assert_eq!(beside(None, &[arms(9.0, 9.0); 15]), Verdict::Fail);
    let silent = Slot::Gap(Gap::NoTraffic);
    assert_eq!(
        beside(None, &[vec![silent], vec![arms(1.0, 9.0); 15]].concat()),
        Verdict::Pass,
        "a minute without both"
    );
    assert_eq!(beside(None, &[vec![silent], vec![arms(9.0, 9.0); 15]].concat()), Verdict::Fail);
    assert_eq!(beside(Some("10%"), &[arms(9.0, 9.0); 15]), Verdict::Fail);
    let elsewhere = Doubt::Split { seen: 1500, total: 15_000 };
    assert_eq!(beside(Some("50%"), &[arms(9.0, 9.0); 15]), elsewhere.into());
}

#[test]
fn a_value_fails_by_m_of_n_and_passes_only_when_seen() {
    let rule = gauge(Bound::Max(0.3), "2 of 3");
    let doubt = |doubt: Doubt| Verdict::Inconclusive { doubt };
    for (name, slots, ended, wanted) in [
        ("all within", values(&[0.1, 0.3, 0.2]), true, Verdict::Pass),
        ("one outside", values(&[0.1, 0.4, 0.2]), true, Verdict::Pass),
        ("two far apart", values(&[0.4, 0.1, 0.1, 0.4]), true, Verdict::Pass),
        ("two of three", values(&[0.1, 0.4, 0.2, 0.4]), false, Verdict::Fail),
        ("two of the first two", values(&[0.4, 0.4]), false, Verdict::Fail),
        ("within so far", values(&[0.1]), false, Verdict::Watching),
        ("too few intervals", values(&[0.1, 0.1]), true, doubt(Doubt::LowTraffic { need: 1 })),
        ("none", vec![Slot::Gap(Gap::NoData); 9], true, doubt(Doubt::NoData)),
        (
            "not a number",
            [values(&[0.1; 3]), vec![Slot::Gap(Gap::NotANumber)]].concat(),
            true,
            doubt(Doubt::Broken { gap: Gap::NotANumber, intervals: 1 }),
        ),
        (
            "silent at the end",
            [values(&[0.1; 3]), vec![Slot::Gap(Gap::Stale); 3]].concat(),
            true,
            doubt(Doubt::Stale { intervals: 3 }),
        ),
    ] {
        assert_eq!(verdict(&rule, &slots, ended), wanted, "{name}");
    }
    assert_eq!(verdict(&gauge(Bound::Min(2.0), "1 of 1"), &values(&[2.0, 1.0]), false), Verdict::Fail);
}

#[test]
fn a_relative_value_is_held_against_the_middle_of_enough_of_them() {
    let rule = Rule::Value {
        bound: Bound::Increase("50%".parse().unwrap()),
        breach: "2 of 3".parse().unwrap(),
        min_samples: 3,
    };
    let against = |before: &[f64], now: &[f64]| {
        let baseline = values(before);
        let seen = Seen { baseline: &baseline, ..seen(&[], true) };
        let now = values(now);
        decide(&guardrail(rule, Some(Baseline::PreviousWindow)), &Seen { slots: &now, ..seen }, &TERMS).verdict
    };
    for (before, now, wanted) in [
        (&[0.1, 0.2, 9.0][..], [0.3, 0.3, 0.3], Verdict::Pass),
        (&[0.1, 0.2, 9.0], [0.31, 0.31, 0.3], Verdict::Fail),
        (&[0.2, 0.2], [0.1, 0.1, 0.1], Doubt::NoBaseline { text: None }.into()),
        (&[0.2, 0.2], [9.0, 9.0, 9.0], Doubt::NoBaseline { text: None }.into()),
        (&[], [0.1, 0.1, 0.1], Doubt::NoBaseline { text: None }.into()),
    ] {
        assert_eq!(against(before, &now), wanted, "{before:?} then {now:?}");
    }
}

#[test]
fn an_incomplete_answer_never_passes_and_never_hides_a_failure() {
    let partial = |slots: &[Slot]| {
        decided(&share("1%", 300), &Seen { partial: Some("PartialData"), ..seen(slots, true) }).verdict
    };
    assert!(matches!(partial(&[counts(0.0, 900.0)]), Verdict::Inconclusive { doubt: Doubt::Partial { .. } }));
    assert_eq!(partial(&[counts(90.0, 900.0); 4]), Verdict::Fail);
}

#[test]
fn a_proven_failure_outweighs_errors_and_errors_outweigh_doubt() {
    use Overall::{Error, Fail, Inconclusive, Pass, Watching};
    let error = Verdict::Error { text: "down".into() };
    let doubt: Verdict = Doubt::NoData.into();
    for (verdicts, wanted) in [
        (vec![Verdict::Pass, Verdict::Pass], Pass),
        (vec![Verdict::Pass, doubt.clone()], Inconclusive),
        (vec![doubt.clone(), error.clone()], Error),
        (vec![error.clone(), Verdict::Fail], Fail),
        (vec![Verdict::Watching, Verdict::Fail], Fail),
        (vec![Verdict::Watching, Verdict::Pass], Watching),
        (vec![], Inconclusive),
    ] {
        assert_eq!(overall_of(&verdicts, Duty::Required), wanted, "{verdicts:?}");
    }
    assert_eq!(overall_of(&[Verdict::Fail], Duty::Observe), Inconclusive);
}

fn overall_of(verdicts: &[Verdict], duty: Duty) -> Overall {
    let guardrail = Guardrail { duty, ..guardrail(share("1%", 1), None) };
    let findings: Vec<Finding> =
        verdicts.iter().map(|v| Finding { verdict: v.clone(), figures: Figures::Nothing }).collect();
    overall(findings.iter().map(|finding| (&guardrail, finding)))
}

fn any_slot() -> impl Strategy<Value = Slot> {
    prop_oneof![
        (0_u32..50, 0_u32..500).prop_map(|(bad, good)| counts(f64::from(bad), f64::from(bad + good))),
        (0.0..2.0_f64, proptest::option::of(0.0..100.0_f64))
            .prop_map(|(value, samples)| Slot::Value { value, samples }),
        (1_u32..500).prop_map(|total| Slot::Uncounted { total: f64::from(total) }),
        prop_oneof![
            Just(Gap::NoData),
            Just(Gap::NoTraffic),
            Just(Gap::NotANumber),
            Just(Gap::Infinite),
            Just(Gap::Stale),
            Just(Gap::Negative)
        ]
        .prop_map(Slot::Gap),
    ]
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), as a share.
fn draw(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    stats::real((z ^ (z >> 31)) >> 11) / 9_007_199_254_740_992.0
}

/// The calibration of `crates/stats`, once more through everything a file says: two shares, one budget, and an hour of history.
#[test]
fn healthy_releases_keep_the_budget_of_the_whole_run() {
    let auto = Rule::Share { limit: Limit::At("1%".parse().unwrap()), min_samples: 300, unit: Piece::Auto, hard: None };
    let guardrail = guardrail(auto, None);
    let terms = Terms { alpha: 0.05 / 2.0, ..TERMS };
    let mut random = 20_261_130;
    let mut interval = |share: f64| {
        let bad = (0..60).filter(|_| draw(&mut random) < share).count();
        counts(stats::real(bad as u64), 60.0)
    };
    let mut fails = |share: f64| {
        let before: Vec<Slot> = (0..60).map(|_| interval(0.01)).collect();
        let slots: Vec<Slot> = (0..15).map(|_| interval(share)).collect();
        decide(&guardrail, &Seen { before: &before, ..seen(&slots, true) }, &terms).verdict == Verdict::Fail
    };
    let failed = (0..1000).filter(|_| fails(0.01) | fails(0.01)).count() as u64;
    assert!(stats::binomial::chance_of_at_least(failed, 1000, 0.05) > 0.01, "{failed} of 1000");
    assert!((0..200).filter(|_| fails(0.05)).count() > 190);
}

/// What the evidence is held against is the budget's part, to the digit: a calibration alone would not notice a factor of two.
#[test]
fn proof_is_the_inverse_of_what_may_be_spent() {
    let needed = |rule: &Rule| match decided(rule, &seen(&[counts(1.0, 60.0)], false)).figures {
        Figures::Share { needed, .. } => needed.round(),
        other => panic!("{other:?}"),
    };
    assert_eq!((needed(&share("1%", 300)), needed(&by_request(1))), (100.0, 200.0));
}

#[test]
fn a_proof_is_told_by_its_place_in_the_window_whatever_was_missing_before_it() {
    let bad = counts(30.0, 60.0);
    let slots = [Slot::Gap(Gap::NoData), counts(0.0, 60.0), Slot::Gap(Gap::NoTraffic), bad, bad, bad];
    let Figures::Share { proven_at, .. } = decided(&share("1%", 300), &seen(&slots, false)).figures else { panic!() };
    assert_eq!(proven_at, Some(5));
}

proptest! {
    /// No evidence is never a yes, for every rule and every history.
    #[test]
    fn nothing_passes_without_its_samples(slots in proptest::collection::vec(any_slot(), 0..20), least in 1_u64..2000) {
        for rule in [share("1%", least), share("50%", least), relative("10%", "0%"), Rule::Value {
            bound: Bound::Max(5.0), breach: Breach { datapoints: 1, of: 1 }, min_samples: least }] {
            let finding = decided(&rule, &seen(&slots, true));
            let samples = match finding.figures {
                Figures::Share { total, .. } => total,
                Figures::Value { samples, .. } => samples,
                Figures::Nothing => 0,
            };
            let least = if matches!(rule, Rule::Share { limit: Limit::Increase { .. }, .. }) { 100 } else { least };
            prop_assert!(finding.verdict != Verdict::Pass || samples >= least);
        }
    }

    /// Turning good requests into bad ones can only make it worse.
    #[test]
    fn more_bad_requests_never_help(
        slots in proptest::collection::vec((0_u32..20, 1_u32..300), 1..12), at in 0_usize..12, more in 1_u32..300,
        ended: bool,
    ) {
        let at = at % slots.len();
        let make = |extra: u32| -> Vec<Slot> {
            slots.iter().enumerate().map(|(i, &(bad, good))| {
                let moved = if i == at { extra.min(good) } else { 0 };
                counts(f64::from(bad + moved), f64::from(bad + good))
            }).collect()
        };
        let harm = |slots: &[Slot]| match verdict(&share("2%", 100), slots, ended) {
            Verdict::Pass => 0,
            Verdict::Fail => 2,
            _ => 1,
        };
        prop_assert!(harm(&make(more)) >= harm(&make(0)));
    }

    /// A higher value can only make it worse under a maximum.
    #[test]
    fn a_higher_value_never_helps(list in proptest::collection::vec(0.0..1.0_f64, 1..12), at in 0_usize..12, more in 0.0..1.0_f64) {
        let rule = gauge(Bound::Max(0.5), "2 of 3");
        let mut worse = list.clone();
        let index = at % list.len();
        worse[index] += more;
        let fails = |list: &[f64]| verdict(&rule, &values(list), true) == Verdict::Fail;
        prop_assert!(!fails(&list) || fails(&worse));
    }
}
