//! Decimal numbers as they are written, without a detour through binary floating point: `0.1` is a tenth, and
//! `12345678901234567` ends in 7.

use crate::number_length;
use std::{cmp::Ordering, fmt, str::FromStr};

/// Numbers with more digits or a larger exponent than this are not compared: aligning `1` with `1e1000000000` would take
/// a gigabyte. Every IEEE double fits.
const MAX_DIGITS: usize = 1000;
const MAX_EXPONENT: i64 = 1000;

/// A decimal number of at most 1000 digits and an exponent within ±1000. `1.0` equals `1`.
#[derive(Debug, Clone)]
pub struct Decimal {
    negative: bool,
    /// From the most significant; neither the first nor the last is 0, and zero has none.
    digits: Vec<u8>,
    /// The power of ten of the last digit.
    exponent: i64,
    token: Option<Box<str>>,
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
        if number_length(token.as_bytes()) != Some(token.len()) {
            return Err(DecimalError::Malformed(shown()));
        }
        let (number, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
        let exponent = exponent.parse::<i64>().ok().filter(|exponent| exponent.abs() <= MAX_EXPONENT);
        let Some(exponent) = exponent.filter(|_| number.len() <= MAX_DIGITS) else {
            return Err(DecimalError::TooLarge(shown()));
        };
        let fraction = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let digits = number.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect();
        let exponent = exponent - i64::try_from(fraction).unwrap_or(0);
        Ok(Self { token: Some(token.into()), ..Self::normal(token.starts_with('-'), digits, exponent) })
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp_value(other) == Ordering::Equal
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp_value(other))
    }
}

/// As it was written; what was computed, in plain digits.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.token {
            Some(token) => f.write_str(token),
            None => f.write_str(&self.plain()),
        }
    }
}

