//! A histogram of latencies with three significant digits in fixed memory: HdrHistogram, and its V2 encoding, which other
//! people's programs read (<https://github.com/HdrHistogram/HdrHistogram>).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::time::Duration;

/// Buckets of equal width in the lowest range: twice the resolution that three digits need, rounded up to a power of two.
const SUB_BUCKETS: u64 = 2048;
const SUB_BITS: u32 = 11;
const HALF: u64 = SUB_BUCKETS / 2;

/// The longest latency that is told from longer ones: an hour, in microseconds.
const HIGHEST: u64 = 3_600_000_000;

/// Counts of latencies in microseconds, from 1 µs to an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; place(HIGHEST) + 1], total: 0, longest: 0 }
    }
}

/// Where a value is counted.
fn place(value: u64) -> usize {
    let bucket = (63 - (value | (SUB_BUCKETS - 1)).leading_zeros()) - (SUB_BITS - 1);
    let place = u64::from(bucket) * HALF + (value >> bucket);
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The largest value that is counted where the given place is.
fn highest_at(place: usize) -> u64 {
    let place = place as u64;
    let (bucket, sub) = match place / HALF {
        0 | 1 => (0, place),
        over => (over - 1, place % HALF + HALF),
    };
    ((sub + 1) << bucket) - 1
}

impl Histogram {
    /// Counts one latency.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(HIGHEST).min(HIGHEST);
        if let Some(count) = self.counts.get_mut(place(micros)) {
            *count += 1;
        }
        self.total += 1;
        self.longest = self.longest.max(micros);
    }

    /// Takes in another's counts.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
    }

    /// How many latencies it holds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The longest latency.
    #[must_use]
    pub fn longest(&self) -> Duration {
        Duration::from_micros(self.longest)
    }

    /// The latency of this rank, from 1 for the shortest, exact to three digits. `None` beyond the last.
    #[must_use]
    pub fn at_rank(&self, rank: u64) -> Option<Duration> {
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        place.filter(|_| rank > 0).map(|place| Duration::from_micros(highest_at(place).min(self.longest)))
    }

    /// The latency that a share of all does not exceed: the nearest rank, never an interpolation.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = stats::whole((share * stats::real(self.total)).ceil()).clamp(1, self.total.max(1));
        self.at_rank(rank)
    }

    /// Between which latencies the quantile of what these are a sample of lies; each side is missed with a chance of
    /// `alpha` at most. A side about which there are too few to say is `None`.
    #[must_use]
    pub fn bounds(&self, share: f64, alpha: f64) -> (Option<Duration>, Option<Duration>) {
        let (low, high) = stats::quantile::ranks(self.total, share, alpha);
        (low.and_then(|rank| self.at_rank(rank)), high.and_then(|rank| self.at_rank(rank)))
    }

    /// The compressed V2 encoding in base64, as HdrHistogram's own programs read it. The zlib stream stores its bytes: runs of
    /// empty places are short already, and a compressor would be larger than this whole action.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut payload = Vec::new();
        let mut zeros = 0_i64;
        let last = self.counts.iter().rposition(|count| *count > 0).map_or(0, |place| place + 1);
        for count in self.counts.iter().take(last) {
            if *count == 0 {
                zeros += 1;
                continue;
            }
            if zeros > 0 {
                zigzag(-std::mem::take(&mut zeros), &mut payload);
            }
            zigzag(i64::try_from(*count).unwrap_or(i64::MAX), &mut payload);
        }
        // Cookie, length, normalizing offset, digits, lowest and highest value, and the ratio to integers.
        let mut plain =
            [0x1c84_9313_u32, u32::try_from(payload.len()).unwrap_or(u32::MAX), 0, 3].map(u32::to_be_bytes).concat();
        plain.extend([1_u64, HIGHEST, 1_f64.to_bits()].map(u64::to_be_bytes).concat());
        plain.extend(payload);
        let packed = stored(&plain);
        let length = u32::try_from(packed.len()).unwrap_or(u32::MAX);
        STANDARD.encode([&[0x1c84_9314_u32, length].map(u32::to_be_bytes).concat(), &packed[..]].concat())
    }
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, section 3.2.4).
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend([length, !length].map(u16::to_le_bytes).concat());
        stream.extend(block);
    }
    // Adler-32.
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    stream.extend(((high << 16) | low).to_be_bytes());
    stream
}

