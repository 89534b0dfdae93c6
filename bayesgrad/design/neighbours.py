r"""Effects of authorities that neighbours share: the structured part of a BYM2 model.

The graph of neighbours has the Laplacian Q, and the intrinsic conditional autoregression the
generalised inverse of Q for its covariance (Besag, York and Mollié 1991). In each connected part of
the graph it is scaled to a generalised variance (the geometric mean of the variances) of 1, so that
the standard deviation of the effect means the same on every graph (Riebler et al. 2016;
Freni-Sterrantino, Ventrucci and Rue 2018). Neighbours say nothing of the mean of a connected part:
it has the variance that it has with independent authorities, whose effects have variance 1. (With
the variance 0 of the generalised inverse the model's intercept would be tied to that mean the more,
the larger the structured share.) An authority without neighbours is a part of one, so that all its
variance is that of the mean. The covariance is then :math:`U \operatorname{diag}(\lambda) U'`, U
orthogonal, with :math:`\lambda = 1` for the means of connected parts.
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
    """Covariance of the structured part of authority effects, by eigenvectors.

    Attributes
    ----------
    vectors : ndarray, shape (authorities, authorities)
        U.
    values : ndarray, shape (authorities,)
        Lambda.
    alone : tuple of str
        Codes of authorities without neighbours.
    parts : int
        Connected parts of two authorities or more.
    """

    vectors: Floats
    values: Floats
    alone: tuple[str, ...]
    parts: int

    def arrays(self) -> dict[str, Floats]:
        """Eigenvectors and eigenvalues under the names of their `pm.Data`."""
        return {"neighbour_vectors": self.vectors, "neighbour_values": self.values}

    def inflation(self, share: Floats) -> Floats:
        """Variance along each eigenvector, f, of effects of variance 1.

        Parameters
        ----------
        share : ndarray, shape (...)
            Structured share of the variance, phi.

        Returns
        -------
        ndarray, shape (authorities, ...)
        """
        found: Floats = 1.0 - share + np.multiply.outer(self.values, share)
        return found

    def root(self, share: float) -> Floats:
        """Symmetric square root of the covariance of effects of variance 1."""
        root: Floats = (self.vectors * np.sqrt(self.inflation(np.asarray(share)))) @ self.vectors.T
        return root


def neighbours_of(codes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Neighbours:
    """Structured part of effects of authorities from the pairs of them that are neighbours.

    Pairs of which one is not among the codes do not enter.
    """
    place = {code: at for at, code in enumerate(codes)}
    known = [(place[one], place[other]) for one, other in pairs if {one, other} <= set(place)]
    graph = np.zeros((len(codes), len(codes)))
    for one, other in known:
        graph[one, other] = graph[other, one] = 1.0
    count, part = connected_components(coo_array(graph), directed=False)
    vectors, values, alone = np.zeros_like(graph), np.empty(len(codes)), []
    for k in range(count):
        members = np.flatnonzero(part == k)
        block = np.ix_(members, members)
        if len(members) == 1:
            alone.append(codes[members[0]])
        # An eigenvector of the part stands in the column of one of its members.
        vectors[block], values[members] = scaled_eigenvectors(graph[block])
    return Neighbours(vectors, values, tuple(alone), count - len(alone))


def scaled_eigenvectors(graph: Floats) -> tuple[Floats, Floats]:
    """Eigenvectors, (n, n), and lambda, (n,), of one connected part from its adjacency matrix."""
    laplacian = np.diag(graph.sum(axis=1)) - graph
    precision, vectors = np.linalg.eigh(laplacian)
    if len(graph) == 1:
        return vectors, np.ones(1)
    values = 1.0 / precision[1:]
    variance = vectors[:, 1:] ** 2 @ values
    return vectors, np.concatenate([[1.0], values / np.exp(np.log(variance).mean())])
