//! Which cases of a dataset this run asks: a sample of them, a shard of these.

use crate::random::Random;
use std::{fmt, str::FromStr};

/// One of several runs that share the cases: `2/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// All cases.
    pub const WHOLE: Self = Self { number: 1, of: 1 };
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if 1 <= number && number <= of && of <= 10_000 => Ok(Self { number, of }),
            _ => Err(format!("`{text}` is not a shard such as 2/8")),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// Chooses cases one after another; equal seeds choose equal cases, whatever the shard.
#[derive(Debug, Clone)]
pub struct Choice {
    left: u64,
    wanted: u64,
    chosen: u64,
    shard: Shard,
    random: Random,
}

impl Choice {
    /// A choice among `all` cases: `sample` of them, each as likely (Knuth, "The Art of Computer Programming" 2, 3.4.2,
    /// algorithm S), and of these every case whose turn is the shard's.
    #[must_use]
    pub fn new(all: u64, sample: Option<u64>, shard: Shard, seed: u64) -> Self {
        let wanted = sample.unwrap_or(all).min(all);
        Self { left: all, wanted, chosen: 0, shard, random: Random::new(seed) }
    }

    /// How many it will choose.
    #[must_use]
    pub fn count(&self) -> u64 {
        (self.wanted + self.shard.of - self.shard.number) / self.shard.of
    }

    /// Whether the next case is chosen.
    pub fn takes(&mut self) -> bool {
        let in_sample = self.random.below(self.left) < self.wanted - self.chosen.min(self.wanted);
        self.left = self.left.saturating_sub(1);
        let turn = self.chosen % self.shard.of == self.shard.number - 1;
        self.chosen += u64::from(in_sample);
        in_sample && turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chosen(all: u64, sample: Option<u64>, shard: Shard, seed: u64) -> Vec<u64> {
        let mut choice = Choice::new(all, sample, shard, seed);
        (0..all).filter(|_| choice.takes()).collect()
    }

    #[test]
    fn a_shard_is_a_number_of_a_number() {
        assert_eq!("2/8".parse(), Ok(Shard { number: 2, of: 8 }));
        for bad in ["", "0/8", "9/8", "2", "2/0", "-1/2", "1/10001"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn shards_share_exactly_the_sample(all in 0_u64..300, sample in proptest::option::of(0_u64..400), of in 1_u64..9, seed in any::<u64>()) {
            let whole = chosen(all, sample, Shard::WHOLE, seed);
            prop_assert_eq!(whole.len() as u64, sample.unwrap_or(all).min(all));
            let mut together: Vec<u64> = Vec::new();
            for number in 1..=of {
                let shard = Shard { number, of };
                let part = chosen(all, sample, shard, seed);
                prop_assert_eq!(part.len() as u64, Choice::new(all, sample, shard, seed).count());
                together.extend(part);
            }
            together.sort_unstable();
            prop_assert_eq!(together, whole);
        }
    }

    #[test]
    fn every_case_is_sampled_about_as_often() {
        let mut times = [0_u32; 50];
        for seed in 0..2000 {
            chosen(50, Some(10), Shard::WHOLE, seed)
                .iter()
                .for_each(|&place| times[usize::try_from(place).unwrap()] += 1);
        }
        assert!(times.iter().all(|times| (310..=490).contains(times)), "{times:?}");
    }
}