impl Decimal {
    fn normal(negative: bool, mut digits: Vec<u8>, mut exponent: i64) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        let negative = negative && !digits.is_empty();
        Self { negative, exponent: if digits.is_empty() { 0 } else { exponent }, digits, token: None }
    }

    fn cmp_value(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Neither starts or ends with 0: where the first digits stand decides, then the digits as they come.
            (false, false) => self.magnitude().cmp(&other.magnitude()).then_with(|| self.digits.cmp(&other.digits)),
        }
    }

    /// The power of ten just above the first digit.
    fn magnitude(&self) -> i64 {
        self.exponent + i64::try_from(self.digits.len()).unwrap_or(i64::MAX / 2)
    }

    /// The digits with `zeros` more behind them, from the least significant.
    fn reversed(&self, exponent: i64) -> Vec<u8> {
        let zeros = usize::try_from(self.exponent - exponent).unwrap_or(0);
        std::iter::repeat_n(0, zeros).chain(self.digits.iter().rev().copied()).collect()
    }

    /// This without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self { negative: false, token: None, ..self.clone() }
    }

    fn negated(&self) -> Self {
        Self { negative: !self.negative && !self.digits.is_empty(), token: None, ..self.clone() }
    }

    /// This and `other` together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        let (larger, smaller) = match self.cmp_magnitude(other) {
            Ordering::Less => (other, self),
            _ => (self, other),
        };
        let (mut digits, smaller_digits) = (larger.reversed(exponent), smaller.reversed(exponent));
        let subtract = larger.negative != smaller.negative;
        let mut carry = 0;
        for (place, digit) in digits.iter_mut().enumerate() {
            let other = smaller_digits.get(place).copied().unwrap_or(0) + carry;
            if subtract {
                carry = u8::from(*digit < other);
                *digit = *digit + 10 * carry - other;
            } else {
                let sum = *digit + other;
                (*digit, carry) = (sum % 10, sum / 10);
            }
        }
        if carry > 0 && !subtract {
            digits.push(carry);
        }
        digits.reverse();
        Self::normal(larger.negative, digits, exponent)
    }

    /// This without `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.negated())
    }

    /// This as many times as `other` says.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut sums = vec![0_u32; self.digits.len() + other.digits.len()];
        for (i, a) in self.digits.iter().rev().enumerate() {
            for (j, b) in other.digits.iter().rev().enumerate() {
                if let Some(sum) = sums.get_mut(i + j) {
                    *sum += u32::from(*a) * u32::from(*b);
                }
            }
        }
        let mut carry = 0;
        let mut digits = Vec::with_capacity(sums.len());
        for sum in sums {
            let sum = sum + carry;
            digits.push(u8::try_from(sum % 10).unwrap_or(0));
            carry = sum / 10;
        }
        digits.reverse();
        Self::normal(self.negative != other.negative, digits, self.exponent + other.exponent)
    }

    /// The nearest number with `places` digits behind the point; of two as near, the one whose last digit is even.
    #[must_use]
    pub fn to_places(&self, places: u16) -> Self {
        self.rounded(-i64::from(places))
    }

    /// The nearest number of `digits` significant digits; of two as near, the one whose last digit is even.
    #[must_use]
    pub fn to_significant(&self, digits: u16) -> Self {
        self.rounded(self.magnitude() - i64::from(digits))
    }

    /// The nearest multiple of ten to the power `exponent`.
    fn rounded(&self, exponent: i64) -> Self {
        let cut = usize::try_from(exponent - self.exponent).unwrap_or(0);
        if cut == 0 || self.digits.is_empty() {
            return Self { token: None, ..self.clone() };
        }
        if cut > self.digits.len() {
            return Self::normal(false, Vec::new(), 0);
        }
        let (kept, lost) = self.digits.split_at(self.digits.len() - cut);
        let odd = kept.last().is_some_and(|digit| digit % 2 == 1);
        // Behind a last digit of 5 nothing else stands: there are no zeros at the end.
        let up = match lost {
            [5] => odd,
            [first, ..] => *first >= 5,
            [] => false,
        };
        let kept = Self::normal(self.negative, kept.to_vec(), exponent);
        let one = Self::normal(self.negative, vec![1], exponent);
        if up { kept.plus(&one) } else { kept }
    }

    /// How far `seen` is from this, signed, in plain digits.
    #[must_use]
    pub fn distance(&self, seen: &Self) -> String {
        seen.minus(self).plain()
    }

    fn plain(&self) -> String {
        if self.digits.is_empty() {
            return "0".to_owned();
        }
        let sign = if self.negative { "-" } else { "" };
        let mut text: String = self.digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        match usize::try_from(self.exponent) {
            Ok(zeros) => text.extend(std::iter::repeat_n('0', zeros)),
            Err(_) => {
                let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
                if text.len() <= places {
                    text.insert_str(0, &"0".repeat(places + 1 - text.len()));
                }
                text.insert(text.len() - places, '.');
            }
        }
        format!("{sign}{text}")
    }

    /// Whether nothing but zeros stands behind the point: JSON Schema's integer.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    /// Whether this is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether this is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether this is a whole number of `steps`; of a step of zero nothing is.
    #[must_use]
    pub fn is_multiple_of(&self, step: &Self) -> bool {
        if step.is_zero() {
            return false;
        }
        let exponent = self.exponent.min(step.exponent);
        let divisor = Self { negative: false, exponent: step.exponent - exponent, ..step.clone() };
        let mut digits = self.digits.clone();
        digits.extend(std::iter::repeat_n(0, usize::try_from(self.exponent - exponent).unwrap_or(0)));
        // Long division, a digit at a time: what is left stays below ten times the divisor.
        let mut left = Self::normal(false, Vec::new(), 0);
        for digit in digits {
            left = left.times(&Self::normal(false, vec![1], 1)).plus(&Self::normal(false, vec![digit], 0));
            while left.cmp_magnitude(&divisor) != Ordering::Less {
                left = left.minus(&divisor.abs());
            }
        }
        left.is_zero()
    }

    /// The nearest double.
    #[must_use]
    pub fn nearest(&self) -> f64 {
        let text = self.token.as_deref().map_or_else(|| self.plain(), str::to_owned);
        text.parse().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bigdecimal::{BigDecimal, RoundingMode, Zero as _};
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
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
        assert_eq!(decimal("2.50").to_string(), "2.50");
    }

    #[test]
    fn ties_go_to_the_even_digit() {
        for (number, places, rounded) in [
            ("2.5", 0, "2"),
            ("3.5", 0, "4"),
            ("-2.5", 0, "-2"),
            ("2.51", 0, "3"),
            ("0.125", 2, "0.12"),
            ("0.5", 0, "0"),
        ] {
            assert_eq!(decimal(number).to_places(places).to_string(), rounded, "{number}");
        }
        assert_eq!(decimal("12345").to_significant(3).to_string(), "12300");
        assert_eq!(decimal("0.00098765").to_significant(2).to_string(), "0.00099");
        assert_eq!(decimal("999").to_significant(2).to_string(), "1000");
    }

    fn number() -> impl Strategy<Value = String> {
        ("-?(0|[1-9][0-9]{0,20})", "(\\.[0-9]{1,20})?", "(e-?[0-9]{1,2})?").prop_map(|(a, b, c)| a + &b + &c)
    }

    proptest! {
        /// Against the arithmetic of another library.
        #[test]
        fn arithmetic_is_that_of_another_library(a in number(), b in number(), places in 0_u16..12) {
            let (x, y) = (decimal(&a), decimal(&b));
            let (p, q): (BigDecimal, BigDecimal) = (a.parse().unwrap(), b.parse().unwrap());
            let plain = |number: BigDecimal| number.normalized().to_plain_string();
            prop_assert_eq!(x.plus(&y).to_string(), plain(&p + &q));
            prop_assert_eq!(x.minus(&y).to_string(), plain(&p - &q));
            prop_assert_eq!(x.times(&y).to_string(), plain(&p * &q));
            prop_assert_eq!(x.partial_cmp(&y), p.partial_cmp(&q));
            prop_assert_eq!(x.is_integer(), p.is_integer());
            prop_assert_eq!(x.to_places(places).to_string(), plain(p.with_scale_round(places.into(), RoundingMode::HalfEven)));
            prop_assert_eq!(x.is_multiple_of(&y), !q.is_zero() && (&p % &q).is_zero());
        }
    }
}
