"""Fits, intervals and decisions. Everything random has a fixed seed, so a table comes out the same twice."""

from dataclasses import dataclass

import numpy as np

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the normal's.
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
       2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
       2.045, 2.042)
HOLDS, FAILS, OPEN = "holds", "does not hold", "not decidable here"


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
    t = T95[count - 2] if count - 1 <= len(T95) else 1.96
    half = t * float(values.std(ddof=1)) / np.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def above(i, limit=0.0):
    """Is the mean above the limit? Decided when the whole interval is on one side."""
    return HOLDS if i.low > limit else FAILS if i.high < limit else OPEN


def below(i, limit=0.0):
    return above(Interval(-i.mean, -i.high, -i.low, i.count), -limit)


def beats(i, margin):
    """Is a loss lower, i being the difference? Not, if the whole interval says that it is no more than margin lower."""
    return HOLDS if i.high < 0 else FAILS if i.low > -margin else OPEN


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


def slopes_by_seed(table):
    """{x: {seed: y}} -> one slope per seed that has every x."""
    seeds = set.intersection(*(set(row) for row in table.values())) if table else set()
    return [slope(list(table), [row[seed] for row in table.values()]) for seed in sorted(seeds)]


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


@dataclass
class PowerLaw:
    """y = factor * x^exponent; R^2 in logarithms; 95 % bootstrap interval of the exponent."""
    factor: float
    exponent: float
    r_squared: float
    low: float
    high: float
    points: int


def fit_line(x, y):
    exponent, offset = np.polyfit(x, y, 1)
    rest = y - (exponent * x + offset)
    total = np.sum((y - y.mean()) ** 2)
    return offset, exponent, 1 - np.sum(rest**2) / total if total > 0 else np.nan


def resample_mean(random, y, draws):
    """Means of `draws` samples with replacement, widened for the few seeds they come from."""
    widened = y.mean() + (y - y.mean()) * np.sqrt(len(y) / (len(y) - 1))
    return random.choice(widened, (draws, len(y))).mean(axis=1)


def fit_power_law(cells, draws=4000):
    """{x: [y of each seed]}: least squares in logarithms of the means' cells, seeds weighing alike.

    The bootstrap draws seeds with replacement within each x. With one seed per x it draws the
    residuals of the fit instead.
    """
    cells = {x: np.log(np.asarray(y, float)) for x, y in sorted(cells.items()) if len(y)}
    if len(cells) < 3:
        return None
    x = np.log(np.array(list(cells), float))
    means = np.array([y.mean() for y in cells.values()])
    offset, exponent, r_squared = fit_line(x, means)
    random = np.random.default_rng(1)
    if min(len(y) for y in cells.values()) > 1:
        samples = np.stack([resample_mean(random, y, draws) for y in cells.values()], axis=1)
    else:
        fitted = exponent * x + offset
        rest = (means - fitted) * np.sqrt(len(x) / (len(x) - 2))
        samples = fitted + random.choice(rest, (draws, len(x)))
    exponents = np.polyfit(x, samples.T, 1)[0]
    low, high = np.percentile(exponents, [2.5, 97.5])
    return PowerLaw(float(np.exp(offset)), float(exponent), float(r_squared), float(low), float(high),
                    len(cells))
