r"""Effects of authorities that neighbours share: the structured part of a BYM2 model.

The graph of neighbours has the Laplacian Q, and the intrinsic conditional autoregression the
generalised inverse of Q for its covariance (Besag, York and Mollié 1991). In each connected part of
the graph it is scaled to a generalised variance (the geometric mean of the variances) of 1, so that
the standard deviation of the effect means the same on every graph (Riebler et al. 2016;
Freni-Sterrantino, Ventrucci and Rue 2018); an authority without neighbours has an independent
effect of variance 1. With V the scaled eigenvectors, the structured effects are :math:`V s`,
:math:`s \sim N(0, I)`, and those of a connected part sum to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bayesgrad.design.splines import Floats


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Structured effects of authorities.

    Attributes
    ----------
    basis : ndarray, shape (authorities, terms)
        V.
    alone : tuple of str
        Codes of authorities without neighbours.
    parts : int
        Connected parts of two authorities or more.
    """

    basis: Floats
    alone: tuple[str, ...]
    parts: int


def neighbours_of(codes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Neighbours:
    """Structured effects of authorities from the pairs of them that are neighbours.

    Pairs of which one is not among the codes do not enter.
    """
    place = {code: at for at, code in enumerate(codes)}
    known = [(place[one], place[other]) for one, other in pairs if {one, other} <= set(place)]
    graph = np.zeros((len(codes), len(codes)))
    for one, other in known:
        graph[one, other] = graph[other, one] = 1.0
    count, part = connected_components(coo_array(graph), directed=False)
    blocks, alone = [], []
    for k in range(count):
        members = np.flatnonzero(part == k)
        block = np.zeros((len(codes), max(len(members) - 1, 1)))
        if len(members) == 1:
            alone.append(codes[members[0]])
            block[members[0]] = 1.0
        else:
            block[members] = scaled_eigenvectors(graph[np.ix_(members, members)])
        blocks.append(block)
    return Neighbours(np.hstack(blocks), tuple(alone), count - len(alone))


def scaled_eigenvectors(graph: Floats) -> Floats:
    """V of one connected part from its adjacency matrix, (n, n): shape (n, n - 1)."""
    laplacian = np.diag(graph.sum(axis=1)) - graph
    values, vectors = np.linalg.eigh(laplacian)
    roots: Floats = vectors[:, 1:] / np.sqrt(values[1:])
    variance = (roots**2).sum(axis=1)
    scaled: Floats = roots / np.sqrt(np.exp(np.log(variance).mean()))
    return scaled
