//! The values of `guardrails.yml`, parsed once: shares as exact decimals, durations with their unit, counts of intervals.

use stats::real;
use std::{fmt, str::FromStr, time::Duration};

/// A share between 0 and 1 exactly as written, so that 250 of 5000 is 5 % and not 0.049999999999999996.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// `share × 10^scale`.
    digits: u64,
    /// Decimal places, at most 12.
    scale: u32,
}

impl Share {
    /// None at all.
    pub const NOTHING: Self = Self { digits: 0, scale: 0 };
}

impl Share {
    /// Whether `bad` of `total` is more than this share, in whole numbers; 0 of 0 is not.
    #[must_use]
    pub fn exceeded_by(self, bad: u64, total: u64) -> bool {
        u128::from(bad) * 10_u128.pow(self.scale) > u128::from(self.digits) * u128::from(total)
    }

    /// One minus this share: `at least 99 % good` is `at most 1 % bad`.
    #[must_use]
    pub fn complement(self) -> Self {
        Self { digits: 10_u64.pow(self.scale).saturating_sub(self.digits), scale: self.scale }
    }

    /// The nearest floating-point number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        real(self.digits) / 10_f64.powi(self.scale.cast_signed())
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a share; write it as 1% or 0.01");
        let (number, percent) = match text.trim().strip_suffix('%') {
            Some(number) => (number.trim(), 2),
            None => (text.trim(), 0),
        };
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all_digits = [integer, fraction].concat();
        if integer.is_empty() || all_digits.len() > 12 || !all_digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let digits = all_digits.parse().map_err(|_| wrong())?;
        let scale = u32::try_from(fraction.len()).map_err(|_| wrong())? + percent;
        if digits > 10_u64.pow(scale) {
            return Err(format!("`{text}` is more than everything; a share is at most 100%"));
        }
        Ok(Self { digits, scale })
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(self.scale);
        let per_cent = u128::from(self.digits) * 100;
        let (whole, rest) = (per_cent / u128::from(unit), per_cent % u128::from(unit));
        let places = format!("{rest:0width$}", width = self.scale as usize);
        let places = if rest == 0 { "" } else { places.trim_end_matches('0') };
        if places.is_empty() { write!(f, "{whole} %") } else { write!(f, "{whole}.{places} %") }
    }
}

/// A duration with its unit, `300ms`, `90s`, `5m` or `1h`; decimals are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Duration);

impl Length {
    /// Whole seconds, where the value is a whole number of them.
    #[must_use]
    pub fn whole_seconds(self) -> Option<u32> {
        (self.0.subsec_nanos() == 0).then(|| u32::try_from(self.0.as_secs()).ok()).flatten()
    }
}

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a duration; write it with its unit, as 300ms, 90s, 5m or 1h");
        let text = text.trim();
        let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        let number = number.trim();
        if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return Err(wrong());
        }
        let number: f64 = number.parse().map_err(|_| wrong())?;
        // Rounding to microseconds takes off what 0.001 adds in binary.
        let micros = (number * seconds * 1e6).round();
        if micros > 31_536_000e6 {
            return Err(format!("`{text}` is longer than a year"));
        }
        Ok(Self(Duration::from_micros(stats::whole(micros))))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match (seconds, self.0.subsec_micros()) {
            (0, micros) if micros % 1000 == 0 => write!(f, "{} ms", micros / 1000),
            (s, 0) if s >= 120 && s % 60 == 0 => write!(f, "{} min", s / 60),
            (s, 0) => write!(f, "{s} s"),
            _ => write!(f, "{} s", self.0.as_secs_f64()),
        }
    }
}

/// How many breaching intervals among how many consecutive ones decide, as CloudWatch alarms say it: `3 of 5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// Breaching intervals that decide; at least 1.
    pub datapoints: usize,
    /// Among so many consecutive ones; at least `datapoints`.
    pub of: usize,
}

impl FromStr for Breach {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(" of ").and_then(|(m, n)| Some((m.trim().parse().ok()?, n.trim().parse().ok()?)));
        match parts {
            Some((datapoints, of)) if datapoints >= 1 && datapoints <= of => Ok(Self { datapoints, of }),
            Some(_) => Err(format!("`{text}` can never happen; the first number is between 1 and the second")),
            None => Err(format!("`{text}` is not a breach rule; write it as 3 of 5")),
        }
    }
}

/// How much more than a baseline is allowed, relative to it: `20%` is a fifth more, `150%` two and a half times as much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Increase(f64);

impl Increase {
    /// What the baseline is multiplied by.
    #[must_use]
    pub fn factor(self) -> f64 {
        1.0 + self.0
    }
}

impl FromStr for Increase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match number.filter(|number| (0.0..=10_000.0).contains(number)) {
            Some(percent) => Ok(Self(percent / 100.0)),
            None => Err(format!("`{text}` is not an increase; write it as 20%")),
        }
    }
}

impl fmt::Display for Increase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two places, and none that say nothing.
        let text = format!("{:.2}", self.0 * 100.0);
        write!(f, "{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl serde::Serialize for Increase {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.datapoints, self.of)
    }
}

impl serde::Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl serde::Serialize for Breach {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_compare_in_whole_numbers() {
        let five: Share = "5%".parse().unwrap();
        assert!(!five.exceeded_by(250, 5000));
        assert!(five.exceeded_by(251, 5000));
        assert!(!five.exceeded_by(0, 0));
        assert!(five.exceeded_by(u64::MAX, u64::MAX));
        assert!("0%".parse::<Share>().unwrap().exceeded_by(1, 1_000_000));
    }

    #[test]
    fn shares_read_and_show_as_people_write_them() {
        for (text, shown) in
            [("1%", "1 %"), ("0.01", "1 %"), ("0.5%", "0.5 %"), ("0.005", "0.5 %"), ("1", "100 %"), ("0", "0 %")]
        {
            assert_eq!(text.parse::<Share>().unwrap().to_string(), shown, "{text}");
        }
        assert_eq!("99.9%".parse::<Share>().unwrap().complement().to_string(), "0.1 %");
        for bad in ["", "%", "5", "101%", "-1%", "1e-2", "NaN", ".5", "1.1", "0.1234567890123", "one"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_need_their_unit() {
        for (text, micros) in [("300ms", 300_000), ("0.3s", 300_000), ("5m", 300_000_000), ("1h", 3_600_000_000)] {
            assert_eq!(text.parse::<Length>().unwrap().0.as_micros(), micros, "{text}");
        }
        for bad in ["", "5", "m", "5 minutes", "-5m", "1.2.3s", "NaNs", "99999999h"] {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
        assert_eq!(
            ["300ms", "90s", "5m"].map(|t| t.parse::<Length>().unwrap().to_string()),
            ["300 ms", "90 s", "5 min"]
        );
    }

    #[test]
    fn a_breach_rule_that_cannot_happen_is_refused() {
        assert_eq!("3 of 5".parse(), Ok(Breach { datapoints: 3, of: 5 }));
        for bad in ["0 of 5", "6 of 5", "3/5", "", "3 of", "-1 of 2"] {
            assert!(bad.parse::<Breach>().is_err(), "{bad}");
        }
    }
}
