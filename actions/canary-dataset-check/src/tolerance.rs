//! How far a number may be from the expected one.

use document::Decimal;
use std::fmt;

/// How far a number may be from the expected one; it is near enough when any of these says so.
///
/// By `abs` and `rel`: `|seen − expected| ≤ max(abs, rel × |expected|)`. The expected value is the reference, as in
/// pytest's `approx`, unlike numpy's sum and Python's symmetric `isclose`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tolerance {
    /// Absolute, not negative.
    pub abs: Option<Decimal>,
    /// Relative to the expected value, not negative.
    pub rel: Option<Decimal>,
    /// Both the same when rounded to so many digits behind the point, ties to even.
    pub decimals: Option<u16>,
    /// Both the same when rounded to so many significant digits, ties to even; at least 1.
    pub significant: Option<u16>,
    /// At most so many doubles apart, each number taken as the nearest double.
    pub ulp: Option<u64>,
}

impl Tolerance {
    /// Whether `seen` is near enough to `expected`; without a tolerance only the equal decimal is.
    #[must_use]
    pub fn allows(&self, expected: &Decimal, seen: &Decimal) -> bool {
        if expected == seen {
            return true;
        }
        let distance = seen.minus(expected).abs();
        self.abs.as_ref().is_some_and(|abs| distance <= *abs)
            || self.rel.as_ref().is_some_and(|rel| distance <= rel.times(&expected.abs()))
            || self.decimals.is_some_and(|places| seen.to_places(places) == expected.to_places(places))
            || self.significant.is_some_and(|digits| seen.to_significant(digits) == expected.to_significant(digits))
            || self.ulp.is_some_and(|most| steps(seen.nearest(), expected.nearest()).is_some_and(|steps| steps <= most))
    }

    /// Whether only equal decimals are allowed.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        *self == Self::default()
    }
}

/// How many doubles lie between two, one of them included; 0 and −0 are one. `None` where either is not finite.
fn steps(one: f64, two: f64) -> Option<u64> {
    // In the order of the numbers, from the sign and magnitude that the bits are.
    let place = |number: f64| {
        let magnitude = i64::try_from(number.abs().to_bits()).ok()?;
        Some(if number.is_sign_negative() { -magnitude } else { magnitude })
    };
    if !one.is_finite() || !two.is_finite() {
        return None;
    }
    Some(place(one)?.abs_diff(place(two)?))
}

/// ` ± 0.5`, ` ± 1e-6 of it`, ` to 2 decimals`; nothing for an exact comparison.
impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.abs, &self.rel) {
            (None, None) => {}
            (Some(abs), None) => write!(f, " ± {abs}")?,
            (None, Some(rel)) => write!(f, " ± {rel} of it")?,
            (Some(abs), Some(rel)) => write!(f, " ± the larger of {abs} and {rel} of it")?,
        }
        if let Some(places) = self.decimals {
            write!(f, " to {places} decimals")?;
        }
        if let Some(digits) = self.significant {
            write!(f, " to {digits} significant digits")?;
        }
        match self.ulp {
            Some(most) => write!(f, " within {most} ulp"),
            None => Ok(()),
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
        Tolerance { abs: abs.map(decimal), rel: rel.map(decimal), ..Tolerance::default() }
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
    fn rounding_and_steps_of_doubles_are_tolerances_too() {
        let places = Tolerance { decimals: Some(2), ..Tolerance::default() };
        assert!(
            places.allows(&decimal("1.005"), &decimal("1.00")) && !places.allows(&decimal("1.006"), &decimal("1.00"))
        );
        let digits = Tolerance { significant: Some(3), ..Tolerance::default() };
        assert!(
            digits.allows(&decimal("12345"), &decimal("12300.4"))
                && !digits.allows(&decimal("12345"), &decimal("12400"))
        );
        let ulp = |most| Tolerance { ulp: Some(most), ..Tolerance::default() };
        // 0.1 + 0.2 in doubles is one step above 0.3.
        assert!(ulp(1).allows(&decimal("0.3"), &decimal("0.30000000000000004")));
        assert!(!ulp(0).allows(&decimal("0.3"), &decimal("0.30000000000000004")));
        // Across zero: the smallest double on either side is two steps apart, and 0 and −0 are one.
        assert!(
            ulp(2).allows(&decimal("5e-324"), &decimal("-5e-324"))
                && !ulp(1).allows(&decimal("5e-324"), &decimal("-5e-324"))
        );
        assert!(!ulp(u64::MAX).allows(&decimal("1e999"), &decimal("1")), "beyond the doubles nothing is near");
    }

    proptest! {
        /// Against integer arithmetic at a common scale: the second calculation of the same rule.
        #[test]
        fn allows_is_what_integers_say(e in -10_000_i64..10_000, s in -10_000_i64..10_000, abs in 0_i64..500, rel in 0_i64..500) {
            let hundredth = |n: i64| decimal(&format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100));
            let tolerance = Tolerance { abs: Some(hundredth(abs)), rel: Some(hundredth(rel)), ..Tolerance::default() };
            let truth = (s - e).abs() * 100 <= i64::max(abs * 100, rel * e.abs());
            prop_assert_eq!(tolerance.allows(&hundredth(e), &hundredth(s)), truth);
        }

        #[test]
        fn steps_are_counted_through_every_double(start in any::<f64>(), up in 0_u8..20) {
            prop_assume!(start.is_finite() && start.abs() < 1e300);
            let end = (0..up).fold(start, |at, _| at.next_up());
            prop_assert_eq!(steps(start, end), Some(u64::from(up)) );
        }
    }
}
