"""How authority deprivation moderates: the basis W(D) of the between effect and the interaction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesgrad.design.splines import Floats, bend, knots_of, too_few_for
from bayesgrad.errors import DataError
from bayesgrad.spec.vocabulary import Moderation


@dataclass(frozen=True, eq=False)
class ModerationBasis:
    r"""Basis :math:`W(D)` of one form of moderation, zero at the mean authority deprivation.

    ======  ==================================================================================
    form    columns
    ======  ==================================================================================
    none    none
    linear  :math:`(D - \bar D) / \mathrm{unit}`
    log     :math:`\ln(D / \bar D)`
    spline  the linear column, then the bends of a natural cubic spline, each with value and
            slope 0 at :math:`\bar D` and a standard deviation of 1 over authorities
    ======  ==================================================================================

    Attributes
    ----------
    form : {"none", "linear", "log", "spline"}
    mean : float
        :math:`\bar D`, the unweighted mean over authorities (a proportion).
    unit : float
        Unit of deprivation (a proportion).
    knots, scale : ndarray
        Knots (in D) and standard deviations of the bends; empty unless the form is spline.
    """

    form: Moderation
    mean: float
    unit: float
    knots: Floats
    scale: Floats

    @classmethod
    def of(cls, form: Moderation, deprivation: Floats, *, unit: float) -> ModerationBasis:
        """Basis for authorities of the given deprivation, shape (authorities,).

        Raises
        ------
        DataError
            If the form cannot be computed: log of a deprivation of 0, or too few distinct
            authorities for a spline.
        """
        mean = float(deprivation.mean())
        empty = np.empty(0)
        refuse_no_logarithm(form, deprivation)
        if form != "spline":
            return cls(form, mean, unit, empty, empty)
        knots = knots_of(deprivation)
        if too_few_for(deprivation, knots):
            raise DataError(
                "a spline of authority deprivation needs at least 4 distinct values, not heaped "
                f"on one; the {len(deprivation)} authorities have {len(np.unique(deprivation))}",
                'Use [authority] moderation = "linear" or "log".',
            )
        scale = bend(deprivation, knots, at=mean).std(axis=0)
        return cls(form, mean, unit, knots, scale)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns."""
        if self.form == "none":
            return ()
        bends = tuple(f"spline {k + 1}" for k in range(len(self.scale)))
        return ("log" if self.form == "log" else "linear", *bends)

    def at(self, deprivation: Floats) -> Floats:
        """W at the given authority deprivations: (n,) -> (n, terms); NaN where undefined."""
        if self.form == "none":
            return np.empty((len(deprivation), 0))
        if self.form == "log":
            positive = np.where(deprivation > 0, deprivation, np.nan)
            return np.log(positive / self.mean)[:, None]
        linear = ((deprivation - self.mean) / self.unit)[:, None]
        if self.form == "linear":
            return linear
        return np.hstack([linear, bend(deprivation, self.knots, at=self.mean) / self.scale])

    def derivative(self) -> Floats:
        """Return dW/dD times the unit, at the mean authority deprivation; shape (terms,)."""
        if self.form == "none":
            return np.empty(0)
        if self.form == "log":
            return np.array([self.unit / self.mean])
        return np.array([1.0, *np.zeros(len(self.scale))])


def refuse_no_logarithm(form: Moderation, deprivation: Floats) -> None:
    """Refuse log moderation by authority deprivations, (authorities,), that are not above 0.

    Raises
    ------
    DataError
    """
    if form == "log" and deprivation.min() <= 0:
        raise DataError(
            "log moderation needs authority deprivation above 0; the smallest is "
            f"{deprivation.min():g}",
            'Use [authority] moderation = "linear".',
        )
