r"""Effects of authorities that neighbours share, as variables of the model.

The effects of an authority are, besides their systematic part,
:math:`\sigma (\sqrt{\phi} \, V s + \sqrt{1 - \phi} \, w)`: a share :math:`\phi` of their
variance is structured (`bayesgrad.design.neighbours`), and the rest is as in a model without
neighbours, with the correlations of intercepts and slopes. So :math:`\sigma` is the standard
deviation of the whole. As V s is linear in standard normal s, it enters the systematic part as
further columns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesgrad.design.design import Design
from bayesgrad.model.strata import KINDS
from bayesgrad.spec.model_spec import ModelSpec

Tensor = Any


class Structured(NamedTuple):
    """Structured part of one kind of effects.

    Attributes
    ----------
    coefficient : tensor, shape (outcomes, terms)
        Of the columns V.
    rest : tensor, shape (outcomes,)
        Standard deviation of what is not structured.
    """

    coefficient: Tensor
    rest: Tensor


def structured_effects(
    spec: ModelSpec, design: Design, sd: dict[str, Tensor]
) -> dict[str, Structured]:
    """Structured parts of intercepts and slopes, in the model in context.

    Parameters
    ----------
    sd : dict
        Standard deviations of the whole by kind, each (outcomes,).
    """
    neighbours = design.neighbours
    if spec.spatial is None or neighbours is None:
        none = np.zeros((len(design.forms), 0))
        return {kind: Structured(none, sd[kind]) for kind in KINDS}
    found = {}
    for kind in KINDS:
        phi = pm.Uniform(f"phi_{kind}", 0.0, 1.0, dims=("outcome",))
        s = pm.Normal(f"z_spatial_{kind}", dims=("outcome", "spatial_term"))
        coefficient = (sd[kind] * pt.sqrt(phi))[:, None] * s
        pm.Deterministic(
            f"spatial_{kind}",
            pt.dot(neighbours.basis, coefficient.T),
            dims=("authority", "outcome"),
        )
        found[kind] = Structured(coefficient, sd[kind] * pt.sqrt(1.0 - phi))
    return found
