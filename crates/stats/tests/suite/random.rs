//! Random numbers from a seed, so that a simulation says the same every time.

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    /// Standard normal (Box and Muller 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (2.0 * std::f64::consts::PI * self.unit()).cos()
    }

    /// Gamma with unit scale (Marsaglia and Tsang, ACM TOMS 26, 2000; boosted below 1).
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.unit().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    pub(crate) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        x / (x + y)
    }

    /// Binomial, exactly: inversion from zero where few are expected, else the median of a Beta splits the trials in two
    /// (Ahrens and Dieter, Computing 12, 1974).
    pub(crate) fn binomial(&mut self, n: u64, p: f64) -> u64 {
        let (mut n, mut p, mut sure) = (n, p.clamp(0.0, 1.0), 0);
        while n as f64 * p.min(1.0 - p) > 12.0 {
            let i = n / 2 + 1;
            let cut = self.beta(i as f64, (n + 1 - i) as f64);
            if cut <= p {
                (sure, n, p) = (sure + i, n - i, ((p - cut) / (1.0 - cut)).clamp(0.0, 1.0));
            } else {
                (n, p) = (i - 1, (p / cut).clamp(0.0, 1.0));
            }
        }
        if p > 0.5 { sure + n - self.few(n, 1.0 - p) } else { sure + self.few(n, p) }
    }

    fn few(&mut self, n: u64, p: f64) -> u64 {
        if p <= 0.0 {
            return 0;
        }
        let odds = p / (1.0 - p);
        let mut chance = (n as f64 * (-p).ln_1p()).exp();
        let (mut left, mut k) = (self.unit(), 0);
        while left > chance && k < n {
            left -= chance;
            k += 1;
            chance *= odds * (n - k + 1) as f64 / k as f64;
        }
        k
    }

    /// Bad ones among `n` whose outcomes in one interval are correlated by `rho`: a binomial with a Beta share.
    pub(crate) fn correlated(&mut self, n: u64, p: f64, rho: f64) -> u64 {
        if rho <= 0.0 || p <= 0.0 || p >= 1.0 {
            return self.binomial(n, p);
        }
        let strength = (1.0 - rho) / rho;
        let share = self.beta(p * strength, (1.0 - p) * strength);
        self.binomial(n, share)
    }
}

#[test]
fn draws_have_the_moments_they_should() {
    let mut random = Random::new(7);
    for (n, p, rho) in [(20, 0.3, 0.0), (1000, 0.01, 0.0), (1000, 0.4, 0.0), (1000, 0.01, 0.05), (60, 0.9, 0.01)] {
        let draws: Vec<f64> = (0..40_000).map(|_| random.correlated(n, p, rho) as f64).collect();
        let mean = draws.iter().sum::<f64>() / 40_000.0;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 40_000.0;
        let (n, wanted) = (n as f64, n as f64 * p);
        let spread = wanted * (1.0 - p) * (1.0 + (n - 1.0) * rho);
        assert!((mean - wanted).abs() < 4.0 * (spread / 40_000.0).sqrt(), "{n} {p} {rho}: mean {mean}");
        assert!((variance / spread - 1.0).abs() < 0.1, "{n} {p} {rho}: variance {variance}, not {spread}");
    }
}
