r"""How strata deviate from their mean: bases of pooled and of ordered strata, and of two crossed.

The deviations of K strata are :math:`v = \sigma B w` with w standard normal and B, (K, r), a basis
whose columns sum to zero over strata; so the mean over strata is the model's own intercept, or
slope. Unordered strata are exchangeable: :math:`B B' = I - 11'/K`, the covariance of independent
deviations less their mean. Ordered strata follow a first-order random walk, whose steps have the
standard deviation :math:`\sigma`, less its mean (Rue and Held 2005, section 3.3).

Strata of two columns crossed have a component for each column, and one for what their combinations
add to both: its basis is the Kronecker product of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import helmert

from bayesgrad.design.splines import Floats


@dataclass(frozen=True, eq=False)
class StrataComponent:
    """One part of the deviations of strata, with a standard deviation of its own.

    Attributes
    ----------
    name : str
        Column that it belongs to, or the names of two crossed, joined by " x ".
    basis : ndarray, shape (strata, r)
        B.
    """

    name: str
    basis: Floats

    @property
    def variance(self) -> Floats:
        """Prior variance of each stratum's deviation at a standard deviation of 1: (strata,)."""
        found: Floats = (self.basis**2).sum(axis=1)
        return found


def strata_basis(count: int, *, ordered: bool) -> Floats:
    """Basis of the deviations of strata in their order, shape (count, count - 1)."""
    if not ordered:
        return np.ascontiguousarray(helmert(count).T)
    return walk_basis(range(count))


def walk_basis(places: Sequence[float] | Floats) -> Floats:
    r"""Basis of a random walk less its mean, at increasing places, shape (places, places - 1).

    The step over a gap of :math:`\Delta` has the standard deviation
    :math:`\sigma \sqrt{\Delta}`: that of so many steps of 1 (Rue and Held 2005, section 3.3.1).
    """
    at = np.asarray(places, dtype=np.float64)
    steps = np.tril(np.ones((len(at), len(at))))[:, 1:] * np.sqrt(np.diff(at))
    return steps - steps.mean(axis=0)


def crossed_components(
    first: tuple[str, int, bool], second: tuple[str, int, bool]
) -> tuple[StrataComponent, ...]:
    """Components of two columns crossed, the second running fastest.

    Parameters
    ----------
    first, second : tuple
        Name of the column, number of its strata, and whether they are ordered.
    """
    (name, count, ordered), (other_name, other_count, other_ordered) = first, second
    one: Floats = strata_basis(count, ordered=ordered)
    other = strata_basis(other_count, ordered=other_ordered)
    bases = {
        name: np.kron(one, np.ones((other_count, 1))),
        other_name: np.kron(np.ones((count, 1)), other),
        f"{name} x {other_name}": np.kron(one, other),
    }
    return tuple(
        StrataComponent(of, np.asarray(basis, dtype=np.float64)) for of, basis in bases.items()
    )
