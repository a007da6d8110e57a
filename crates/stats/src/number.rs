//! Between counts and real numbers.

/// A count as a real number; exact up to 2^53, far above what a window can bring.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub fn real(count: u64) -> f64 {
    count as f64
}

/// A non-negative real number without its fraction; a negative one or `NaN` is 0.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates: negative becomes 0")]
pub fn whole(number: f64) -> u64 {
    number as u64
}

/// The length of a list as a real number.
pub(crate) fn length<T>(list: &[T]) -> f64 {
    real(list.len() as u64)
}

/// `ln Σ exp(xᵢ)` without overflow; of nothing it is −∞.
pub(crate) fn ln_sum_exp(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let highest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    if highest.is_infinite() {
        return highest;
    }
    highest + values.map(|value| (value - highest).exp()).sum::<f64>().ln()
}

/// The point in `low..high` where `above` turns from false to true, by 100 halvings.
pub(crate) fn crossing(low: f64, high: f64, above: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if above(middle) { high = middle } else { low = middle }
    }
    low
}
