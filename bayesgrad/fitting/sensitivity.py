"""How much each parameter of a fit depends on its priors: the group ``sensitivity``.

A parameter is held against every prior; kept is the one that it depends on most. Where that is
more than `LARGEST`, either the prior and the data contradict one another (the parameters of that
prior lie where it puts next to nothing), or the data say little, and the prior fills in.

The likelihood is not scaled as the priors are. Its log density varies with every authority's
effects, by some sqrt(authorities): with the draws of a fit, the noise in a sensitivity to it is
larger than what would be read from it. What the data say of a parameter is told instead by how much
narrower its posterior is than its prior.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.areas.rates import thinned
from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.estimands.parameters import named_parameters
from bayesgrad.estimands.sensitivity import CONFLICT, WEAK_DATA
from bayesgrad.inference.log_prior import Known, known_parameters, log_prior_of_correlations
from bayesgrad.inference.power_scaling import sensitivities
from bayesgrad.model.prior_quantiles import location_interval, scale_quantile, share_below
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior, ScalePrior

DRAWS = 2000
"""Joint draws that it is computed from."""
LARGEST = 0.05
"""Sensitivity from which a parameter depends on a prior (Kallioinen et al. 2024)."""
TAIL = 0.005
"""Share, on either side, of what a prior lets data say, in which data contradict it."""
TAIL_OF_SCALES = 0.1
"""Share of the prior of a standard deviation above the posterior median, at which they do."""
LEAST_SHARE = 0.05
"""Share of the data below which what they alone would say cannot be told."""
CENTRAL = 0.6827
"""Probability within one standard deviation of a normal distribution."""


def sensitivity_of(spec: ModelSpec, design: Design, posterior: xr.Dataset) -> xr.Dataset:
    """Sensitivity of every parameter that has a prior of the spec's own.

    Parameters
    ----------
    spec : ModelSpec
        Without a prior pack.
    design : Design
    posterior : Dataset
        Dimensions chain, draw and those of the model, at the centre of the design.

    Returns
    -------
    Dataset
        By parameter, named as in the table of parameters: ``prior``, the key of `[priors]` that it
        depends on most, and its ``distribution``; the ``sensitivity`` to it; ``prior_below``, the
        share of what that prior foretells below what is found of its most extreme parameter;
        ``data_share``, one less the ratio of the variances of posterior and prior, of the parameter
        itself; and the ``diagnosis``.
    """
    sample = thinned(posterior, size=DRAWS)
    parameters = tuple(known_parameters(spec, design, sample))
    draws = [one.values(sample) for one in parameters]
    densities: dict[str, Floats] = {}
    extremes: dict[str, tuple[float, Known]] = {}
    for one, values in zip(parameters, draws, strict=True):
        density = one.log_density(values)
        densities[one.key] = densities.get(one.key, 0.0) + density
        below = _below(one, values)
        known = extremes.get(one.key)
        if known is None or _tail(one, below) < _tail(known[1], known[0]):
            extremes[one.key] = (below, one)
    of_correlations = log_prior_of_correlations(spec, sample)
    if of_correlations is not None:
        densities["correlation"] = of_correlations
    keys, parts = list(densities), np.stack(list(densities.values()))
    rows = []
    for one, values in zip(parameters, draws, strict=True):
        to_each = sensitivities(values, parts)
        most = int(np.argmax(to_each))
        below, extreme = extremes.get(keys[most], (np.nan, None))
        rows.append(
            {
                "prior": keys[most],
                "distribution": str(extreme.prior if extreme else spec.priors.correlation),
                "sensitivity": float(to_each[most]),
                "prior_below": below,
                "data_share": _data_share(one, values),
                "diagnosis": _diagnosis(float(to_each[most]), below, extreme),
            }
        )
    names = _names(posterior, parameters)
    return xr.Dataset(
        {column: ("parameter", np.array([row[column] for row in rows])) for column in rows[0]},
        coords={"parameter": np.array(names, dtype=str)},
    )


def _below(one: Known, values: Floats) -> float:
    r"""Share of what a prior foretells that lies below what is found.

    The posterior of a coefficient may stay near a prior that the data contradict. Normal, with a
    share s of the prior's variance :math:`\tau^2` taken away by the data, what these say by
    themselves is :math:`\mu + (m - \mu) / s`, where m is the posterior mean; the prior foretells
    it with the variance :math:`\tau^2 / s`. Of other priors it is the share below the median.
    """
    share = _data_share(one, values)
    if one.prior.distribution != "Normal" or share < LEAST_SHARE:
        return share_below(one.prior, float(np.median(values)), middle=one.middle)
    parameters = one.prior.parameters()
    middle = parameters.get("mu", one.middle)
    moved = middle + (float(values.mean()) - middle) / np.sqrt(share)
    return share_below(one.prior, moved, middle=one.middle)


def _tail(one: Known, below: float) -> float:
    """Share beyond what is found, as a multiple of that from which prior and data contradict."""
    if isinstance(one.prior, ScalePrior):
        return (1.0 - below) / TAIL_OF_SCALES
    return min(below, 1.0 - below) / TAIL


def _diagnosis(sensitivity: float, below: float, extreme: Known | None) -> str:
    if sensitivity < LARGEST:
        return ""
    if extreme is not None and _tail(extreme, below) < 1.0:
        return CONFLICT
    return WEAK_DATA


def _data_share(one: Known, values: Floats) -> float:
    """Share of the variance of the prior that the posterior is without."""
    if isinstance(one.prior, LocationPrior):
        lower, upper = location_interval(one.prior, CENTRAL)
    else:
        lower, upper = (scale_quantile(one.prior, 0.5 + s * 0.5 * CENTRAL) for s in (-1.0, 1.0))
    spread = 0.5 * (upper - lower)
    return float(np.clip(1.0 - values.var() / spread**2, 0.0, 1.0))


def _names(posterior: xr.Dataset, parameters: tuple[Known, ...]) -> list[str]:
    """Names of parameters in the table of parameters."""
    first = posterior.isel(chain=[0], draw=[0])
    numbered, number = {}, 0
    places: dict[int, tuple[str, tuple[int, ...]]] = {}
    for variable in dict.fromkeys(one.variable for one in parameters):
        values = first[variable].transpose("chain", "draw", ...)
        numbers = number + np.arange(values.size).reshape(values.shape)
        numbered[variable] = values.copy(data=numbers)
        for place in np.ndindex(*values.shape[2:]):
            places[int(numbers[(0, 0, *place)])] = (variable, place)
        number += values.size
    # The outcomes' number decides whether a name has one.
    whole = xr.Dataset(numbered).assign_coords(outcome=first["outcome"])
    of_place = {
        places[value.item()]: str(name) for name, value in named_parameters(whole).data_vars.items()
    }
    return [of_place[one.variable, one.place] for one in parameters]
