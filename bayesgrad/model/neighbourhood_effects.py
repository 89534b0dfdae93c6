"""Effects of neighbourhoods as variables of the model (`bayesgrad.model.neighbourhoods`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymc as pm

from bayesgrad.design.design import Design
from bayesgrad.kernels.coordinates.neighbourhoods import Quadratics
from bayesgrad.model.operations import informed_neighbourhoods
from bayesgrad.model.priors import prior_variable
from bayesgrad.spec.model_spec import ModelSpec

Tensor = Any
DIMS = ("outcome", "neighbourhood")


def neighbourhood_effects(
    spec: ModelSpec, design: Design, data: dict[str, Tensor], of_authorities: tuple[Tensor, Tensor]
) -> Tensor:
    """Effects of neighbourhoods as variables of the model in context.

    Parameters
    ----------
    data : dict of tensors
        As named by `bayesgrad.model.neighbourhoods.neighbourhood_arrays`.
    of_authorities : tuple of tensors, each (authorities, outcomes)
        Their intercepts and slopes.

    Returns
    -------
    tensor, shape (outcomes, neighbourhoods)
    """
    if not design.neighbourhoods:
        return np.zeros((len(design.forms), 0))
    sd = prior_variable("sd_neighbourhood", spec.scale_prior("sd_neighbourhood"), dims=DIMS[:1])
    informed = spec.sampling.parameterisation != "non_centred"
    z = (
        pm.Flat("z_neighbourhood", dims=DIMS)
        if informed
        else pm.Normal("z_neighbourhood", dims=DIMS)
    )
    known = Quadratics(*(data[f"neighbourhood_{field}"] for field in Quadratics._fields))
    effects = informed_neighbourhoods(sd, z, *of_authorities, known)
    if informed:
        pm.Potential("neighbourhood_prior", effects.density)
    return pm.Deterministic("neighbourhood_effect", effects.values, dims=DIMS)
