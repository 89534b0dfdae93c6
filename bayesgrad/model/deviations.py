"""Deviations of strata as variables of the model (`bayesgrad.model.strata`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from bayesgrad.design.design import Design
from bayesgrad.kernels.coordinates.partial_noncentred import KnownContrasts
from bayesgrad.model.operations import informed_contrasts
from bayesgrad.model.priors import guarded_variable, prior_variable
from bayesgrad.model.strata import KINDS, ContrastArrays, strata_kinds
from bayesgrad.spec.model_spec import ModelSpec

Tensor = Any


def stratum_effects(
    spec: ModelSpec, design: Design, data: dict[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Deviations of strata as variables of the model in context, each (outcomes, strata)."""
    shape = (len(design.forms), len(design.strata))
    found = {kind: np.zeros(shape) for kind in KINDS}
    for kind in strata_kinds(spec):
        sd = _standard_deviation(spec, kind, data)
        parts = [
            _contrasts(
                spec,
                f"stratum_{kind}_{c}",
                sd[:, c],
                data,
                dims=("outcome", f"stratum_contrast_{c}"),
            )
            for c in range(len(design.strata_components))
        ]
        whole = sum(parts[1:], start=parts[0])
        found[kind] = pm.Deterministic(f"stratum_{kind}", whole, dims=("outcome", "stratum"))
    return found["intercept"], found["slope"]


def _standard_deviation(spec: ModelSpec, kind: str, data: dict[str, Tensor]) -> Tensor:
    """Of the deviations of strata, (outcomes, components)."""
    name, dims = f"sd_stratum_{kind}", ("outcome", "stratum_component")
    prior = spec.scale_prior(name)
    if spec.sampling.parameterisation != "partial":
        return prior_variable(name, prior, dims=dims)
    return guarded_variable(name, prior, scale=data[f"stratum_{kind}_scale"], dims=dims)


def authority_stratum_effects(
    spec: ModelSpec,
    design: Design,
    data: dict[str, Tensor],
    of_strata: tuple[Tensor, Tensor],
) -> dict[str, Tensor]:
    """Deviations of authorities' strata by kind, each (authorities, outcomes, strata).

    Parameters
    ----------
    of_strata : pair of tensors
        Deviations of the nation's strata, as of `stratum_effects`.
    """
    if spec.strata_or_years is None or not spec.strata_or_years.authority_deviations:
        return {}
    found = {}
    for kind, national in zip(KINDS, of_strata, strict=True):
        if kind not in strata_kinds(spec):
            continue
        name = f"authority_stratum_{kind}"
        prior = spec.scale_prior(f"sd_{name}")
        sd = prior_variable(f"sd_{name}", prior, dims=("outcome",))
        dims = ("outcome", "authority", "stratum_difference")
        values = _contrasts(spec, name, sd, data, dims=dims, national=(kind, national))
        found[kind] = pm.Deterministic(name, values, dims=("authority", "outcome", "stratum"))
    return found


def _contrasts(
    spec: ModelSpec,
    name: str,
    sd: Tensor,
    data: dict[str, Tensor],
    *,
    dims: tuple[str, ...],
    national: tuple[str, Tensor] | None = None,
) -> Tensor:
    """Values of contrasts, whose coordinates get their log density.

    Parameters
    ----------
    sd : tensor, shape (outcomes,)
    dims : tuple of str
        Of the coordinates.
    national : tuple of str and tensor, optional
        Kind and deviations of the nation's strata, of which the pull of authorities is told.
    """
    basis, information, pull = (data[f"{name}_{field}"] for field in ContrastArrays._fields)
    if national is None or f"{name}_response" not in data:
        at, response, mode = np.zeros((0, 0)), np.zeros((0, 0, 0)), np.zeros((0, 0))
    else:
        kind, at = national
        response, mode = data[f"{name}_response"], data[f"stratum_{kind}_mode"]
    known = KnownContrasts(basis, information, pull, response, mode)
    if spec.sampling.parameterisation == "non_centred":
        z = pm.Normal(f"z_{name}", dims=dims)
        return informed_contrasts(sd, z, at, known).values
    z = pm.Flat(f"z_{name}", dims=dims)
    contrasts = informed_contrasts(sd, z, at, known)
    pm.Potential(f"{name}_prior", contrasts.density)
    return contrasts.values
