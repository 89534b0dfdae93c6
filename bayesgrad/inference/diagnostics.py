"""Checks of a fit: whether its engine explored the posterior, and precisely enough to read."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesgrad.design.splines import Floats
from bayesgrad.inference.convergence import ess, r_hat
from bayesgrad.spec.vocabulary import FittingEngine

LARGEST_K_HAT = 0.7
"""Shape of the tail of importance weights above which they cannot be relied on."""
MANY = 1000
"""Values of one variable from which chance alone puts the largest R-hat above its threshold."""
SHARE_OF_MANY = 0.005
"""Of so many values, those of the largest R-hat that are left out."""
FEWEST_DRAWS = 400
"""Draws of Laplace, of all chains, and effective draws of NUTS: with so many, the ends of a 95%
interval have a Monte Carlo standard error of 0.13 posterior standard deviations
(sqrt(0.025 * 0.975 / 400) / 0.0584, by the density of a normal distribution there)."""
LARGEST_MEAN_SHIFT = 0.3
"""Shift of a mean from its mode, in posterior standard deviations, that third order still mends: at
0.25, draws were within 0.05 of those of NUTS."""


@dataclass(frozen=True)
class Check:
    """One check: its value must stand in `relation` to its threshold."""

    name: str
    value: float
    relation: Callable[[float, float], bool]
    threshold: float

    @property
    def passed(self) -> bool:
        """Whether the check passed; a value that is not a number fails."""
        return bool(np.isfinite(self.value) and self.relation(self.value, self.threshold))


def nuts_checks(draws: xr.DataTree) -> tuple[Check, ...]:
    """Check a fit by NUTS, on every parameter and every authority's intercept and gradient.

    R-hat and the effective sample sizes are those of Vehtari et al. (2021), which depend on ranks
    alone: a value for a log gradient is the value for the gradient. Of a variable of a thousand
    values or more, such as authorities' own deviations by year, the half percent with the largest
    R-hat is left out of that check, since that many are large by chance; effective sample sizes,
    which fall where chains differ, are checked of all.

    Parameters
    ----------
    draws : DataTree
        Groups ``posterior`` and ``sample_stats``.

    Returns
    -------
    tuple of Check
        ``divergences``, ``max_r_hat``, ``min_ess_bulk``, ``min_ess_tail``, ``min_e_bfmi``,
        ``share_at_max_tree_depth``.
    """
    import arviz_stats as az

    posterior = draws["posterior"].to_dataset()
    statistics = draws["sample_stats"].to_dataset()
    bulk, tail = ess(posterior, method="bulk"), ess(posterior, method="tail")
    energy = az.bfmi(draws)["energy"]
    return (
        Check("divergences", float(statistics["diverging"].sum()), operator.le, 0.0),
        Check("max_r_hat", _worst(r_hat(posterior), _largest_but_chance), operator.le, 1.01),
        Check("min_ess_bulk", _worst(bulk, np.min), operator.ge, FEWEST_DRAWS),
        Check("min_ess_tail", _worst(tail, np.min), operator.ge, FEWEST_DRAWS),
        Check("min_e_bfmi", float(energy.min()), operator.ge, 0.2),
        Check(
            "share_at_max_tree_depth",
            float(statistics["maxdepth_reached"].mean()),
            operator.le,
            0.05,
        ),
    )


def laplace_checks(draws: xr.DataTree) -> tuple[Check, ...]:
    """Check a fit by nested Laplace, on its importance weights and its searches for modes.

    Parameters
    ----------
    draws : DataTree
        Group ``sample_stats``.

    Returns
    -------
    tuple of Check
        ``k_hat`` of the smoothed weights (Vehtari et al. 2024); ``min_importance_ess``;
        ``newton_failures``, the number of proposals whose latent mode was not found;
        ``max_mean_shift``, the largest third-order shift of an effect's mean from its mode, in
        posterior standard deviations; and ``draws``, the number of all chains, which are
        independent given the proposals.
    """
    statistics = draws["sample_stats"].to_dataset()
    drawn = float(statistics.sizes["chain"] * statistics.sizes["draw"])
    return (
        Check("k_hat", float(statistics["k_hat"]), operator.le, LARGEST_K_HAT),
        Check("min_importance_ess", float(statistics["importance_ess"]), operator.ge, 100.0),
        Check("newton_failures", float(statistics["newton_failures"]), operator.le, 0.0),
        Check("max_mean_shift", float(statistics["mean_shift"]), operator.le, LARGEST_MEAN_SHIFT),
        Check("draws", drawn, operator.ge, FEWEST_DRAWS),
    )


CHECKS: dict[FittingEngine, Callable[[xr.DataTree], tuple[Check, ...]]] = {
    "nuts": nuts_checks,
    "laplace": laplace_checks,
}
"""Checks of a fit, by its engine."""


def _largest_but_chance(values: Floats) -> float:
    share = SHARE_OF_MANY if np.size(values) >= MANY else 0.0
    return float(np.quantile(values, 1.0 - share))


def _worst(values: xr.Dataset, pick: Callable[..., float]) -> float:
    """Worst value over all quantities; a quantity without one makes it NaN."""
    return float(pick([float(pick(value.values)) for value in values.data_vars.values()]))


def as_dataset(checks: tuple[Check, ...]) -> xr.Dataset:
    """Checks as a dataset: value, threshold and passed by check."""
    return xr.Dataset(
        {
            "value": ("check", [check.value for check in checks]),
            "threshold": ("check", [check.threshold for check in checks]),
            "passed": ("check", [check.passed for check in checks]),
        },
        coords={"check": [check.name for check in checks]},
    )
