//! How often a healthy release is failed: many simulated watches through the very decision.

use super::*;

const LOOKS: usize = 15;

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, good enough to draw requests.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        crate::binomial::real((z ^ (z >> 31)) >> 11) / 9_007_199_254_740_992.0
    }
}

/// One kind of release: each burst of requests fails together with this chance.
struct Release {
    share: f64,
    burst: u64,
    requests: u64,
}

/// The share of watches that fail, and the mean look at which they do, with limit and budget of 1 %.
fn failing(release: &Release, declared_burst: u64, watches: usize) -> (f64, f64) {
    let rule = Rule::Share { limit: "1%".parse().unwrap(), min_samples: 300, burst: declared_burst };
    let terms = Terms { alpha: 0.01 / 15.0, stale_intervals: 5 };
    let mut random = Random(20_261_120);
    let (mut failed, mut looks) = (0_u32, 0_usize);
    for _ in 0..watches {
        let mut slots = Vec::with_capacity(LOOKS);
        for look in 1..=LOOKS {
            let bursts = release.requests / release.burst;
            let bad = (0..bursts).filter(|_| random.unit() < release.share).count() as u64 * release.burst;
            slots
                .push(Slot::Counts { bad: crate::binomial::real(bad), total: crate::binomial::real(release.requests) });
            let seen = Seen { slots: &slots, ended: look == LOOKS, partial: None };
            if decide(&rule, &seen, &terms).verdict == Verdict::Fail {
                failed += 1;
                looks += look;
                break;
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let rates = (f64::from(failed) / watches as f64, looks as f64 / f64::from(failed.max(1)));
    rates
}

/// The most a true rate of `budget` may show among `watches` with 99 % confidence (normal approximation).
fn allowed(budget: f64, watches: u32) -> f64 {
    budget + 2.33 * (budget * (1.0 - budget) / f64::from(watches)).sqrt()
}

#[test]
fn a_healthy_release_fails_no_more_often_than_the_budget_says() {
    for (name, share, requests) in [
        ("exactly at the limit", 0.01, 60),
        ("at the limit, busy", 0.01, 600),
        ("half the limit", 0.005, 60),
        ("at the limit, quiet", 0.01, 7),
    ] {
        let (failed, _) = failing(&Release { share, burst: 1, requests }, 1, 2000);
        assert!(failed <= allowed(0.01, 2000), "{name}: {failed}");
    }
}

#[test]
fn a_bad_release_is_found_soon() {
    for (name, share, by) in [("five times the limit", 0.05, 6.0), ("twenty times the limit", 0.2, 2.0)] {
        let (failed, look) = failing(&Release { share, burst: 1, requests: 60 }, 1, 500);
        assert!(failed > 0.98 && look <= by, "{name}: {failed} found, at look {look:.1} on average");
    }
}

/// The documented limit of the rule: it takes requests to fail independently. Where they do not, `burst` says so.
#[test]
fn errors_in_bursts_need_their_size_declared() {
    let bursty = Release { share: 0.01, burst: 10, requests: 600 };
    let (undeclared, _) = failing(&bursty, 1, 1000);
    let (declared, _) = failing(&bursty, 10, 1000);
    assert!(undeclared > 0.05, "{undeclared}");
    assert!(declared <= allowed(0.01, 1000), "{declared}");
}
