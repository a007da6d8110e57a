"""Writes scipy.tsv: what SciPy, itself checked against R and NIST, says to the questions of `published.rs`.

    pip install scipy==1.17.1 && python make.py > scipy.tsv
"""
import itertools
import math
import random
from fractions import Fraction

import numpy as np
import scipy
from scipy import stats
from scipy.special import betaln, gammaln

random.seed(20261130)


def show(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return ",".join(show(v) for v in value)
    return repr(float(value)) if isinstance(value, (float, np.floating)) else str(int(value))


def row(name, *arguments, gives):
    print("\t".join([name, *map(show, arguments), show(gives)]))


print(f"# SciPy {scipy.__version__}, NumPy {np.__version__}; made by make.py. Name, arguments, result.")
for k, n, p in [(1, 10, 0.01), (3, 60, 0.01), (5, 5, 0.01), (10, 300, 0.01), (52, 1000, 0.05), (30, 15000, 0.001),
                (120, 10000, 0.01), (682, 925, 0.75), (1, 1, 0.5), (0, 5, 0.2), (400, 20000, 0.01)]:
    row("binomial_tail", k, n, p, gives=stats.binom.sf(k - 1, n, p))
for k, n, a in [(682, 925, 0.025), (0, 60, 0.05), (60, 60, 0.05), (3, 60, 0.00033), (12, 900, 0.00066), (1, 1000000, 0.01)]:
    row("clopper_pearson", k, n, a, gives=[stats.beta.ppf(a, k, n - k + 1) if k else 0.0,
                                          stats.beta.ppf(1 - a, k + 1, n - k) if k < n else 1.0])
    ci = stats.binomtest(k, n).proportion_ci(1 - 2 * a, method="wilson")
    row("wilson", k, n, a, gives=[ci.low, ci.high])
for x in [1e-3, 0.5, 1.5, 9.9, 10.0, 171.3, 1e6]:
    row("ln_gamma", x, gives=gammaln(x))
for x, a, b in [(0.01, 1.5, 200.0), (0.3, 2.0, 2.0), (0.99, 40.0, 3.0), (0.05, 60.0, 900.0), (0.5, 1e4, 1e4)]:
    row("incomplete_beta", x, a, b, gives=stats.beta.cdf(x, a, b))
for x, a, b in [(0.01, 1.0, 90000.0), (0.01, 30.0, 50000.0), (0.02, 50.0, 900.0), (0.2, 3.0, 4.0)]:
    row("ln_upper_beta", x, a, b, gives=stats.beta.logsf(x, a, b))
for z in [-3.0, -0.5, 0.0, 1.0, 1.96, 5.0, 8.0]:
    row("normal_above", z, gives=stats.norm.sf(z))
for p in [0.5, 0.05, 0.025, 0.01, 1e-6, 0.9]:
    row("normal_point", p, gives=stats.norm.isf(p))
for x, d in [(3.84, 1), (9.0, 9), (50.0, 29), (16.9, 9), (0.1, 4)]:
    row("chi_square_above", x, d, gives=stats.chi2.sf(x, d))
for p, d in [(0.05, 9), (0.95, 59), (0.05, 59), (0.05, 1)]:
    row("chi_square_point", p, d, gives=stats.chi2.isf(p, d))
for kc, nc, kb, nb, r in [(5, 100, 10, 900, 1.0), (0, 50, 3, 60, 1.0), (17, 50, 10, 50, 1.0), (9, 100, 20, 900, 1.5), (40, 1000, 60, 9000, 2.0)]:
    # Exact rationals: SciPy's own tail keeps five digits.
    ways = {u: math.comb(nc, u) * math.comb(nb, kc + kb - u) * Fraction(r) ** u for u in range(min(nc, kc + kb) + 1) if kc + kb - u <= nb}
    row("fisher", kc, nc, kb, nb, r, gives=float(sum(w for u, w in ways.items() if u >= kc) / sum(ways.values())))
for values in [[15.3, 2.1, 7.7, 9.0, 3.3], list(range(1, 101)), [1.0, 1.0, 2.0]]:
    for q in [0.0, 0.25, 0.5, 0.9, 0.95, 1.0]:
        row("quantile", sorted(values), q, gives=np.quantile(values, q))
for n, m, ties in [(4, 4, False), (5, 7, False), (6, 5, True), (20, 20, False), (20, 18, True), (40, 45, False), (60, 60, True)]:
    draw = (lambda s: round(random.gauss(s, 1), 0 if ties else 9) + 0.0)
    x, y = [draw(0.6) for _ in range(n)], [draw(0.0) for _ in range(m)]
    if n <= 25 and ties:
        # SciPy's exact method takes no ties: every way to choose the first sample, or a great many of them.
        ranks = stats.rankdata(x + y)
        total, seen = sum(ranks[:n]), 0
        if math.comb(n + m, n) < 1_000_000:
            every = [sum(c) for c in itertools.combinations(ranks, n)]
            larger = sum(s >= total - 1e-9 for s in every) / len(every)
            row("mann_whitney", x, y, gives=[total - n * (n + 1) / 2, larger])
        continue
    method = "exact" if n <= 25 else "asymptotic"
    u = stats.mannwhitneyu(x, y, alternative="greater", method=method)
    row("mann_whitney", x, y, gives=[u.statistic, u.pvalue])
for n, m, s in [(5, 5, 1.0), (10, 30, 0.5), (50, 50, 0.3), (200, 150, 0.0)]:
    x, y = [random.gauss(s, 1) for _ in range(n)], [random.gauss(0, 1) for _ in range(m)]
    k = stats.ks_2samp(x, y, method="exact")
    row("kolmogorov_smirnov", x, y, gives=[k.statistic, k.pvalue])
for x in [0.3, 0.5, 1.0, 1.36, 2.0]:
    row("kolmogorov", x, gives=stats.kstwobign.sf(x))


def betting(xs, m):
    stakes = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9]
    return math.log(np.mean([np.prod([1 + c / m * (x - m) for x in xs]) for c in stakes]))


