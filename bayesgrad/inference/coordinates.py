r"""Coordinates in which NUTS finds the coefficients apart, where data tie them together.

Terms of a spline, or covariates that go together, have coefficients whose posterior is a narrow
ridge, along which a sampler with a diagonal mass matrix creeps. Write c for the coefficients and z
for the standardised effects of authorities and of all else, whose posterior given c is roughly
standard normal. With P the negative Hessian of the log density at a point near the mode, and
:math:`M = P_{zc}`, the precision of c alone is :math:`S = P_{cc} - M' M`. Sampled are

.. math:: c' = L' (c - m), \qquad z' = z + M (c - m), \qquad L L' = S,

which are uncorrelated as far as the log density is quadratic. The change is linear, so that the
posterior is the same whatever P is; only the speed depends on it. It is made where it pays: where
the variance of a coefficient is inflated by the others (the variance inflation factor
:math:`(S^{-1})_{ii} P_{ii}`) by `LARGEST_INFLATION` or more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from bayesgrad.design.design import Integers
from bayesgrad.design.splines import Floats
from bayesgrad.inference.compiled import Block
from bayesgrad.model.arrays import COEFFICIENTS
from bayesgrad.model.coefficient_priors import STATED

STANDARDISED = "z"
"""First letter of the names of free variables that are standard normal a priori or given c."""
LARGEST_INFLATION = 4.0
"""Twice the standard deviation that a coefficient would have if the others were known."""
STEPS = 5
"""Newton steps towards the mode, each of at most 1."""
LEAST_PRECISION = 1e-3
"""Taken for a direction of less, in these steps."""
DIFFERENCE = 1e-4
"""Of a coefficient, for derivatives of the gradient."""


class Density(Protocol):
    """Log density of a vector of parameters."""

    @property
    def size(self) -> int:
        """Number of parameters."""
        ...

    def density(self, point: Floats) -> tuple[float, Floats]:
        """Log density at a point, shape (size,), and its gradient."""
        ...


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Linear coordinates of a density: itself a density, of those coordinates.

    Attributes
    ----------
    model : Density
    coefficients, standardised : ndarray of int64, shape (n,) and (others,)
        Places of c and z in the vector of parameters.
    centre : ndarray, shape (n,)
        m.
    lower : ndarray, shape (n, n)
        L.
    coupling : ndarray, shape (others, n)
        M.
    """

    model: Density
    coefficients: Integers
    standardised: Integers
    centre: Floats
    lower: Floats
    coupling: Floats

    @cached_property
    def _root(self) -> Floats:
        root: Floats = np.linalg.inv(self.lower).T
        return root

    @cached_property
    def _shift(self) -> Floats:
        shift: Floats = self.coupling @ self._root
        return shift

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self.model.size

    def density(self, point: Floats) -> tuple[float, Floats]:
        """Log density at coordinates, shape (size,), less a constant, and its gradient."""
        value, of_parameters = self.model.density(self.parameters(point))
        gradient = np.array(of_parameters)
        gradient[self.coefficients] = (
            gradient[self.coefficients] @ self._root - gradient[self.standardised] @ self._shift
        )
        return value, gradient

    def parameters(self, points: Floats) -> Floats:
        """Parameters at coordinates, (..., size)."""
        found, own = points.copy(), points[..., self.coefficients]
        found[..., self.coefficients] = self.centre + own @ self._root.T
        found[..., self.standardised] -= own @ self._shift.T
        return found

    def of_parameters(self, points: Floats) -> Floats:
        """Coordinates of parameters, (..., size)."""
        found, from_centre = points.copy(), points[..., self.coefficients] - self.centre
        found[..., self.coefficients] = from_centre @ self.lower
        found[..., self.standardised] += from_centre @ self.coupling.T
        return found


def uncoupled(model: Density, layout: Mapping[str, Block], start: Floats) -> Coordinates | None:
    """Coordinates in which the coefficients are uncorrelated; None where they are, nearly, already.

    Parameters
    ----------
    model : Density
    layout : dict of str to Block
        Where the free variables stand.
    start : ndarray, shape (size,)
        Near the mode. Where that cannot be approached, as from an impossible point, the result is
        None.
    """
    coefficients = _places(
        layout, [name for name in layout if name.removesuffix(STATED) in COEFFICIENTS]
    )
    standardised = _places(layout, [name for name in layout if name.startswith(STANDARDISED)])
    if len(coefficients) < 2:
        return None
    at = start.copy()
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            value, gradient = model.density(at)
            whole, coupling, alone = _precision(model, at, coefficients, standardised)
            if not (np.isfinite(value) and np.isfinite(alone).all()):
                return None
            rise = gradient[coefficients] - gradient[standardised] @ coupling
            values, vectors = np.linalg.eigh(alone)
            step = vectors @ (vectors.T @ rise / np.maximum(np.abs(values), LEAST_PRECISION))
            step /= max(1.0, np.abs(step).max())
            at[coefficients] += step
            at[standardised] += gradient[standardised] - coupling @ step
    if values[0] <= 0.0 or not np.isfinite(at).all():
        return None
    inflation = np.linalg.inv(alone).diagonal() * whole.diagonal()
    if not inflation.max() >= LARGEST_INFLATION:
        return None
    centre, lower = at[coefficients], np.linalg.cholesky(alone)
    return Coordinates(model, coefficients, standardised, centre, lower, coupling)


def _places(layout: Mapping[str, Block], names: list[str]) -> Integers:
    places = [np.arange(layout[name].place.start, layout[name].place.stop) for name in names]
    return np.concatenate(places) if places else np.empty(0, dtype=np.int64)


def _precision(
    model: Density, at: Floats, coefficients: Integers, standardised: Integers
) -> tuple[Floats, Floats, Floats]:
    """P of the coefficients, M, and S, by central differences of the gradient."""
    columns = []
    for place in coefficients:
        step = np.zeros(model.size)
        step[place] = DIFFERENCE
        change = model.density(at - step)[1] - model.density(at + step)[1]
        columns.append(change / (2.0 * DIFFERENCE))
    hessian = np.stack(columns, axis=1)
    whole, coupling = hessian[coefficients], hessian[standardised]
    alone = whole - coupling.T @ coupling
    return whole, coupling, (alone + alone.T) / 2.0
