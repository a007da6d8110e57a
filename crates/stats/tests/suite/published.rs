//! Beside SciPy: every line of `vectors/scipy.tsv` (made by `vectors/make.py`) asked of this crate.

use stats::{
    Counts, betting::Betting, binomial, concurrent, drift, likelihood::Likelihood, quantile, rank, share::Unit, special,
};

struct Row<'a> {
    name: &'a str,
    arguments: Vec<Vec<f64>>,
    wanted: Vec<f64>,
}

impl Row<'_> {
    fn number(&self, index: usize) -> f64 {
        self.arguments[index][0]
    }

    fn count(&self, index: usize) -> u64 {
        stats::whole(self.number(index))
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split(',').map(|number| number.parse().unwrap()).collect()
}

fn rows() -> Vec<Row<'static>> {
    let lines = include_str!("../vectors/scipy.tsv").lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let mut fields: Vec<&str> = line.split('\t').collect();
        let wanted = numbers(fields.pop().unwrap());
        Row { name: fields[0], arguments: fields[1..].iter().map(|field| numbers(field)).collect(), wanted }
    };
    lines.map(row).collect()
}

/// What this crate says to a row, and how near it has to come.
fn answer(row: &Row<'_>) -> (Vec<f64>, f64) {
    let pair = |(a, b): (f64, f64)| vec![a, b];
    match row.name {
        "binomial_tail" => (vec![binomial::chance_of_at_least(row.count(0), row.count(1), row.number(2))], 1e-10),
        "clopper_pearson" => (pair(binomial::interval(row.count(0), row.count(1), row.number(2))), 1e-8),
        "wilson" => (pair(binomial::wilson(row.count(0), row.count(1), row.number(2))), 1e-10),
        "ln_gamma" => (vec![special::ln_gamma(row.number(0))], 1e-12),
        "incomplete_beta" => (vec![special::incomplete_beta(row.number(0), row.number(1), row.number(2))], 1e-10),
        "ln_upper_beta" => (vec![special::ln_upper_beta(row.number(0), row.number(1), row.number(2))], 1e-9),
        "normal_above" => (vec![special::normal_above(row.number(0))], 1e-12),
        "normal_point" => (vec![special::normal_point(row.number(0))], 1e-10),
        "chi_square_above" => (vec![special::chi_square_above(row.number(0), row.number(1))], 1e-12),
        "chi_square_point" => (vec![special::chi_square_point(row.number(0), row.number(1))], 1e-10),
        "fisher" => {
            let [kc, nc, kb, nb] = [0, 1, 2, 3].map(|index| row.count(index));
            (vec![concurrent::fisher((kc, nc), (kb, nb), row.number(4))], 1e-8)
        }
        "quantile" => (vec![quantile::quantile(&row.arguments[0], row.number(1)).unwrap()], 1e-12),
        "mann_whitney" => {
            let compared = rank::mann_whitney(&row.arguments[0], &row.arguments[1]).unwrap();
            (vec![compared.u, compared.p_larger], 1e-9)
        }
        "kolmogorov_smirnov" => (pair(drift::kolmogorov_smirnov(&row.arguments[0], &row.arguments[1]).unwrap()), 1e-9),
        "kolmogorov" => (vec![drift::kolmogorov(row.number(0))], 1e-9),
        "betting" => {
            let mut betting = Betting::default();
            row.arguments[0].iter().for_each(|x| betting.observe(*x, row.number(1)));
            (vec![betting.ln_evidence()], 1e-10)
        }
        "likelihood" => {
            let mut likelihood = Likelihood::new(row.number(2), row.number(3));
            likelihood.observe(row.number(0), row.number(1));
            (vec![likelihood.ln_evidence()], 1e-6)
        }
        "concurrent" => (vec![evidence_of_arms(&row.arguments[0], row.number(1))], 1e-8),
        other => panic!("`{other}` is asked of nobody"),
    }
}

fn evidence_of_arms(numbers: &[f64], ratio: f64) -> f64 {
    let counts = |bad, total| Counts { bad, total };
    let arms: Vec<concurrent::Arms> = numbers
        .chunks(4)
        .map(|four| concurrent::Arms { canary: counts(four[0], four[1]), baseline: counts(four[2], four[3]) })
        .collect();
    concurrent::RatioTest { ratio, alpha: 0.01, unit: Unit::Request { phi: 1.0 } }.weigh(&arms).ln_now
}

#[test]
fn every_function_says_what_scipy_says() {
    let rows = rows();
    assert!(rows.len() > 100, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let (got, near) = answer(row);
        for (got, wanted) in got.iter().zip(&row.wanted) {
            let scale = if *wanted == 0.0 { 0.01 } else { wanted.abs() };
            if (got - wanted).abs() > near * scale {
                wrong.push(format!("{} {:?}: {got} instead of {wanted}", row.name, row.arguments));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
