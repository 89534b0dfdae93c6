"""The curve of deprivation that all authorities share, on top of their own straight lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.splines import Floats, bend, knots_of, too_few_for
from bayesgrad.errors import DataError
from bayesgrad.spec.vocabulary import Curvature


@dataclass(frozen=True, eq=False)
class CommonCurve:
    r"""Basis :math:`f(d)` of the common curve, with value and slope 0 at the mean authority.

    It is a function of the area's deprivation itself, not of its distance from the authority's
    mean: so a concave curve, which makes affluent authorities look steeper, is told apart from
    the cross-level interaction; and :math:`b_j` stays the gradient at :math:`d = \bar D`.

    =========  ==============================================================================
    form       columns
    =========  ==============================================================================
    none       none
    quadratic  :math:`((d - \bar D) / \mathrm{unit})^2`
    spline     bends of a natural cubic spline, each with a standard deviation of 1 over areas
    =========  ==============================================================================
    """

    form: Curvature
    at_deprivation: float
    unit: float
    knots: Floats
    scale: Floats

    @classmethod
    def of(cls, form: Curvature, deprivation: Floats, *, at: float, unit: float) -> CommonCurve:
        """Curve for areas of the given deprivation, shape (areas,).

        Raises
        ------
        DataError
            If deprivation has too few distinct values for a spline.
        """
        empty = np.empty(0)
        if form != "spline":
            return cls(form, at, unit, empty, empty)
        knots = knots_of(deprivation)
        if too_few_for(deprivation, knots):
            raise DataError(
                "a spline of deprivation needs at least 4 distinct values, not heaped on one; "
                f"the areas have {len(np.unique(deprivation))}",
                'Use [gradient] curvature = "quadratic" or "none".',
            )
        return cls(form, at, unit, knots, bend(deprivation, knots, at=at).std(axis=0))

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns."""
        if self.form == "quadratic":
            return ("quadratic",)
        return tuple(f"spline {k + 1}" for k in range(len(self.scale)))

    def at(self, deprivation: Floats) -> Floats:
        """Columns at the given area deprivations: (n,) -> (n, terms)."""
        if self.form == "none":
            return np.empty((len(deprivation), 0))
        if self.form == "quadratic":
            return (((deprivation - self.at_deprivation) / self.unit) ** 2)[:, None]
        return bend(deprivation, self.knots, at=self.at_deprivation) / self.scale
