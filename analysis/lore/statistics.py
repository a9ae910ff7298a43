"""Fits, intervals and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import lgamma
from typing import Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BySeed = dict[int, float]
Verdict = Literal["holds", "does not hold", "not decidable here"]
Name = TypeVar("Name")

# Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom; beyond, the normal's.
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
       2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
       2.045, 2.042)
# The same for two-sided 90 %.
T90 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761,
       1.753, 1.746, 1.740, 1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701,
       1.699, 1.697)
HOLDS: Final = "holds"
FAILS: Final = "does not hold"
OPEN: Final = "not decidable here"


def t95(freedom: int) -> float:
    """Half-width of a 95 % interval in standard errors, for so many degrees of freedom."""
    return T95[freedom - 1] if freedom <= len(T95) else 1.96


@dataclass
class Interval:
    """A mean over seeds with its 95 % interval; infinite with fewer than two seeds. In the values' unit."""
    mean: float
    low: float
    high: float
    count: int

    def text(self, digits: int = 3) -> str:
        if self.count == 0:
            return "no run"
        if self.count == 1:
            return f"{self.mean:.{digits}g} (1 seed)"
        return f"{self.mean:.{digits}g} [{self.low:.{digits}g}, {self.high:.{digits}g}] ({self.count} seeds)"


def interval(values: Iterable[float]) -> Interval:
    """Student's t interval of the mean of independent values; NaN are left out."""
    finite = np.asarray([v for v in values if np.isfinite(v)], float)
    count = len(finite)
    if count == 0:
        return Interval(np.nan, -np.inf, np.inf, 0)
    mean = float(finite.mean())
    if count == 1:
        return Interval(mean, -np.inf, np.inf, 1)
    half = t95(count - 1) * float(finite.std(ddof=1)) / np.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


def mean_of(values: Iterable[float]) -> float:
    """The mean of the finite values; NaN if there are none."""
    finite = [v for v in values if np.isfinite(v)]
    return float(np.mean(finite)) if finite else np.nan


@dataclass
class Equivalence:
    """A mean difference of pairs with its 90 % interval, and whether it lies within the margin."""
    mean: float
    low: float
    high: float
    count: int
    verdict: Verdict


def equivalence(differences: Iterable[float], margin: float) -> Equivalence:
    """Two one-sided t tests at 5 % (Schuirmann 1987): equal within +-margin if the 90 % interval lies inside, not equal
    if it lies outside. NaN are left out."""
    finite = np.asarray([d for d in differences if np.isfinite(d)], float)
    count = len(finite)
    mean = float(finite.mean()) if count else np.nan
    if count < 2:
        return Equivalence(mean, -np.inf, np.inf, count, OPEN)
    quantile = T90[count - 2] if count - 2 < len(T90) else 1.645
    half = quantile * float(finite.std(ddof=1)) / np.sqrt(count)
    low, high = mean - half, mean + half
    outside = low > margin or high < -margin
    verdict: Verdict = FAILS if outside else HOLDS if -margin < low and high < margin else OPEN
    return Equivalence(mean, low, high, count, verdict)


def above(i: Interval, limit: float = 0.0) -> Verdict:
    """Is the mean above the limit? Decided when the whole interval is on one side."""
    return HOLDS if i.low > limit else FAILS if i.high < limit else OPEN


def below(i: Interval, limit: float = 0.0) -> Verdict:
    return above(Interval(-i.mean, -i.high, -i.low, i.count), -limit)


def beats(i: Interval, margin: float) -> Verdict:
    """Is a loss lower by at least the margin, i being the difference? Not, if the whole interval says that it is lower by
    less; the mean has to be beyond the margin, and the interval below 0."""
    return FAILS if i.low > -margin else HOLDS if i.high < 0 and i.mean <= -margin else OPEN


def every(*verdicts: Verdict) -> Verdict:
    """Holds if all hold; does not if one does not."""
    return FAILS if FAILS in verdicts else OPEN if OPEN in verdicts or not verdicts else HOLDS


def paired(first: BySeed, second: BySeed) -> list[float]:
    """first - second for the seeds that both have."""
    return [first[seed] - second[seed] for seed in sorted(set(first) & set(second))]


