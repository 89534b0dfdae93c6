"""Draws of a national fit as the normal distribution of a prior pack."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.spec.pack_layout import PARTIAL_CORRELATION, PackBlock
from bayesgrad.spec.prior_pack import PackParameters

DRAWS_PER_PARAMETER = 10
"""Fewer draws would not tell their covariance."""


def pack_parameters(
    posterior: xr.Dataset, blocks: tuple[PackBlock, ...], chosen: list[str]
) -> PackParameters:
    """Moments of the parameters over the draws, on the unconstrained scale.

    Parameters
    ----------
    posterior : Dataset
        Dimensions chain, draw and those of the model.
    blocks : tuple of PackBlock
    chosen : list of str
        Outcomes of the pack.

    Raises
    ------
    FitError
        If the draws are too few, or a parameter does not vary.
    """
    values = np.concatenate([unconstrained(posterior, block, chosen) for block in blocks], axis=1)
    draws, size = values.shape
    if draws < DRAWS_PER_PARAMETER * size:
        raise FitError(
            f"{draws:,} draws are too few for the covariance of {size} parameters",
            f"Fit again with {DRAWS_PER_PARAMETER * size:,} draws or more in all.",
        )
    covariance = np.atleast_2d(np.cov(values, rowvar=False))
    try:
        return PackParameters(
            names=tuple(name for block in blocks for name in block.names),
            mean=tuple(map(float, values.mean(axis=0))),
            covariance=tuple(tuple(map(float, row)) for row in covariance),
        )
    except ValueError as error:
        raise FitError(
            f"the parameters of this fit do not make a prior pack: {error}",
            "Fit again with more draws, and see its diagnostics.",
        ) from None


def unconstrained(posterior: xr.Dataset, block: PackBlock, chosen: list[str]) -> Floats:
    """Draws of a block's values on its unconstrained scale, (draws, values)."""
    if block.variable == PARTIAL_CORRELATION:
        return np.asarray(np.arctanh(partial_correlations(posterior, chosen)))
    found = posterior[block.variable]
    by = "dispersed_outcome" if "dispersed_outcome" in found.dims else "outcome"
    found = found.sel({by: list(block.labels[0])}).stack(sample=("chain", "draw"))
    rest = [dim for dim in found.dims if dim not in (by, "sample")]
    values: Floats = found.transpose("sample", by, *rest).values
    values = values.reshape(len(values), -1)
    match block.scale:
        case "log":
            return np.asarray(np.log(values))
        case "atanh":
            return np.asarray(np.arctanh(values))
    return values


def partial_correlations(posterior: xr.Dataset, chosen: list[str]) -> Floats:
    """Partial correlations of the effects of some outcomes, (draws, pairs).

    From the lower Cholesky factor L of their correlations: that of effects i and k < i, given all
    before k, is L_ik over the root of 1 - sum of L_il^2, l < k.
    """
    names = [str(name) for name in posterior["outcome"].values.tolist()]
    pairs = posterior["effect_correlation"].stack(sample=("chain", "draw"))
    packed: Floats = pairs.transpose("sample", "effect_pair").values
    size = 2 * len(names)
    whole = np.broadcast_to(np.eye(size), (len(packed), size, size)).copy()
    rows, columns = np.tril_indices(size, -1)
    whole[:, rows, columns] = whole[:, columns, rows] = packed
    kept = [2 * names.index(name) + effect for name in chosen for effect in (0, 1)]
    lower = np.linalg.cholesky(whole[:, kept][:, :, kept])
    before = np.cumsum(lower**2, axis=2) - lower**2
    rows, columns = np.tril_indices(len(kept), -1)
    found: Floats = lower[:, rows, columns] / np.sqrt(1.0 - before[:, rows, columns])
    return found
