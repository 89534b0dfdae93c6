"""Draws of the engine under the names and dimensions of the model's variables."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.inference.laplace.latent import Effects
from bayesgrad.inference.laplace.marginal import MarginalPosterior
from bayesgrad.model.arrays import DRAWN, coordinates
from bayesgrad.spec.model_spec import ModelSpec

Variable = tuple[tuple[str, ...], Floats]


def posterior_dataset(
    spec: ModelSpec,
    design: Design,
    posterior: MarginalPosterior,
    *,
    theta: Floats,
    effects: Effects,
    shape: tuple[int, int],
) -> xr.Dataset:
    """Arrange draws as the ``posterior`` group of a fit.

    Parameters
    ----------
    spec : ModelSpec
    design : Design
    posterior : MarginalPosterior
    theta : ndarray, shape (n, dim)
        Hyperparameters of each draw.
    effects : Effects
        With leading shape (n,).
    shape : tuple of int
        Chains and draws, n of them in all.
    """
    variables = _hyperparameters(posterior, theta, shape)
    place = 0
    for block in posterior.latent.blocks:
        values = effects.fixed[:, place : place + block.size]
        place += block.size
        inner: tuple[str, ...] = () if block.dim is None else (block.dim,)
        variables[block.name] = (
            ("outcome", *inner),
            values.reshape(*shape, 1, *((block.size,) if inner else ())),
        )
    for position, name in enumerate(("authority_intercept", "authority_slope")):
        values = effects.authority[:, :, position].reshape(*shape, -1, 1)
        variables[name] = (("authority", "outcome"), values)
    chains, draws = (np.arange(size) for size in shape)
    names = {
        name: np.array(values, dtype=str) for name, values in coordinates(spec, design).items()
    }
    used = {dim for dims, _ in variables.values() for dim in dims}
    return xr.Dataset(
        {
            name: (("chain", "draw", *variables[name][0]), variables[name][1])
            for name in DRAWN
            if name in variables
        },
        coords={"chain": chains, "draw": draws}
        | {name: values for name, values in names.items() if name in used},
    )


def _hyperparameters(
    posterior: MarginalPosterior, theta: Floats, shape: tuple[int, int]
) -> dict[str, Variable]:
    """Hyperparameters on their own scales, each (chains, draws, 1)."""
    found: dict[str, Variable] = {}
    for name, values in zip(posterior.hyper.names, theta.T, strict=True):
        natural = np.tanh(values) if name == "correlation" else np.exp(values)
        found[name] = (("outcome",), natural.reshape(*shape, 1))
    if "overdispersion" in found:
        found["alpha"] = (("outcome",), found["overdispersion"][1] ** -2.0)
    return found
