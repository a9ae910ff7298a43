"""Fits, intervals and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import exp, lgamma, pi, sqrt
from typing import Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BySeed = dict[int, float]
Verdict = Literal["holds", "does not hold", "not decidable here"]
Name = TypeVar("Name")

HOLDS: Final = "holds"
FAILS: Final = "does not hold"
OPEN: Final = "not decidable here"


@dataclass
class Interval:
    """A mean over seeds with its 95 % interval; infinite with fewer than two seeds. In the values' unit. `freedom`: degrees of
    freedom of its Student's t; 0 stands for one fewer than seeds."""
    mean: float
    low: float
    high: float
    count: int
    freedom: int = 0

    def p(self, limit: float = 0.0) -> float:
        """Two-sided p value of Student's t test that the mean is the limit: below 0.05 where the interval leaves it out.
        NaN with fewer than two seeds."""
        if self.count < 2:
            return np.nan
        if self.high == self.low:
            return float(self.mean == limit)
        freedom = self.freedom or self.count - 1
        error = (self.high - self.low) / 2 / t_quantile(0.95, freedom)
        return t_tail(abs(self.mean - limit) / error, freedom)

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
    half = t_quantile(0.95, count - 1) * float(finite.std(ddof=1)) / np.sqrt(count)
    return Interval(mean, mean - half, mean + half, count)


@dataclass(frozen=True)
class Judged:
    """A verdict, the two-sided p value of the test that decided it (NaN if there is no such test), and the intervals that were
    held against a threshold."""
    verdict: Verdict
    p: float = np.nan
    intervals: tuple[Interval, ...] = field(default=(), compare=False)

    def left_open(self) -> Judged:
        """The same, undecided for another reason."""
        return replace(self, verdict=OPEN)


def pooled(groups: Sequence[Sequence[float]]) -> list[Interval]:
    """An interval of the mean of each group of two values at least, with the standard deviation that all groups share: that of
    values about the means of their own groups."""
    several = [np.asarray(own, float) for own in groups if len(own) > 1]
    freedom = sum(len(own) - 1 for own in several)
    squares = sum(float(np.sum((own - own.mean()) ** 2)) for own in several)
    result = []
    for own in several:
        mean, half = float(own.mean()), t_quantile(0.95, freedom) * sqrt(squares / freedom / len(own))
        result.append(Interval(mean, mean - half, mean + half, len(own), freedom))
    return result


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
    half = t_quantile(0.90, count - 1) * float(finite.std(ddof=1)) / np.sqrt(count)
    low, high = mean - half, mean + half
    outside = low > margin or high < -margin
    verdict: Verdict = FAILS if outside else HOLDS if -margin < low and high < margin else OPEN
    return Equivalence(mean, low, high, count, verdict)


def above(i: Interval, limit: float = 0.0) -> Judged:
    """Is the mean above the limit? Decided when the whole interval is on one side."""
    return Judged(HOLDS if i.low > limit else FAILS if i.high < limit else OPEN, i.p(limit), (i,))


def below(i: Interval, limit: float = 0.0) -> Judged:
    return replace(above(Interval(-i.mean, -i.high, -i.low, i.count, i.freedom), -limit), intervals=(i,))


def beats(i: Interval, margin: float) -> Judged:
    """Is a loss lower by at least the margin, i being the difference? Not, if the whole interval says that it is lower by
    less; the mean has to be beyond the margin, and the interval below 0."""
    if i.low > -margin:
        return Judged(FAILS, i.p(-margin), (i,))
    return Judged(HOLDS if i.high < 0 and i.mean <= -margin else OPEN, i.p(0), (i,))


def within(i: Interval, low: float, high: float, tolerance: float, around: float) -> Judged:
    """Is the mean `around`? Holds if the interval is within low and high; not if it does not meet around +- tolerance.
    The p value is that of the nearer bound, or of the edge of the tolerance."""
    if i.low > around + tolerance or i.high < around - tolerance:
        return Judged(FAILS, i.p(around + tolerance if i.low > around else around - tolerance), (i,))
    return Judged(HOLDS if i.low >= low and i.high <= high else OPEN, max(i.p(low), i.p(high)), (i,))


