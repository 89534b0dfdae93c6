r"""Priors of national coefficients on a design: what is sampled, and what it is multiplied by.

A coefficient is :math:`f z`, with z of the prior of the spec, or of the default one per 0.10 of
deprivation, and f a factor for each term: of the unit, of the form of moderation, and for a column
of two values one over their distance, so that the prior is of the contrast of the two, however they
are coded. The posterior is thus the same in every unit and coding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayesgrad.design.design import Design
from bayesgrad.design.splines import Floats
from bayesgrad.spec.default_priors import PER_STATED_UNIT, default_factor
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.priors import LocationPrior

BY_SPEC = (None, "moderation_term", "curvature_term")
"""Dimensions of coefficients whose factors no table changes."""
NEAR = 5.0
"""Factor up to which a coefficient is of the order of its prior at 0.10."""
STATED = "_stated"
"""Ends the name of a free variable whose multiple is the coefficient."""


@dataclass(frozen=True, eq=False)
class CoefficientPrior:
    """Prior of the coefficients of one variable.

    Attributes
    ----------
    variable : str
        Name of the variable of the model.
    key : str
        Key of `[priors]`.
    dim : str or None
        Dimension beside the outcome.
    prior : LocationPrior
        Of z, by default that at a unit of 0.10. An intercept's may lack its location, which is then
        the log of the crude rate.
    factor : ndarray, shape (terms,)
        f; of one term where there is no dimension beside the outcome.
    """

    variable: str
    key: str
    dim: str | None
    prior: LocationPrior
    factor: Floats

    @property
    def size(self) -> int:
        """Number of terms."""
        return len(self.factor)

    @property
    def plain(self) -> bool:
        """Whether the coefficients themselves are sampled, with the prior times the factor.

        So they are where factors are known from the spec and the coefficients not of another order.
        """
        by_spec = self.dim in BY_SPEC and bool((np.abs(np.log(self.factor)) < np.log(NEAR)).all())
        return by_spec or bool((self.factor == 1.0).all())

    @property
    def sampled(self) -> dict[str, float | Floats]:
        """Parameters of the prior of the free variable, by PyMC's names; by term where they differ.

        An intercept's may lack its location.
        """
        if not self.plain or (self.factor == 1.0).all():
            return dict(self.prior.parameters())
        if (self.factor == self.factor[0]).all():
            return dict(self.prior.times(float(self.factor[0])).parameters())
        each = [self.prior.times(float(factor)).parameters() for factor in self.factor]
        return {name: np.array([one[name] for one in each]) for name in each[0]}

    @property
    def free(self) -> str:
        """Name of the free variable, whose multiple the coefficients are where it is another."""
        return self.variable if self.plain else f"{self.variable}{STATED}"

    @property
    def data(self) -> dict[str, Floats]:
        """The factor under the name of its `pm.Data`, where there is need of it."""
        if self.plain:
            return {}
        return {f"{self.variable}_factor": self.factor if self.dim else self.factor.reshape(())}

    def moments(self, crude: float) -> tuple[Floats, Floats]:
        """Mean and standard deviation of each coefficient, each (terms,), of a normal prior."""
        given = {"mu": crude, **self.prior.parameters()}
        return given["mu"] * self.factor, given["sigma"] * self.factor


def level_priors(spec: ModelSpec, design: Design) -> tuple[CoefficientPrior, ...]:
    """Priors of the coefficients of authorities; those without a term are left out."""
    terms, moderators = design.basis.terms, design.authorities.moderators
    of_moderators = ("authority_moderator", 1.0 / moderators.step)
    found = (
        CoefficientPrior("intercept", "intercept", None, spec.priors.intercept, np.ones(1)),
        _prior(spec, "slope", "slope", None, np.ones(1)),
        _of_moderation(spec, "between", len(terms)),
        _of_moderation(spec, "interaction", len(terms)),
        _prior(spec, "authority_moderator_level", "covariates", *of_moderators),
        _prior(spec, "authority_moderator_gradient", "moderators", *of_moderators),
    )
    return tuple(one for one in found if one.size)


def row_priors(spec: ModelSpec, design: Design) -> tuple[CoefficientPrior, ...]:
    """Priors of the coefficients of rows; those without a term are left out."""
    covariates, curve = design.rows.covariates, np.ones(len(design.curve.terms))
    moderated = [covariates.names.index(name) for name in design.area_moderators]
    per_step = 1.0 / covariates.step
    found = (
        _prior(spec, "covariate", "covariates", "area_covariate", per_step),
        _prior(spec, "gradient_moderator", "moderators", "area_moderator", per_step[moderated]),
        _prior(spec, "curvature", "curvature", "curvature_term", curve),
    )
    return tuple(one for one in found if one.size)


def coefficient_priors(spec: ModelSpec, design: Design) -> Iterator[CoefficientPrior]:
    """All of them, in the order of the model's coefficients."""
    yield from level_priors(spec, design)
    yield from row_priors(spec, design)


def _prior(
    spec: ModelSpec, variable: str, key: str, dim: str | None, per_term: Floats
) -> CoefficientPrior:
    named = getattr(spec.priors, key)
    if named is not None:
        return CoefficientPrior(variable, key, dim, named, per_term)
    return CoefficientPrior(variable, key, dim, _stated(key), per_term * _factor(spec, key))


def _of_moderation(spec: ModelSpec, key: str, terms: int) -> CoefficientPrior:
    dim, named = "moderation_term", getattr(spec.priors, key)
    if named is not None:
        return CoefficientPrior(key, key, dim, named, np.ones(terms))
    factor = np.array([_factor(spec, key, bend=term > 0) for term in range(terms)])
    return CoefficientPrior(key, key, dim, _stated(key), factor)


def _stated(key: str) -> LocationPrior:
    found = PER_STATED_UNIT[key]
    if not isinstance(found, LocationPrior):
        raise KeyError(key)
    return found


def _factor(spec: ModelSpec, key: str, *, bend: bool = False) -> float:
    return default_factor(
        key,
        unit=spec.gradient.unit,
        moderation=spec.authority.moderation,
        curvature=spec.gradient.curvature,
        bend=bend,
    )