def slope(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Least-squares slope of y over x (both: point); NaN with fewer than two different x."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    keep = np.isfinite(x) & np.isfinite(y)
    if len(set(x[keep])) < 2:
        return np.nan
    return float(np.polyfit(x[keep], y[keep], 1)[0])


def shared_seeds(table: Mapping[Name, BySeed]) -> set[int]:
    """Seeds that all rows have."""
    return set.intersection(*(set(row) for row in table.values())) if table else set()


def slopes_of_seeds(table: Mapping[float, BySeed]) -> BySeed:
    """{x: {seed: y}} -> {seed: slope} of the seeds that have every x."""
    return {seed: slope(list(table), [row[seed] for row in table.values()]) for seed in sorted(shared_seeds(table))}


def slopes_by_seed(table: Mapping[float, BySeed]) -> list[float]:
    return list(slopes_of_seeds(table).values())


def best_by_seed(table: Mapping[Name, BySeed], largest: bool = False) -> BySeed:
    """{setting: {seed: value}} -> {seed: value of the setting that is best for the other seeds}.

    A setting that is chosen and judged by the same seed looks better than it is; this one is not.
    """
    sign = -1 if largest else 1
    seeds = shared_seeds(table)
    result = {}
    for seed in sorted(seeds) if len(seeds) > 1 else []:
        score = {key: sign * float(np.mean([row[s] for s in seeds if s != seed])) for key, row in table.items()}
        result[seed] = table[min(score, key=lambda key: score[key])][seed]
    return result


def time_to(steps: npt.NDArray[np.generic], values: Floats, level: float, rising: bool) -> float:
    """First step at which a curve (step) passes `level`, interpolated; NaN if never."""
    beyond = values >= level if rising else values <= level
    if not beyond.any():
        return np.nan
    at = int(np.argmax(beyond))
    if at == 0:
        return float(steps[0])
    share = (level - values[at - 1]) / (values[at] - values[at - 1])
    return float(steps[at - 1] + share * (steps[at] - steps[at - 1]))


def integral(y: Floats, x: Floats) -> float:
    """By the trapezoidal rule (numpy changes its own function's name)."""
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2.0).sum())


def f_tail(f: float, over: float, under: float) -> float:
    """Probability that Fisher's F with these degrees of freedom is larger than f.

    The incomplete beta function at x = sin^2 t, whose integrand is smooth from one degree of freedom on.
    """
    a, b = under / 2, over / 2
    t = np.linspace(0, np.arcsin(np.sqrt(under / (under + over * f))), 20001)
    log_beta = lgamma(a) + lgamma(b) - lgamma(a + b)
    return float(integral(2 * np.sin(t) ** (2 * a - 1) * np.cos(t) ** (2 * b - 1), t) / np.exp(log_beta))


@dataclass
class PowerLaw:
    """y = factor * x^exponent; R^2 of the means, in logarithms; 95 % interval of the exponent; probability of means that
    miss the law by as much by chance."""
    factor: float
    exponent: float
    r_squared: float
    low: float
    high: float
    points: int
    chance: float


def fit_line(x: Floats, y: Floats) -> tuple[float, float, float, float]:
    """(offset, slope, its standard error, sum of squared residuals) of least squares; x, y: (point)."""
    slope_of, offset = np.polyfit(x, y, 1)
    rest = float(np.sum((y - slope_of * x - offset) ** 2))
    return offset, slope_of, np.sqrt(rest / (len(x) - 2) / np.sum((x - x.mean()) ** 2)), rest


def fit_power_law(cells: Mapping[float, npt.ArrayLike]) -> PowerLaw | None:
    """{x: [y of each seed]}: least squares in logarithms over all seeds; None with fewer than three x.

    The interval of the exponent is that of regression, Student's t with two degrees of freedom fewer than runs; but than
    values of x, where these miss the law by more than differences of seeds explain (F test of lack of fit, 5 %).
    """
    all_logs = {x: np.log(np.asarray(y, float)) for x, y in sorted(cells.items())}
    logs = {x: y for x, y in all_logs.items() if len(y)}
    if len(logs) < 3:
        return None
    x = np.concatenate([np.full(len(y), np.log(at)) for at, y in logs.items()])
    y = np.concatenate(list(logs.values()))
    offset, exponent, error, rest = fit_line(x, y)
    means = np.array([own.mean() for own in logs.values()])
    _, _, error_of_means, missed = fit_line(np.log(list(logs)), means)
    total = np.sum((means - means.mean()) ** 2)
    within, freedom = sum(float(np.sum((own - own.mean()) ** 2)) for own in logs.values()), len(x) - len(logs)
    chance = 1.0
    if freedom > 0 and within > 0:
        chance = f_tail((rest - within) / (len(logs) - 2) / (within / freedom), len(logs) - 2, freedom)
    half = t95(len(x) - 2) * error if chance > 0.05 else t95(len(logs) - 2) * error_of_means
    return PowerLaw(float(np.exp(offset)), float(exponent), float(1 - missed / total) if total > 0 else np.nan,
                    float(exponent - half), float(exponent + half), len(logs), chance)
