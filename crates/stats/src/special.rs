//! Special functions: gamma, incomplete beta and gamma, and the normal and χ² distributions made of them.
//!
//! Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF), chapters 5, 7 and 8.

use crate::number::crossing;

/// `ln Γ(x)` for positive x: Stirling's series (DLMF 5.11.1) after shifting x above 10.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0)))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - product.ln()
}

/// `ln B(a, b)` (DLMF 5.12.1).
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// `I_x(a, b)`, the regularised incomplete beta function: the distribution of Beta(a, b).
#[must_use]
pub fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if lower_side(x, a, b) { ln_lower(x, a, b).exp().min(1.0) } else { (1.0 - ln_lower(1.0 - x, b, a).exp()).max(0.0) }
}

/// `ln(1 − I_x(a, b))`, exact where the tail is far below the smallest floating-point number.
#[must_use]
pub fn ln_upper_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return f64::NEG_INFINITY;
    }
    if lower_side(x, a, b) { (-ln_lower(x, a, b).exp().min(1.0)).ln_1p() } else { ln_lower(1.0 - x, b, a) }
}

/// Whether the continued fraction converges quickly for `I_x` itself; else it is mirrored (DLMF 8.17.4).
fn lower_side(x: f64, a: f64, b: f64) -> bool {
    x < (a + 1.0) / (a + b + 2.0)
}

/// `ln I_x(a, b)` by the continued fraction DLMF 8.17.22.
fn ln_lower(x: f64, a: f64, b: f64) -> f64 {
    a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b) - a.ln() + beta_fraction(x, a, b).ln()
}

/// The fraction `1/(1 + d₁/(1 + d₂/(1 + …)))` of DLMF 8.17.22; its denominator by Lentz's forward recurrence.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    let away_from_zero = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut value, mut c, mut d) = (1.0, 1.0, 0.0);
    // Terms needed grow with the square root of the larger parameter: 100,000 serve up to 10^9 requests.
    for step in 1..=100_000_u32 {
        let m = f64::from(step / 2);
        let term = if step % 2 == 0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        d = 1.0 / away_from_zero(1.0 + term * d);
        c = away_from_zero(1.0 + term / c);
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 / value
}

/// `Q(a, x)`, the regularised upper incomplete gamma function: series DLMF 8.7.1 below, continued fraction 8.9.2 above.
#[must_use]
pub fn upper_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (1.0 - front * sum).max(0.0);
    }
    let (mut b, mut c) = (x + 1.0 - a, 1e300);
    let mut d = 1.0 / b;
    let mut value = d;
    for i in 1..=100_000_u32 {
        let i = f64::from(i);
        let an = -i * (i - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        value *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * value
}

/// The chance that a standard normal variable is above `z` (DLMF 7.2.2 by 7.11.2).
#[must_use]
pub fn normal_above(z: f64) -> f64 {
    let half = 0.5 * upper_gamma(0.5, 0.5 * z * z);
    if z >= 0.0 { half } else { 1.0 - half }
}

/// The `z` a standard normal variable is above with chance `p`; ±∞ for 0 and 1.
#[must_use]
pub fn normal_point(p: f64) -> f64 {
    match p {
        p if p <= 0.0 => f64::INFINITY,
        p if p >= 1.0 => f64::NEG_INFINITY,
        p if p > 0.5 => -normal_point(1.0 - p),
        p => crossing(0.0, 40.0, |z| normal_above(z) < p),
    }
}

/// The chance that a χ² variable of `degrees` degrees of freedom is above `x`.
#[must_use]
pub fn chi_square_above(x: f64, degrees: f64) -> f64 {
    upper_gamma(0.5 * degrees, 0.5 * x)
}

/// The point a χ² variable of `degrees` degrees of freedom is above with chance `p`.
#[must_use]
pub fn chi_square_point(p: f64, degrees: f64) -> f64 {
    let highest = 10.0 * degrees + 2000.0;
    crossing(0.0, highest, |x| chi_square_above(x, degrees) < p)
}
