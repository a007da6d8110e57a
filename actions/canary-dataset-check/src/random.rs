//! Choices that look random and can be repeated: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) from a seed that is
//! written down.

/// A stream of numbers; equal seeds give equal streams.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number of the stream.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, each as likely as the others; 0 for an `end` of 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // Lemire's multiplication; its bias is below end / 2^64.
        u64::try_from((u128::from(self.number()) * u128::from(end)) >> 64).unwrap_or(0)
    }
}

/// Keeps a fair choice of at most `room` of the items offered, whatever their number (Vitter's algorithm R, ACM
/// Transactions on Mathematical Software 11, 1985).
#[derive(Debug, Clone)]
pub struct Reservoir<T> {
    room: usize,
    offered: u64,
    random: Random,
    /// What is kept.
    pub items: Vec<T>,
}

impl<T> Reservoir<T> {
    /// An empty one.
    #[must_use]
    pub fn new(room: usize, seed: u64) -> Self {
        Self { room, offered: 0, random: Random::new(seed), items: Vec::new() }
    }

    /// Offers an item.
    pub fn offer(&mut self, item: T) {
        self.offered += 1;
        if self.items.len() < self.room {
            self.items.push(item);
            return;
        }
        let place = usize::try_from(self.random.below(self.offered)).unwrap_or(usize::MAX);
        if let Some(kept) = self.items.get_mut(place) {
            *kept = item;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation (prng.di.unimi.it/splitmix64.c) for seed 1234567.
    #[test]
    fn the_stream_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([random.number(), random.number(), random.number()], published);
    }

    #[test]
    fn each_item_is_kept_about_as_often() {
        let mut kept = [0_u32; 100];
        for seed in 0..2000 {
            let mut reservoir = Reservoir::new(10, seed);
            (0..100).for_each(|item| reservoir.offer(item));
            reservoir.items.iter().for_each(|item: &usize| kept[*item] += 1);
        }
        assert!(kept.iter().all(|times| (140..=260).contains(times)), "{kept:?}");
        let mut few = Reservoir::new(10, 1);
        (0..3).for_each(|item| few.offer(item));
        assert_eq!(few.items, [0, 1, 2]);
    }
}
