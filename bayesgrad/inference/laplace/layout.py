"""Draws of the engine under the names and dimensions of the model's variables."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.latent import Effects
from bayesgrad.inference.laplace.marginal import MarginalPosterior
from bayesgrad.inference.laplace.partial import factor_of
from bayesgrad.model.arrays import DRAWN, coordinates
from bayesgrad.model.covariance import is_joint
from bayesgrad.model.strata import KINDS, strata_kinds
from bayesgrad.spec.model_spec import ModelSpec

Variable = tuple[tuple[str, ...], Floats]
"""Dimensions, the first of which is of outcomes unless it is of authorities, and values."""


class PartDraws(NamedTuple):
    """Draws of a part of the model.

    Attributes
    ----------
    posterior : MarginalPosterior
    theta : ndarray, shape (n, dim)
        Hyperparameters of each draw.
    effects : Effects
        With leading shape (n,).
    """

    posterior: MarginalPosterior
    theta: Floats
    effects: Effects


def posterior_dataset(
    spec: ModelSpec, design: Design, parts: tuple[PartDraws, ...], *, shape: tuple[int, int]
) -> xr.Dataset:
    """Arrange draws as the ``posterior`` group of a fit.

    Parameters
    ----------
    spec : ModelSpec
    design : Design
    parts : tuple of PartDraws
        In the order of outcomes.
    shape : tuple of int
        Chains and draws, n of them in all.
    """
    variables = _side_by_side([_variables(spec, part) for part in parts])
    names = {
        name: np.array(values, dtype=str) for name, values in coordinates(spec, design).items()
    }
    for name in ("overdispersion", "alpha"):
        if name in variables and variables[name][1].shape[1] < len(design.forms):
            variables[name] = (("dispersed_outcome",), variables[name][1])
    used = {dim for dims, _ in variables.values() for dim in dims}
    chains, draws = (np.arange(size) for size in shape)
    return xr.Dataset(
        {
            name: (("chain", "draw", *dims), values.reshape(*shape, *values.shape[1:]))
            for name, (dims, values) in ((n, variables[n]) for n in DRAWN if n in variables)
        },
        coords={"chain": chains, "draw": draws}
        | {name: values for name, values in names.items() if name in used},
    )


def _side_by_side(parts: list[dict[str, Variable]]) -> dict[str, Variable]:
    """Variables of parts joined along their outcomes."""
    found: dict[str, Variable] = {}
    for part in parts:
        for name, (dims, values) in part.items():
            before = [found[name][1]] if name in found else []
            # What is not of an outcome is of a part that has them all.
            axis = 1 + dims.index("outcome") if "outcome" in dims else 1
            found[name] = (dims, np.concatenate([*before, values], axis=axis))
    return found


def _variables(spec: ModelSpec, part: PartDraws) -> dict[str, Variable]:
    """Dimensions and values, (n, ...), of every variable of a part."""
    fixed = part.posterior.latent.fixed
    found = _hyperparameters(spec, part)
    for name, (dim, values) in fixed.named(part.effects.fixed).items():
        found[name] = (("outcome", dim) if dim else ("outcome",), values)
    for place, kind in enumerate(KINDS):
        values = part.effects.authority[:, :, place::2]
        found[f"authority_{kind}"] = (("authority", "outcome"), values)
    if spec.strata_or_years is not None:
        deviations = fixed.strata(part.effects.fixed)
        for kind in strata_kinds(spec):
            values = deviations[..., KINDS.index(kind)]
            found[f"stratum_{kind}"] = (("outcome", "stratum"), values)
    return found


def _hyperparameters(spec: ModelSpec, part: PartDraws) -> dict[str, Variable]:
    """Hyperparameters on their own scales."""
    hyper, theta = part.posterior.hyper, part.theta
    found: dict[str, Variable] = {}
    outcomes = len(hyper.dispersed)
    for name, values in hyper.by_block(np.exp(theta)).items():
        if name.startswith("sd_stratum"):
            dims = ("outcome", "stratum_component")
            found[name] = (dims, values.reshape(len(values), outcomes, -1))
        else:
            found[name] = (("outcome",), values)
    if "overdispersion" in found:
        found["alpha"] = (("outcome",), found["overdispersion"][1] ** -2.0)
    if hyper.pairs:
        correlations = _correlations(theta[:, hyper.scales :], 2 * outcomes)
        own = [i * (i - 1) // 2 + i - 1 for i in range(1, 2 * outcomes, 2)]
        found["correlation"] = (("outcome",), correlations[:, own])
        if is_joint(spec):
            found["effect_correlation"] = (("effect_pair",), correlations)
    return found


def _correlations(partial: Floats, size: int) -> Floats:
    """Correlations of effects from partial correlations, (n, pairs) both."""
    if size == 2:
        return np.tanh(partial)
    below = np.tril_indices(size, -1)
    distinct, place = np.unique(partial, axis=0, return_inverse=True)
    factors = np.array([factor_of(row, size) for row in distinct])
    found: Floats = (factors @ factors.swapaxes(1, 2))[:, *below][place.ravel()]
    return found
