"""Whether a check of fit says that the model is wrong, and how often it would of a right one."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.splines import Floats

FALSE_ALARM = 0.0005
"""Probability with which each check says that a right model is wrong, divided by the number of
outcomes of the fit. There are 13 checks at most of an outcome, so fewer than 0.7% of right fits
have any line of misfit; most checks are conservative, and fewer do (docs/check-the-model.md)."""

FEW_ZEROS = 20
"""Areas without events, expected, below which their number is taken as Poisson."""


def smallest_p_value(checks: xr.Dataset) -> float:
    """P-value below which a check of the fit says that the model is wrong."""
    return FALSE_ALARM / int(checks.attrs.get("outcomes", checks.sizes.get("outcome", 1)))


def of_zeros(observed: float, replicated: Floats, *, areas: int) -> float:
    """P-value of the share of areas without events, two-sided."""
    from scipy.special import pdtr, pdtrc

    expected = float(replicated.mean()) * areas
    if expected >= FEW_ZEROS:
        return two_sided(observed, replicated)
    # Replicates without any say no more than that few are expected.
    mean = expected + 0.5 / len(replicated)
    count = round(observed * areas)
    at_least = float(pdtrc(count - 1, mean)) if count else 1.0
    return min(1.0, 2.0 * min(at_least, float(pdtr(count, mean))))


def two_sided(observed: float, replicated: Floats) -> float:
    """P-value of a statistic under the distribution of replicates with their mean, sd and skewness.

    On the side to which replicates are skew it is that of Pearson's type III, on the other that of
    the normal distribution, so that 200 replicates tell of probabilities below 1/200.
    """
    from scipy.special import gammaincc, ndtr

    sd = float(replicated.std(ddof=1)) if len(replicated) > 1 else 0.0
    if not (np.isfinite(observed) and np.isfinite(sd)):
        return float("nan")
    if sd == 0.0:
        return 1.0 if observed == replicated[0] else 0.0
    left = replicated - replicated.mean()
    z, skewness = (observed - float(replicated.mean())) / sd, float((left**3).mean()) / sd**3
    if z * skewness > 0.0:
        shape = 4.0 / skewness**2
        return min(1.0, 2.0 * float(gammaincc(shape, shape + 2.0 * abs(z / skewness))))
    return min(1.0, 2.0 * float(ndtr(-abs(z))))


def of_bands(observed: Floats, replicated: Floats, deprivation: Floats) -> float:
    """Smaller of two p-values of events by band, (bands,), among replicates, (sample, bands).

    One is of the sum of squared standardised differences, whose
    distribution is that of the replicates' own sums: a gamma distribution of their mean and
    variance. The other is of a bend: the sum of differences weighted by the square of the bands'
    deprivation, (bands,), less what a straight line has of it.
    """
    from scipy.special import gammaincc

    mean, sd = replicated.mean(axis=0), replicated.std(axis=0)
    some = sd > 0
    if not some.any():
        return float("nan")
    null = (((replicated - mean)[:, some] / sd[some]) ** 2).sum(axis=1)
    statistic = float((((observed - mean)[some] / sd[some]) ** 2).sum())
    scale = float(null.var()) / float(null.mean())
    together = float(gammaincc(float(null.mean()) / scale, statistic / scale))
    bend = _bend(deprivation[some], mean[some])
    bent = two_sided(float(observed[some] @ bend), replicated[:, some] @ bend)
    return min(together, bent)


def _bend(deprivation: Floats, weight: Floats) -> Floats:
    """Square of deprivation less its regression on deprivation, by weight."""
    line = np.stack([np.ones_like(deprivation), deprivation], axis=1)
    root = np.sqrt(weight)[:, None]
    square = deprivation**2
    fitted = line @ np.linalg.lstsq(line * root, square * root[:, 0], rcond=None)[0]
    found: Floats = square - fitted
    return found


def of_outside(outside: int, places: int, level: float) -> float:
    """P-value of the number of places outside their intervals, which leave out 1 - `level`."""
    from scipy.special import bdtrc

    return float(bdtrc(outside - 1, places, 1.0 - level)) if outside else 1.0