/// A signed number in ZigZag LEB128, nine bytes at most.
fn zigzag(value: i64, bytes: &mut Vec<u8>) {
    let mut left = (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned();
    for _ in 0..8 {
        let [low, ..] = left.to_le_bytes();
        left >>= 7;
        if left == 0 {
            return bytes.push(low & 0x7f);
        }
        bytes.push(low | 0x80);
    }
    bytes.push(left.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::Deserializer;
    use proptest::prelude::*;

    fn of(micros: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        micros.iter().for_each(|micros| histogram.record(Duration::from_micros(*micros)));
        histogram
    }

    /// HdrHistogram's own example (README and HistogramTest): ten thousand of 1 ms, and one of 100 s.
    #[test]
    fn the_published_example_has_its_published_quantiles() {
        let mut raw: Vec<u64> = vec![1000; 10_000];
        raw.push(100_000_000);
        let raw = of(&raw);
        let within = |found: Option<Duration>, micros: u64| {
            found.is_some_and(|found| found.as_micros().abs_diff(micros.into()) <= u128::from(micros) / 1000)
        };
        for share in [0.3, 0.5, 0.99, 0.9999] {
            assert!(within(raw.quantile(share), 1000), "{share}");
        }
        assert!(within(raw.quantile(0.99999), 100_000_000) && within(raw.quantile(1.0), 100_000_000));
        // With what an interval of 10 ms would have had to see beside it: 99.98, 99.97, … seconds.
        let corrected: Vec<u64> = (1..=10_000).map(|n| 100_000_000 - (n - 1) * 10_000).collect();
        let mut whole = raw.clone();
        whole.merge(&of(&corrected[1..]));
        for (share, micros) in [(0.5, 1000), (0.75, 50_000_000), (0.9, 80_000_000), (0.99, 98_000_000)] {
            assert!(within(whole.quantile(share), micros), "{share}: {:?}", whole.quantile(share));
        }
    }

    #[test]
    fn an_empty_one_says_nothing_and_a_small_one_bounds_nothing() {
        assert_eq!((of(&[]).quantile(0.5), of(&[]).bounds(0.95, 0.05)), (None, (None, None)));
        assert_eq!(of(&[7; 58]).bounds(0.95, 0.05).1, None);
        assert!(of(&[7; 59]).bounds(0.95, 0.05).1.is_some(), "0.95^59 < 5 %");
    }

    proptest! {
        /// Against the reference implementation's port by its community.
        #[test]
        fn another_program_reads_the_same(micros in proptest::collection::vec(prop_oneof![1_u64..5000, 1_u64..HIGHEST], 1..300)) {
            let ours = of(&micros);
            let bytes = STANDARD.decode(ours.encode()).unwrap();
            let theirs: hdrhistogram::Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
            prop_assert_eq!(theirs.len(), ours.total());
            for share in [0.01, 0.5, 0.9, 0.95, 0.99, 1.0] {
                let seen = u64::try_from(ours.quantile(share).unwrap().as_micros()).unwrap();
                prop_assert!(theirs.equivalent(theirs.value_at_quantile(share), seen), "{share}");
            }
        }

        #[test]
        fn a_value_is_counted_to_three_digits(micros in 1_u64..HIGHEST) {
            let highest = highest_at(place(micros));
            prop_assert!(micros <= highest && (highest - micros) * 1000 <= micros.max(1000), "{} {}", micros, highest);
        }
    }
}
