"""Checks of a fit: whether its engine explored the posterior, and precisely enough to read."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.inference.agreement import Agreement, agreement
from bayesgrad.inference.convergence import ess
from bayesgrad.spec.vocabulary import FittingEngine

LARGEST_K_HAT = 0.7
"""Shape of the tail of importance weights above which they cannot be relied on."""
FEWEST_DRAWS = 40
"""Draws of Laplace, of all chains: of fewer, not one lies beyond either end of a 95% interval."""
SMALLEST_ESS = 400.0
"""Effective draws of every quantity, in its bulk and in its tails."""
LARGEST_MEAN_SHIFT = 0.3
"""Shift of a mean from its mode, in posterior standard deviations, that third order still mends: at
0.25, draws were within 0.05 of those of NUTS."""


@dataclass(frozen=True)
class Check:
    """One check: its value must stand in `relation` to its threshold.

    `quantity` is the variable of the posterior that the value is of, with its coordinates; empty
    where it is of the whole fit.
    """

    name: str
    value: float
    relation: Callable[[float, float], bool]
    threshold: float
    quantity: str = ""

    @property
    def passed(self) -> bool:
        """Whether the check passed; a value that is not a number fails."""
        return bool(np.isfinite(self.value) and self.relation(self.value, self.threshold))


def nuts_checks(draws: xr.DataTree) -> tuple[Check, ...]:
    """Check a fit by NUTS, on every parameter and every authority's intercept and gradient.

    R-hat and the effective sample sizes are those of Vehtari et al. (2021), which depend on ranks
    alone: a value for a log gradient is the value for the gradient. Each R-hat has a limit of its
    own, 1.01 or what chance gives if that is more (`bayesgrad.inference.agreement`): of fits whose
    chains agree, at most 1% fail for any of their quantities. `max_r_hat` is the R-hat that is
    furthest above its limit, or nearest to it.

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
    energy = az.bfmi(draws)["energy"]
    r_hat = _worst_r_hat(posterior)
    bulk, tail = (_smallest_ess(posterior, method) for method in ("bulk", "tail"))
    return (
        Check("divergences", float(statistics["diverging"].sum()), operator.le, 0.0),
        Check("max_r_hat", r_hat.value, operator.le, r_hat.limit, r_hat.quantity),
        Check("min_ess_bulk", bulk.value, operator.ge, bulk.limit, bulk.quantity),
        Check("min_ess_tail", tail.value, operator.ge, tail.limit, tail.quantity),
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
        Groups ``posterior`` and ``sample_stats``.

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
    posterior = draws["posterior"].sizes
    drawn = float(posterior["chain"] * posterior["draw"])
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


class Worst(NamedTuple):
    """Worst value of any quantity, its limit, and which it is of."""

    value: float
    limit: float
    quantity: str


def _worst_r_hat(posterior: xr.Dataset) -> Worst:
    """R-hat of the quantity that is furthest above its own limit, or nearest to it."""
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], -1)
    sizes = [values[0, 0].size for values in posterior.data_vars.values()]
    parts = [
        agreement(
            values.transpose("chain", "draw", ...).values.reshape(shape), quantities=sum(sizes)
        )
        for values in posterior.data_vars.values()
    ]
    found = Agreement(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    # A quantity without a value is the worst of all.
    worst = int(np.argmax(np.nan_to_num(found.excess, nan=np.inf)))
    variable = int(np.searchsorted(np.cumsum(sizes), worst, side="right"))
    values = list(posterior.data_vars.values())[variable]
    return Worst(
        float(found.r_hat[worst]),
        float(found.limit[worst]),
        _named(values[0, 0], worst - sum(sizes[:variable])),
    )


def _smallest_ess(posterior: xr.Dataset, method: str) -> Worst:
    """Smallest effective sample size, and the quantity that it is of."""
    sizes = ess(posterior, method=method)
    # A quantity without a value is the worst of all.
    worst = {name: np.nan_to_num(of.values, nan=-np.inf) for name, of in sizes.data_vars.items()}
    name = min(worst, key=lambda variable: float(worst[variable].min()))
    place = int(worst[name].argmin())
    value = float(sizes[name].values.flat[place])
    return Worst(value, SMALLEST_ESS, _named(sizes[name], place))


def _named(values: xr.DataArray, place: int) -> str:
    """Name of one of the values of a variable, with what it stands for in each dimension."""
    at = np.unravel_index(place, values.shape)
    along = [
        f"{dim}={values[dim].values[i] if dim in values.coords else i}"
        for dim, i in zip(values.dims, at, strict=True)
    ]
    return f"{values.name}[{', '.join(along)}]" if along else str(values.name)


def as_dataset(checks: tuple[Check, ...]) -> xr.Dataset:
    """Checks as a dataset: value, threshold, passed and quantity by check."""
    return xr.Dataset(
        {
            "value": ("check", [check.value for check in checks]),
            "threshold": ("check", [check.threshold for check in checks]),
            "passed": ("check", [check.passed for check in checks]),
            "quantity": ("check", [check.quantity for check in checks]),
        },
        coords={"check": [check.name for check in checks]},
    )
