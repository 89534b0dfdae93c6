"""Neighbours of synthetic authorities: those beside each other on a square grid."""

from __future__ import annotations

import math
from functools import cache

from bayesgrad.design.neighbours import Neighbours, neighbours_of
from bayesgrad.simulate.geography import Floats
from bayesgrad.simulate.labels import authority_codes
from bayesgrad.simulate.scenario_settings import TrueSpatial
from bayesgrad.spec.adjacency import Adjacency


def grid_adjacency(authorities: int) -> Adjacency:
    """Adjacency of authorities laid row by row on a grid as wide as it is high, or one wider.

    Authorities that share a side are neighbours; those that share a corner are not.
    """
    codes, width = authority_codes(authorities), math.ceil(math.sqrt(authorities))
    beside = [(k, k + 1) for k in range(authorities - 1) if (k + 1) % width]
    below = [(k, k + width) for k in range(authorities - width)]
    return Adjacency.of([(codes[i], codes[k]) for i, k in (*beside, *below)], alone=[])


def alike(u0: Floats, u1: Floats, spatial: TrueSpatial | None) -> tuple[Floats, Floats]:
    """Make neighbours alike in independent effects u0 and u1, each (outcomes, authorities).

    Variances and correlations along each eigenvector are as of the model
    (`bayesgrad.model.spatial`).
    """
    if spatial is None:
        return u0, u1
    neighbours = _on_grid(u0.shape[1])
    return u0 @ neighbours.root(spatial.phi_intercept), u1 @ neighbours.root(spatial.phi_slope)


@cache
def _on_grid(authorities: int) -> Neighbours:
    return neighbours_of(authority_codes(authorities), grid_adjacency(authorities).pairs)
