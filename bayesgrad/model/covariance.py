r"""The covariance of authority effects: one block of all outcomes' effects, or one for each.

A block of K effects, intercept and slope of an outcome in turn, has standard deviations with priors
of their own and a correlation matrix R. In full form :math:`R \sim LKJ(\eta)`, by its partial
correlations, which are independent: that of effects i and k < i, given all before k, is
:math:`2 \operatorname{Beta}(\beta_k, \beta_k) - 1`, :math:`\beta_k = \eta + (K - 2 - k) / 2`
(Lewandowski, Kurowicka and Joe 2009). In low rank, R is that of :math:`\Lambda \Lambda' + I`, the
loadings :math:`\Lambda`, (K, rank), with a zero above the diagonal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.model.information import Information
from bayesgrad.model.pairs import EFFECTS, effect_pairs, pair_label
from bayesgrad.spec.model_spec import ModelSpec


def is_joint(spec: ModelSpec) -> bool:
    """Whether the effects of several outcomes share one covariance."""
    return len(spec.outcomes) > 1 and spec.authority.covariance in ("full", "low_rank")


def blocks_of(spec: ModelSpec, outcomes: int) -> tuple[int, int]:
    """Number of blocks of effects that share a covariance, and effects in each."""
    return (1, 2 * outcomes) if is_joint(spec) else (outcomes, 2)


def covariance_coordinates(spec: ModelSpec, design: Design) -> dict[str, tuple[Any, ...]]:
    """Names along the dimensions of the covariance."""
    names = tuple(f"{outcome} {effect}" for outcome in design.outcomes for effect in EFFECTS)
    coords: dict[str, tuple[Any, ...]] = {"outcome_effect": names}
    if not is_joint(spec):
        return coords
    coords |= {"effect_pair": tuple(pair_label(pair) for pair in effect_pairs(design.outcomes))}
    if spec.authority.covariance == "low_rank":
        size = 2 * len(design.forms)
        coords["loading"] = tuple(range(len(free_loadings(size, spec.authority.rank)[0])))
    return coords


def in_blocks(
    spec: ModelSpec, design: Design, information: Information | None
) -> dict[str, Floats]:
    """Information on authority effects by block, under the names of its `pm.Data`.

    Without information it is 0: coordinates of the prior.
    """
    authorities, outcomes, _ = design.cells
    blocks, size = blocks_of(spec, outcomes)
    curvature = np.zeros((blocks, size, size, authorities))
    pull = np.zeros((blocks, size, authorities))
    if information is not None:
        pull = information.pull.reshape(blocks, size, authorities)
        for s in range(outcomes):
            block, first = divmod(2 * s, size)
            place = slice(first, first + 2)
            curvature[block, place, place] = information.curvature[s]
    return {
        "authority_information": curvature,
        "authority_pull": np.ascontiguousarray(pull),
    }


def partial_shape(spec: ModelSpec, size: int) -> Floats:
    """Shape of the beta distribution of each partial correlation, (size (size - 1) / 2,)."""
    eta = float(spec.priors.correlation.eta or 1.0)
    return np.array([eta + (size - 2 - k) / 2.0 for i in range(size) for k in range(i)])


def free_loadings(size: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the loadings that are not fixed at zero."""
    return np.tril_indices(size, 0, rank)
