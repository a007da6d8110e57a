//! A share of the traffic.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A share of the traffic in tenths of a percent, 0 to 1000: the finest step that any engine at hand can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Weight(u16);

/// A share that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeightError {
    /// Not a number.
    #[error("not a number of percent")]
    NotANumber,
    /// Below 0 or above 100 percent, or finer than a tenth of a percent.
    #[error("not a share between 0 and 100 percent in steps of 0.1")]
    OutOfRange,
}

impl Weight {
    /// No traffic.
    pub const NONE: Self = Self(0);
    /// All traffic.
    pub const ALL: Self = Self(1000);

    /// A share of so many tenths of a percent.
    ///
    /// # Errors
    /// [`WeightError::OutOfRange`] above 1000.
    pub fn from_permille(permille: u16) -> Result<Self, WeightError> {
        if permille <= 1000 { Ok(Self(permille)) } else { Err(WeightError::OutOfRange) }
    }

    /// A share of so many percent, rounded to a tenth.
    ///
    /// # Errors
    /// [`WeightError::OutOfRange`] for what is no share.
    pub fn from_percent(percent: f64) -> Result<Self, WeightError> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(WeightError::OutOfRange);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000 by now")]
        Ok(Self((percent * 10.0).round() as u16))
    }

    /// Tenths of a percent.
    #[must_use]
    pub fn permille(self) -> u16 {
        self.0
    }

    /// Percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// This share and `more`, at most everything.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self((self.0 + more.0).min(1000))
    }
}

impl TryFrom<u16> for Weight {
    type Error = WeightError;
    fn try_from(permille: u16) -> Result<Self, WeightError> {
        Self::from_permille(permille)
    }
}

impl From<Weight> for u16 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

impl FromStr for Weight {
    type Err = WeightError;

    /// Percent, with or without the sign: `5`, `0.5`, `12.5%`.
    fn from_str(text: &str) -> Result<Self, WeightError> {
        let number: f64 = text.trim().trim_end_matches('%').trim_end().parse().map_err(|_| WeightError::NotANumber)?;
        let weight = Self::from_percent(number)?;
        // Finer than a tenth would silently become another share.
        if (weight.percent() - number).abs() > 1e-9 { Err(WeightError::OutOfRange) } else { Ok(weight) }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(10) {
            write!(f, "{} %", self.0 / 10)
        } else {
            write!(f, "{}.{} %", self.0 / 10, self.0 % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_read_in_percent_and_never_rounded_in_silence() {
        for (text, wanted) in [
            ("5", Ok(50)),
            ("0.5", Ok(5)),
            ("12.5%", Ok(125)),
            (" 100 % ", Ok(1000)),
            ("0", Ok(0)),
            ("100.1", Err(WeightError::OutOfRange)),
            ("-1", Err(WeightError::OutOfRange)),
            ("0.05", Err(WeightError::OutOfRange)),
            ("NaN", Err(WeightError::OutOfRange)),
            ("inf", Err(WeightError::OutOfRange)),
            ("", Err(WeightError::NotANumber)),
            ("half", Err(WeightError::NotANumber)),
        ] {
            assert_eq!(text.parse::<Weight>().map(Weight::permille), wanted, "{text}");
        }
        assert_eq!(Weight::from_permille(125).unwrap().to_string(), "12.5 %");
        assert_eq!(Weight::ALL.to_string(), "100 %");
        assert!(serde_json::from_str::<Weight>("1001").is_err());
    }
}