for xs, m in [([0.0, 0.02, 0.05, 0.1], 0.01), ([0.2, 0.2, 0.2], 0.01), ([0.0] * 15, 0.05), ([1.0], 0.3)]:
    row("betting", xs, m, gives=betting(xs, m))


def likelihood(bad, total, p0, phi):
    # The definition, integrated numerically; the closed form is what is tested.
    from scipy.integrate import quad
    s, f = bad / phi, (total - bad) / phi
    a, b = 1.0, max(1.0, 1 / (8 * p0))
    mass = stats.beta.sf(p0, a, b)
    at = lambda p: math.exp(s * math.log(p / p0) + f * math.log((1 - p) / (1 - p0))) * stats.beta.pdf(p, a, b) / mass
    peak = min(max(bad / total, p0 * 1.001), 0.9)
    value = quad(at, p0, 1, points=[peak], limit=500, epsabs=0, epsrel=1e-11)[0]
    return math.log(value)


for bad, total, p0, phi in [(3, 60, 0.01, 1.0), (40, 1000, 0.01, 1.0), (40, 1000, 0.01, 11.0), (0, 500, 0.01, 1.0), (9, 50, 0.1, 2.0)]:
    row("likelihood", bad, total, p0, phi, gives=likelihood(bad, total, p0, phi))
for table, ratio in [([(3, 100, 5, 900), (4, 100, 6, 900)], 1.0), ([(9, 1000, 20, 9000), (15, 1000, 22, 9000)], 1.2)]:
    wealth = []
    for psi in [1.3, 1.7, 2.5, 4.0, 8.0, 20.0]:
        part = 0.0
        for kc, nc, kb, nb in table:
            law = lambda r: stats.nchypergeom_fisher.logpmf(kc, nc + nb, kc + kb, nc, r)
            part += law(ratio * psi) - law(ratio)
        wealth.append(part)
    row("concurrent", [v for four in table for v in four], ratio, gives=math.log(np.mean(np.exp(wealth))))
