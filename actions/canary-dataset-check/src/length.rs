//! Lengths of time as people write them: `500ms`, `2s`, `15m`, `24h`, `7d`.

use std::{fmt, str::FromStr, time::Duration};

/// A length of time of at most 10 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(Duration);

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const LONGEST_MS: u64 = 3652 * 86_400_000;

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time; write for example 500ms, 2s, 15m, 24h or 7d");
        let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor).ok_or_else(wrong)?;
        let millis = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor)).ok_or_else(wrong)?;
        if millis > LONGEST_MS {
            return Err(format!("`{text}` is longer than 10 years"));
        }
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl Length {
    /// A length of this many whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// A length of this many seconds; negative and endless ones become the nearest possible.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Self {
        Self(Duration::try_from_secs_f64(seconds).unwrap_or(if seconds > 0.0 { Duration::MAX } else { Duration::ZERO }))
    }

    /// In seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// As the standard library has it.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

/// In the largest unit that leaves a number of at least 1, rounded down to it: `36h` is `1d`; whole ones are exact.
impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let exact = UNITS
            .iter()
            .rev()
            .find(|(_, factor)| millis >= u128::from(*factor) && millis.is_multiple_of(u128::from(*factor)));
        let rough = UNITS.iter().rev().find(|(_, factor)| millis >= u128::from(*factor));
        let (unit, factor) = match (exact, rough) {
            (Some(exact), _) if millis / u128::from(exact.1) < 1000 => *exact,
            (_, Some(rough)) => *rough,
            _ => return f.write_str("0s"),
        };
        write!(f, "{}{unit}", millis / u128::from(factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written_in_their_unit() {
        for (text, millis) in [("500ms", 500), ("2s", 2000), ("15m", 900_000), ("24h", 86_400_000), ("7d", 604_800_000)]
        {
            assert_eq!(text.parse(), Ok(Length::from_millis(millis)));
        }
        for (millis, shown) in
            [(0, "0s"), (500, "500ms"), (2000, "2s"), (90_000, "90s"), (86_400_000, "1d"), (1_234_567, "20m")]
        {
            assert_eq!(Length::from_millis(millis).to_string(), shown);
        }
        for bad in ["", "2", "s", "-1s", "1.5s", "2 s", "2S", "99999999999999999999s", "3653d"] {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }
}
