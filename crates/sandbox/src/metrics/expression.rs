//! The part of metric math that is here: the four operations, numbers, parentheses, other queries by id, and `FILL`.

use std::collections::BTreeMap;

/// A series by period; or one number for all periods.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Series {
    Points(BTreeMap<i64, f64>),
    Number(f64),
}

/// What an expression is computed over.
pub(super) struct Scope<'a> {
    /// The results of other queries, by id.
    pub(super) series: &'a BTreeMap<String, BTreeMap<i64, f64>>,
    /// Every period of the question.
    pub(super) periods: &'a [i64],
}

/// Computes `text`.
///
/// # Errors
/// What is not understood, in words for the caller.
pub(super) fn evaluate(text: &str, scope: &Scope<'_>) -> Result<Series, String> {
    let mut reader = Reader { rest: text.trim_start(), scope };
    let series = reader.sum()?;
    if reader.rest.is_empty() { Ok(series) } else { Err(reader.lost()) }
}

struct Reader<'a> {
    rest: &'a str,
    scope: &'a Scope<'a>,
}

impl<'a> Reader<'a> {
    fn sum(&mut self) -> Result<Series, String> {
        let mut left = self.product()?;
        loop {
            left = if self.take("+") {
                combine(left, self.product()?, |a, b| a + b)
            } else if self.take("-") {
                combine(left, self.product()?, |a, b| a - b)
            } else {
                return Ok(left);
            };
        }
    }

    fn product(&mut self) -> Result<Series, String> {
        let mut left = self.atom()?;
        loop {
            left = if self.take("*") {
                combine(left, self.atom()?, |a, b| a * b)
            } else if self.take("/") {
                combine(left, self.atom()?, |a, b| a / b)
            } else {
                return Ok(left);
            };
        }
    }

    fn atom(&mut self) -> Result<Series, String> {
        if self.take("(") {
            let inner = self.sum()?;
            return self.expect(")").map(|()| inner);
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self.lost());
        }
        if let Ok(number) = word.parse() {
            return Ok(Series::Number(number));
        }
        if self.take("(") {
            return if word == "FILL" {
                self.fill()
            } else {
                Err(format!("The sandbox does not know the function {word}"))
            };
        }
        let known = self.scope.series.get(word).cloned();
        known.map(Series::Points).ok_or_else(|| format!("The expression names {word}, which is no id of this request"))
    }

    /// `FILL(series, value)`: the value in every period without one; `REPEAT` takes the last one seen.
    fn fill(&mut self) -> Result<Series, String> {
        let series = self.sum()?;
        self.expect(",")?;
        let with = self.word();
        self.expect(")")?;
        let Series::Points(points) = series else { return Ok(series) };
        let fixed = match with {
            "REPEAT" => None,
            number => Some(number.parse::<f64>().map_err(|_| format!("FILL cannot fill with {number}"))?),
        };
        let mut last = None;
        let mut filled = BTreeMap::new();
        for period in self.scope.periods {
            let value = points.get(period).copied().or(fixed).or(last);
            last = value;
            value.map(|value| filled.insert(*period, value));
        }
        Ok(Series::Points(filled))
    }

    fn word(&mut self) -> &'a str {
        let end =
            self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn take(&mut self, symbol: &str) -> bool {
        let rest = self.rest.strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest).trim_start();
        rest.is_some()
    }

    fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.take(symbol) { Ok(()) } else { Err(self.lost()) }
    }

    fn lost(&self) -> String {
        format!("The expression cannot be read from '{}' on", self.rest)
    }
}

/// Period by period where both have a value; what is not a number, as after a division by zero, is left out.
fn combine(left: Series, right: Series, operation: impl Fn(f64, f64) -> f64) -> Series {
    let finite = |(at, value): (i64, f64)| value.is_finite().then_some((at, value));
    match (left, right) {
        (Series::Number(a), Series::Number(b)) => Series::Number(operation(a, b)),
        (Series::Points(a), Series::Number(b)) => {
            Series::Points(a.into_iter().map(|(at, a)| (at, operation(a, b))).filter_map(finite).collect())
        }
        (Series::Number(a), Series::Points(b)) => {
            Series::Points(b.into_iter().map(|(at, b)| (at, operation(a, b))).filter_map(finite).collect())
        }
        (Series::Points(a), Series::Points(b)) => {
            let both = a.into_iter().filter_map(|(at, a)| Some((at, operation(a, *b.get(&at)?))));
            Series::Points(both.filter_map(finite).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computed(text: &str) -> Result<Series, String> {
        let errors = BTreeMap::from([(60, 1.0), (180, 2.0)]);
        let requests = BTreeMap::from([(0, 10.0), (60, 10.0), (120, 0.0), (180, 20.0)]);
        let series = BTreeMap::from([("m1".to_owned(), errors), ("m2".to_owned(), requests)]);
        evaluate(text, &Scope { series: &series, periods: &[0, 60, 120, 180] })
    }

    fn points(points: &[(i64, f64)]) -> Result<Series, String> {
        Ok(Series::Points(points.iter().copied().collect()))
    }

    #[test]
    fn arithmetic_goes_period_by_period_and_leaves_out_what_has_no_value() {
        assert_eq!(computed("m1/m2"), points(&[(60, 0.1), (180, 0.1)]));
        assert_eq!(computed("100 * ( m1 / m2 )"), points(&[(60, 10.0), (180, 10.0)]));
        assert_eq!(computed("FILL(m1, 0)/m2"), points(&[(0, 0.0), (60, 0.1), (180, 0.1)]));
        assert_eq!(computed("FILL(m1,REPEAT)"), points(&[(60, 1.0), (120, 1.0), (180, 2.0)]));
        assert_eq!(computed("m1-m1"), points(&[(60, 0.0), (180, 0.0)]));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_name() {
        for (text, named) in
            [("SEARCH('x')", "SEARCH"), ("m1/m9", "m9"), ("m1 /", "''"), ("m1 m2", "m2"), ("(m1", "''")]
        {
            let error = computed(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
