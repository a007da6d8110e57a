//! Does the traffic arrive in the parts it was meant to? Asked before two arms are compared: where it does not, the arms
//! answer different requests.
//!
//! The evidence against the planned parts θ is the likelihood of the counts S under a Dirichlet prior of strength κ around
//! θ, over that under θ itself: `B(κθ + S)/B(κθ) · Π θ_i^{−S_i}` (Lindon and Malek, NeurIPS 2022, arXiv 2011.03567).

use crate::{number::real, special::ln_gamma};

/// The strength of the prior: the planned parts are believed as if they had been seen in this many requests.
const STRENGTH: f64 = 100.0;

/// The logarithm of the evidence that `seen` requests per arm did not arrive in the `planned` parts, which add up to 1.
#[must_use]
pub fn ln_evidence(seen: &[u64], planned: &[f64]) -> f64 {
    let all = real(seen.iter().sum());
    let one = |(&seen, &part): (&u64, &f64)| {
        let prior = STRENGTH * part;
        ln_gamma(prior + real(seen)) - ln_gamma(prior) - real(seen) * part.ln()
    };
    seen.iter().zip(planned).map(one).sum::<f64>() + ln_gamma(STRENGTH) - ln_gamma(STRENGTH + all)
}
