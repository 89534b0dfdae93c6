"""Summaries over posterior draws: medians, equal-tailed intervals and probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.errors import FitError
from bayesgrad.estimands.layout import sample_dims

DEFAULT_LEVEL = 0.95
"""Probability inside an interval unless another is asked for."""

DEFAULT_SURE = 0.95
"""Probability from which a statement such as "steeper" is made unless another is asked for."""

INTERVAL_KIND = "equal-tailed"

BATCHES = 25
"""Of each chain, for Monte Carlo standard errors."""


def checked_level(level: float) -> float:
    """Return `level` if it is a probability strictly between 0 and 1.

    Raises
    ------
    FitError
        If it is not, as when a percentage is given.
    """
    if not 0 < level < 1:
        raise FitError(
            f"interval level {level} is not a probability strictly between 0 and 1",
            "Give, for example, 0.95 for an interval that holds 95% of the draws.",
        )
    return float(level)


def checked_sure(sure: float) -> float:
    """Return `sure` if it is a probability above one half and below 1.

    Raises
    ------
    FitError
        If it is not: at one half, every difference could be stated.
    """
    if not 0.5 < sure < 1:
        raise FitError(
            f"the bar for statements, {sure}, is not a probability above 0.5 and below 1",
            "Give, for example, 0.95: what is said to be steeper is so with that probability.",
        )
    return float(sure)


def tails(level: float) -> tuple[float, float]:
    """Probabilities of the two ends of an equal-tailed interval."""
    outside = 1 - checked_level(level)
    return outside / 2, 1 - outside / 2


def quantiles(values: xr.DataArray, probabilities: Sequence[float]) -> xr.DataArray:
    """Quantiles over the draws, by linear interpolation between order statistics.

    A NaN among the draws makes the quantile NaN. The result has `quantile` in place of the
    dimensions that count draws.
    """
    dims = sample_dims(values)

    def over_draws(block: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = block.reshape(*block.shape[: -len(dims)], -1)
        found: NDArray[np.float64] = np.quantile(flat, probabilities, axis=-1)
        return np.moveaxis(found, 0, -1)

    result: xr.DataArray = xr.apply_ufunc(
        over_draws,
        values,
        input_core_dims=[dims],
        output_core_dims=[["quantile"]],
    )
    return result.assign_coords(quantile=list(probabilities))


def median(values: xr.DataArray) -> xr.DataArray:
    """Posterior median."""
    return quantiles(values, [0.5]).isel(quantile=0, drop=True)


def interval(values: xr.DataArray, *, level: float = DEFAULT_LEVEL) -> xr.DataArray:
    """Equal-tailed posterior interval.

    Returns
    -------
    DataArray
        With the dimension `bound` (lower, upper); its attributes `interval_kind` and
        `interval_level` say what it is.

    Raises
    ------
    FitError
        If `level` is not strictly between 0 and 1.
    """
    bounds = quantiles(values, tails(level)).rename(quantile="bound")
    bounds = bounds.assign_coords(bound=["lower", "upper"])
    return bounds.assign_attrs(interval_kind=INTERVAL_KIND, interval_level=level)


def exponential(values: xr.DataArray) -> xr.DataArray:
    """Go from the log scale to that of rates and rate ratios."""
    result: xr.DataArray = xr.apply_ufunc(np.exp, values)
    return result


def mean(values: xr.DataArray) -> xr.DataArray:
    """Posterior mean."""
    return values.mean(sample_dims(values), skipna=False)


def sd(values: xr.DataArray) -> xr.DataArray:
    """Posterior standard deviation (divisor n - 1)."""
    return values.std(sample_dims(values), ddof=1, skipna=False)


def probability(event: xr.DataArray) -> xr.DataArray:
    """Posterior probability of an event: the share of draws in which it is true."""
    return event.mean(sample_dims(event))


def monte_carlo_error(values: xr.DataArray, draws: xr.DataTree) -> xr.DataArray:
    """Standard error of the mean of `values` that is due to the number of draws, by batch means.

    Each chain is cut into `BATCHES` batches of successive draws. Draws of the Laplace engine come
    in clusters that share their hyperparameters: they are put in order of their cluster first.

    Parameters
    ----------
    values : DataArray
        With the dimensions chain and draw.
    draws : DataTree
        The fit that the values are of.
    """
    chains = values.transpose("chain", "draw", ...)
    series = chains.values
    if "sample_stats" in draws.children and "proposal" in draws["sample_stats"].data_vars:
        cluster = draws["sample_stats"].to_dataset()["proposal"].values.ravel()
        series = series.reshape(1, -1, *series.shape[2:])[:, np.argsort(cluster, kind="stable")]
    length = max(series.shape[1] // BATCHES, 1)
    batches = series[:, : series.shape[1] // length * length]
    means = batches.reshape(-1, length, *batches.shape[2:]).mean(axis=1)
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means))
    return xr.DataArray(error, dims=chains.dims[2:], coords=chains.isel(chain=0, draw=0).coords)


def with_interval(
    values: xr.DataArray, *, point: str, prefix: str = "", level: float = DEFAULT_LEVEL
) -> dict[str, xr.DataArray]:
    """Posterior median and interval under the names that tables use.

    Returns
    -------
    dict of str to DataArray
        The median as `point`, the bounds as `{prefix}lower` and `{prefix}upper`.
    """
    bounds = interval(values, level=level)
    return {
        point: median(values),
        f"{prefix}lower": bounds.sel(bound="lower", drop=True),
        f"{prefix}upper": bounds.sel(bound="upper", drop=True),
    }
