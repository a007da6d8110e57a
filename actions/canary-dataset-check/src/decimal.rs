//! Decimal numbers as they are written, without a detour through binary floating point: `0.1` is a tenth, and
//! `12345678901234567` ends in 7.

use bigdecimal::BigDecimal;
use std::{fmt, str::FromStr};

/// Numbers with more digits or a larger exponent than this are not compared: aligning `1` with `1e1000000000` would take
/// a gigabyte. Every IEEE double fits.
const MAX_DIGITS: usize = 1000;
const MAX_EXPONENT: i64 = 1000;

/// A decimal number of at most 1000 digits and an exponent within ±1000. `1.0` equals `1`.
#[derive(Debug, Clone)]
pub struct Decimal {
    value: BigDecimal,
    token: String,
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

/// Why a text is not a [`Decimal`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a number as JSON writes them.
    #[error("`{0}` is not a decimal number")]
    Malformed(String),
    /// Too long or too large to compare.
    #[error("`{0}` has more than {MAX_DIGITS} digits or an exponent beyond {MAX_EXPONENT}")]
    TooLarge(String),
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(token: &str) -> Result<Self, DecimalError> {
        let shown = || token.chars().take(40).collect::<String>();
        if document::number_length(token.as_bytes()) != Some(token.len()) {
            return Err(DecimalError::Malformed(shown()));
        }
        let (digits, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
        let exponent = exponent.parse::<i64>().ok().filter(|exponent| exponent.abs() <= MAX_EXPONENT);
        if digits.len() > MAX_DIGITS || exponent.is_none() {
            return Err(DecimalError::TooLarge(shown()));
        }
        let value = BigDecimal::from_str(token).map_err(|_| DecimalError::Malformed(shown()))?;
        Ok(Self { value, token: token.to_owned() })
    }
}

/// As it was written.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.token)
    }
}

impl Decimal {
    /// How far `seen` is from this, signed, in plain digits.
    #[must_use]
    pub fn distance(&self, seen: &Self) -> String {
        (&seen.value - &self.value).normalized().to_plain_string()
    }

    /// Whether nothing but zeros stands behind the point: JSON Schema's integer.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.value.is_integer()
    }

    /// Whether this is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.value < 0
    }
}

/// How far a number may be from the expected one.
///
/// `seen` is within iff `|seen − expected| ≤ max(abs, rel × |expected|)`: the expected value is the reference, as in
/// pytest's `approx`, unlike numpy's sum and Python's symmetric `isclose`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tolerance {
    /// Absolute, not negative.
    pub abs: Option<Decimal>,
    /// Relative to the expected value, not negative.
    pub rel: Option<Decimal>,
}

impl Tolerance {
    /// Whether `seen` is near enough to `expected`; without a tolerance only the equal decimal is.
    #[must_use]
    pub fn allows(&self, expected: &Decimal, seen: &Decimal) -> bool {
        let distance = (&seen.value - &expected.value).abs();
        let within = |limit: BigDecimal| distance <= limit;
        distance == 0
            || self.abs.as_ref().is_some_and(|abs| within(abs.value.clone()))
            || self.rel.as_ref().is_some_and(|rel| within(&rel.value * expected.value.abs()))
    }

    /// Whether only equal decimals are allowed.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.abs.is_none() && self.rel.is_none()
    }
}

/// ` ± 0.5`, ` ± 1e-6 × expected`; nothing for an exact comparison.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.abs, &self.rel) {
            (None, None) => Ok(()),
            (Some(abs), None) => write!(f, " ± {abs}"),
            (None, Some(rel)) => write!(f, " ± {rel} of it"),
            (Some(abs), Some(rel)) => write!(f, " ± the larger of {abs} and {rel} of it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn within(abs: Option<&str>, rel: Option<&str>) -> Tolerance {
        Tolerance { abs: abs.map(decimal), rel: rel.map(decimal) }
    }

    #[test]
    fn equal_is_equal_in_decimal_and_not_in_binary() {
        let exact = Tolerance::default();
        for (a, b) in [("1.0", "1"), ("1e3", "1000"), ("-0.0", "0"), ("100e-2", "1"), ("0.10", "0.1")] {
            assert!(exact.allows(&decimal(a), &decimal(b)), "{a} {b}");
        }
        // Each pair is one and the same f64.
        for (a, b) in [("12345678901234567", "12345678901234568"), ("0.1", "0.1000000000000000055511151231257827")] {
            assert_eq!(a.parse::<f64>(), b.parse::<f64>());
            assert!(!exact.allows(&decimal(a), &decimal(b)), "{a} {b}");
        }
        // And 0.1 + 0.2 is not 0.3 there, but the border belongs to the tolerance here.
        assert!(within(Some("0.1"), None).allows(&decimal("0.2"), &decimal("0.3")));
        assert!((0.3_f64 - 0.2).abs() != 0.1);
    }

    #[test]
    fn a_tolerance_is_the_larger_of_both_and_relative_to_the_expected() {
        let ten_percent = within(None, Some("0.1"));
        assert!(ten_percent.allows(&decimal("-100"), &decimal("-110")));
        assert!(!ten_percent.allows(&decimal("100"), &decimal("110.0001")));
        // Of the expected 90 that would be 9: not symmetric.
        assert!(!ten_percent.allows(&decimal("90"), &decimal("100")));
        assert!(!ten_percent.allows(&decimal("0"), &decimal("1e-300")));
        let either = within(Some("5"), Some("0.1"));
        assert!(either.allows(&decimal("10"), &decimal("15")) && either.allows(&decimal("100"), &decimal("110")));
        assert!(!either.allows(&decimal("10"), &decimal("15.1")) && !either.allows(&decimal("100"), &decimal("110.1")));
    }

    #[test]
    fn what_json_does_not_call_a_number_is_none_and_giants_are_refused() {
        for bad in ["", "1_000", "+1", ".5", "5.", "0x10", "NaN", "inf", " 1", "01"] {
            assert!(matches!(bad.parse::<Decimal>(), Err(DecimalError::Malformed(_))), "{bad}");
        }
        for giant in ["1e1001", "1e-1001", "1e99999999999999999999", &"9".repeat(1001)] {
            assert!(matches!(giant.parse::<Decimal>(), Err(DecimalError::TooLarge(_))), "{giant}");
        }
        assert!(decimal("1e-1000") < decimal("1e1000"));
        assert_eq!(decimal("17.1").distance(&decimal("168.9")), "151.8");
        assert_eq!(decimal("20").distance(&decimal("10")), "-10");
    }

    proptest! {
        /// Against integer arithmetic at a common scale: the second calculation of the same rule.
        #[test]
        fn allows_is_what_integers_say(e in -10_000_i64..10_000, s in -10_000_i64..10_000, abs in 0_i64..500, rel in 0_i64..500) {
            let hundredth = |n: i64| decimal(&format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100));
            let tolerance = Tolerance { abs: Some(hundredth(abs)), rel: Some(hundredth(rel)) };
            let truth = (s - e).abs() * 100 <= i64::max(abs * 100, rel * e.abs());
            prop_assert_eq!(tolerance.allows(&hundredth(e), &hundredth(s)), truth);
        }

        #[test]
        fn order_is_that_of_the_numbers(a in any::<i64>(), b in any::<i64>(), zeros in 0_usize..5) {
            let (x, y) = (decimal(&a.to_string()), decimal(&format!("{b}.{}0", "0".repeat(zeros))));
            prop_assert_eq!(x.partial_cmp(&y), a.partial_cmp(&b));
            prop_assert_eq!(x == y, a == b);
        }
    }
}