def every(*parts: Judged) -> Judged:
    """Holds if all parts hold, with the largest of their p values; does not if one does not, with the least p value of
    those that do not, times the number of parts (Bonferroni: any of them could have). NaN if a p value that this needs
    is."""
    verdicts, p = [part.verdict for part in parts], [part.p for part in parts]
    intervals = tuple(i for part in parts for i in part.intervals)
    if FAILS in verdicts:
        least = np.min([part.p for part in parts if part.verdict == FAILS])
        return Judged(FAILS, float(np.minimum(1.0, len(parts) * least)), intervals)
    return Judged(OPEN if OPEN in verdicts or not parts else HOLDS, float(np.max(p)) if parts else np.nan, intervals)


def opposite(part: Judged) -> Judged:
    """Of what should not hold."""
    turned: dict[Verdict, Verdict] = {HOLDS: FAILS, FAILS: HOLDS, OPEN: OPEN}
    return replace(part, verdict=turned[part.verdict])


def benjamini_hochberg(judged: Sequence[Judged], level: float = 0.05) -> list[bool]:
    """Which decided verdicts stay at this false discovery rate (Benjamini and Hochberg 1995), one for each of `judged`. All
    that were tested count, the undecided ones as well; one without a p value is not tested and does not stay."""
    tests = sum(np.isfinite(one.p) for one in judged)
    ranked = sorted(one.p for one in judged if one.verdict != OPEN and np.isfinite(one.p))
    limit = max((p for rank, p in enumerate(ranked, 1) if p <= level * rank / tests), default=-1.0)
    return [one.verdict != OPEN and one.p <= limit for one in judged]


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


def curvatures_by_seed(table: Mapping[float, BySeed]) -> list[float]:
    """{x: {seed: y}} -> for each seed that has every x, the factor of x^2 in its least-squares parabola."""
    return [float(np.polyfit(list(table), [row[seed] for row in table.values()], 2)[0])
            for seed in sorted(shared_seeds(table))] if len(table) > 2 else []


def lowest_point(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """The x of the least y (both: point) by the least-squares parabola, kept between the least and the largest x; where the
    parabola has no minimum, the x of the least y."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    bend, slope_at_0, _ = np.polyfit(x, y, 2)
    at = -slope_at_0 / (2 * bend) if bend > 0 else x[np.argmin(y)]
    return float(np.clip(at, x.min(), x.max()))


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


def t_tail(t: float, freedom: int) -> float:
    """Two-sided: probability that Student's t is further from 0 than t. Its square is an F with one degree over."""
    return f_tail(t * t, 1, freedom)


@lru_cache(maxsize=None)
def t_quantile(level: float, freedom: int) -> float:
    """The t within which Student's t is with probability `level`: half the width of an interval in standard errors.

    By Newton's method from the left, where the tail is convex, so that it never passes the root.
    """
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    t, step = 0.0, 1.0
    while step > 1e-10 * (1 + t):
        density = scale * (1 + t * t / freedom) ** (-(freedom + 1) / 2)
        step = (t_tail(t, freedom) - (1 - level)) / (2 * density)
        t += step
    return t


def fit_logistic(x: Floats, right: Floats, values: Floats) -> tuple[float, float]:
    """(offset, slope) of the most likely p = 1 / (1 + exp(-(offset + slope x))) for `right` of `values` at each x (point).

    By Newton's method. Half a success and half a failure are added at each x, so that the fit is finite where a threshold
    parts all successes from all failures."""
    trials, successes = values + 1.0, right + 0.5
    design, fit = np.column_stack([np.ones_like(x), x - x.mean()]), np.zeros(2)
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(design @ fit, -30, 30)))
        curvature = design.T @ (design * (trials * p * (1 - p))[:, None])
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), design.T @ (successes - trials * p))
        step *= min(1.0, 2.0 / max(1e-300, float(np.abs(step).max())))
        fit += step
        if np.abs(step).max() < 1e-10:
            break
    return float(fit[0] - fit[1] * x.mean()), float(fit[1])


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
    elif freedom > 0 and rest > 1e-12 * total:
        chance = 0.0
    half = t_quantile(0.95, len(x) - 2) * error
    if chance <= 0.05:
        half = t_quantile(0.95, len(logs) - 2) * error_of_means
    return PowerLaw(float(np.exp(offset)), float(exponent), float(1 - missed / total) if total > 0 else np.nan,
                    float(exponent - half), float(exponent + half), len(logs), chance)
