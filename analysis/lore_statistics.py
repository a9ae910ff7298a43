"""Fits, intervals and decisions."""

from dataclasses import dataclass
from math import lgamma

import numpy as np

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the normal's.
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
       2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
       2.045, 2.042)
HOLDS, FAILS, OPEN = "holds", "does not hold", "not decidable here"


def t95(freedom):
    return T95[freedom - 1] if freedom <= len(T95) else 1.96


@dataclass
class Interval:
    """A mean over seeds with its 95 % interval; infinite with fewer than two seeds."""
    mean: float
    low: float
    high: float
    count: int

    def text(self, digits=3):
        if self.count == 0:
            return "no run"
        if self.count == 1:
            return f"{self.mean:.{digits}g} (1 seed)"
        return f"{self.mean:.{digits}g} [{self.low:.{digits}g}, {self.high:.{digits}g}] ({self.count} seeds)"


def interval(values):
    """Student's t interval of the mean of independent values."""
    values = np.asarray([v for v in values if np.isfinite(v)], float)
    count = len(values)
    if count == 0:
        return Interval(np.nan, -np.inf, np.inf, 0)
    mean = float(values.mean())
    if count == 1:
        return Interval(mean, -np.inf, np.inf, 1)
    half = t95(count - 1) * float(values.std(ddof=1)) / np.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def above(i, limit=0.0):
    """Is the mean above the limit? Decided when the whole interval is on one side."""
    return HOLDS if i.low > limit else FAILS if i.high < limit else OPEN


def below(i, limit=0.0):
    return above(Interval(-i.mean, -i.high, -i.low, i.count), -limit)


def beats(i, margin):
    """Is a loss lower by at least the margin, i being the difference? Not, if the whole interval says that it is lower by
    less; the mean has to be beyond the margin, and the interval below 0."""
    return FAILS if i.low > -margin else HOLDS if i.high < 0 and i.mean <= -margin else OPEN


def every(*verdicts):
    """Holds if all hold; does not if one does not."""
    return FAILS if FAILS in verdicts else OPEN if OPEN in verdicts or not verdicts else HOLDS


def paired(first, second):
    """first - second for the seeds that both {seed: value} have."""
    return [first[seed] - second[seed] for seed in sorted(set(first) & set(second))]


def slope(x, y):
    """Least-squares slope of y over x; NaN with fewer than two different x."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    keep = np.isfinite(x) & np.isfinite(y)
    if len(set(x[keep])) < 2:
        return np.nan
    return float(np.polyfit(x[keep], y[keep], 1)[0])


def slopes_of_seeds(table):
    """{x: {seed: y}} -> {seed: slope} of the seeds that have every x."""
    seeds = set.intersection(*(set(row) for row in table.values())) if table else set()
    return {seed: slope(list(table), [row[seed] for row in table.values()]) for seed in sorted(seeds)}


def slopes_by_seed(table):
    return list(slopes_of_seeds(table).values())


def best_by_seed(table, largest=False):
    """{setting: {seed: value}} -> {seed: value of the setting that is best for the other seeds}.

    A setting that is chosen and judged by the same seed looks better than it is; this one is not.
    """
    sign = -1 if largest else 1
    seeds = set.intersection(*(set(row) for row in table.values())) if table else set()
    result = {}
    for seed in sorted(seeds) if len(seeds) > 1 else []:
        score = {key: sign * np.mean([row[s] for s in seeds if s != seed]) for key, row in table.items()}
        result[seed] = table[min(score, key=score.get)][seed]
    return result


def f_tail(f, over, under):
    """Probability that Fisher's F with these degrees of freedom is larger than f.

    The incomplete beta function at x = sin^2 t, whose integrand is smooth from one degree of freedom on.
    """
    a, b = under / 2, over / 2
    t = np.linspace(0, np.arcsin(np.sqrt(under / (under + over * f))), 20001)
    log_beta = lgamma(a) + lgamma(b) - lgamma(a + b)
    return float(np.trapz(2 * np.sin(t) ** (2 * a - 1) * np.cos(t) ** (2 * b - 1), t) / np.exp(log_beta))


@dataclass
class PowerLaw:
    """y = factor * x^exponent; R^2 of the means, in logarithms; 95 % interval of the exponent; probability of means that miss
    the law by as much by chance."""
    factor: float
    exponent: float
    r_squared: float
    low: float
    high: float
    points: int
    chance: float


def fit_line(x, y):
    """(offset, slope, its standard error, sum of squared residuals) of least squares."""
    slope_of, offset = np.polyfit(x, y, 1)
    rest = float(np.sum((y - slope_of * x - offset) ** 2))
    return offset, slope_of, np.sqrt(rest / (len(x) - 2) / np.sum((x - x.mean()) ** 2)), rest


def fit_power_law(cells):
    """{x: [y of each seed]}: least squares in logarithms over all seeds.

    The interval of the exponent is that of regression, Student's t with two degrees of freedom fewer than runs; but than
    values of x, where these miss the law by more than differences of seeds explain (F test of lack of fit, 5 %).
    """
    cells = {x: np.log(np.asarray(y, float)) for x, y in sorted(cells.items()) if len(y)}
    if len(cells) < 3:
        return None
    x = np.concatenate([np.full(len(y), np.log(at)) for at, y in cells.items()])
    y = np.concatenate(list(cells.values()))
    offset, exponent, error, rest = fit_line(x, y)
    means = np.array([own.mean() for own in cells.values()])
    _, _, error_of_means, missed = fit_line(np.log(list(cells)), means)
    total = np.sum((means - means.mean()) ** 2)
    within, freedom = sum(np.sum((own - own.mean()) ** 2) for own in cells.values()), len(x) - len(cells)
    chance = 1.0
    if freedom > 0 and within > 0:
        chance = f_tail((rest - within) / (len(cells) - 2) / (within / freedom), len(cells) - 2, freedom)
    half = t95(len(x) - 2) * error if chance > 0.05 else t95(len(cells) - 2) * error_of_means
    return PowerLaw(float(np.exp(offset)), float(exponent), 1 - missed / total if total > 0 else np.nan,
                    float(exponent - half), float(exponent + half), len(cells), chance)
