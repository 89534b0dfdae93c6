r"""Draws of a fit with a numeric centre, told at that number.

A model whose deprivation is measured from another value is the same model in other coordinates:
with :math:`s = (c - c_0) / \mathrm{unit}`,

.. math:: a^c = a^{c_0} + s\, b, \qquad b^c = b^{c_0},

and so for every part of a level and the part of the gradient that belongs to it. Default priors are
of levels at the average neighbourhood, :math:`c_0`; there the model is fitted, so that no gradient
depends on the number that levels are told at, and its draws are then changed as above.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.spec.model_spec import ModelSpec

SUMS = {
    "authority_intercept": "authority_slope",
    "intercept": "slope",
    "between": "interaction",
    "authority_moderator_level": "authority_moderator_gradient",
    "stratum_intercept": "stratum_slope",
    "authority_stratum_intercept": "authority_stratum_slope",
}
"""Parts of levels, and the parts of gradients that belong to them."""
INDEPENDENT = {
    "sd_stratum_intercept": "sd_stratum_slope",
    "sd_authority_stratum_intercept": "sd_authority_stratum_slope",
}
"""Standard deviations of parts that are independent where the model is fitted."""


def recentred(spec: ModelSpec, design: Design, tree: xr.DataTree) -> xr.DataTree:
    """Draws, and what is known of authorities, at the centre of the spec.

    Parameters
    ----------
    spec : ModelSpec
        With a numeric centre.
    design : Design
        At the centre where it was fitted.
    tree : DataTree
        Groups ``posterior`` and ``authorities``; the other groups do not depend on the centre.
    """
    centre = float(spec.gradient.centre)
    steps = (centre - float(design.authorities.centre[0])) / design.unit
    posterior, known = tree["posterior"].to_dataset(), tree["authorities"].to_dataset()
    tree["posterior"] = xr.DataTree(_posterior(posterior, steps, moderators=design.area_moderators))
    tree["authorities"] = xr.DataTree(
        known.assign(centre=("authority", np.full(known.sizes["authority"], centre)))
    )
    return tree


def _posterior(posterior: xr.Dataset, steps: float, *, moderators: tuple[str, ...]) -> xr.Dataset:
    found = {
        level: posterior[level] + steps * posterior[gradient]
        for level, gradient in SUMS.items()
        if level in posterior and gradient in posterior
    }
    for level, gradient in INDEPENDENT.items():
        if level in posterior and gradient in posterior:
            found[level] = (posterior[level] ** 2 + (steps * posterior[gradient]) ** 2) ** 0.5
    if moderators:
        of_gradient = posterior["gradient_moderator"].rename(area_moderator="area_covariate")
        covariate = posterior["covariate"]
        whole = of_gradient.reindex_like(covariate["area_covariate"], fill_value=0.0)
        found["covariate"] = covariate + steps * whole
    found |= _covariance(posterior, steps)
    return posterior.assign({name: found[name].transpose(*posterior[name].dims) for name in found})


def _covariance(posterior: xr.Dataset, steps: float) -> dict[str, xr.DataArray]:
    """Standard deviations of intercepts, and all correlations of authority effects."""
    level, gradient = (
        posterior[f"sd_{effect}"].transpose("chain", "draw", "outcome")
        for effect in ("intercept", "slope")
    )
    sd = np.stack([level.values, gradient.values], axis=-1)
    sd = sd.reshape(*sd.shape[:2], -1)
    size = sd.shape[-1]
    covariance = sd[..., :, None] * _correlations(posterior, size) * sd[..., None, :]
    move = np.eye(size)
    move[range(0, size, 2), range(1, size, 2)] = steps
    moved = move @ covariance @ move.T
    spread = np.sqrt(np.diagonal(moved, axis1=-2, axis2=-1))
    unit = moved / spread[..., :, None] / spread[..., None, :]
    found = {"sd_intercept": level.copy(data=spread[..., 0::2])}
    if "correlation" in posterior:
        own = unit[..., range(0, size, 2), range(1, size, 2)]
        found["correlation"] = level.copy(data=own)
    if "effect_correlation" in posterior:
        pairs = posterior["effect_correlation"].transpose("chain", "draw", "effect_pair")
        rows, columns = np.tril_indices(size, -1)
        found["effect_correlation"] = pairs.copy(data=unit[..., rows, columns])
    return found


def _correlations(posterior: xr.Dataset, size: int) -> Floats:
    """Correlation matrices of effects, (chain, draw, effects, effects)."""
    sizes = (posterior.sizes["chain"], posterior.sizes["draw"])
    found = np.zeros((*sizes, size, size)) + np.eye(size)
    if "effect_correlation" in posterior:
        rows, columns = np.tril_indices(size, -1)
        values = posterior["effect_correlation"].transpose("chain", "draw", "effect_pair").values
    else:
        rows, columns = np.arange(1, size, 2), np.arange(0, size, 2)
        values = posterior["correlation"].transpose("chain", "draw", "outcome").values
    found[..., rows, columns] = values
    found[..., columns, rows] = values
    return found
