"""PriorPack: what a national fit says of an authority that is not in it, as frozen data.

A pack holds the joint normal distribution of a national fit's parameters on an unconstrained scale
(coefficients as they are, log standard deviations, atanh correlations), and what they refer to. It
holds nothing of any one authority or area.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from bayesgrad.spec.pack_layout import PackBlock, pack_blocks
from bayesgrad.spec.validated import Part, as_tuple
from bayesgrad.spec.vocabulary import AtRisk, Centre, Curvature, Family, Link, Moderation

FORMAT = 2
SYMMETRIC = 1e-9
"""Largest difference of two halves of a correlation matrix."""


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(as_tuple)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Numbers = Annotated[tuple[Number, ...], BeforeValidator(as_tuple)]
Matrix = Annotated[tuple[tuple[Number, ...], ...], BeforeValidator(as_tuple)]
Share = Annotated[float, Field(ge=0, le=1)]


class PackSource(Part):
    """The national fit that a pack came from."""

    title: str
    bayesgrad: str
    """Version that wrote the pack."""
    engine: Literal["nuts", "laplace"]
    draws: int = Field(ge=1)
    diagnostics_passed: bool


class PackNation(Part):
    """How many authorities the parameters rest on, and how deprived these are."""

    authorities: int = Field(ge=2)
    areas: int = Field(ge=2)
    probabilities: Annotated[Numbers, Field(min_length=2)]
    deprivation: Annotated[Numbers, Field(min_length=2)]
    """Quantiles of authority deprivation at `probabilities`, rounded."""

    @model_validator(mode="after")
    def _is_a_distribution(self) -> Self:
        probabilities, quantiles = np.array(self.probabilities), np.array(self.deprivation)
        if len(probabilities) != len(quantiles):
            raise ValueError("probabilities and deprivation differ in length")
        if (
            probabilities.min() <= 0
            or probabilities.max() >= 1
            or (np.diff(probabilities) <= 0).any()
        ):
            raise ValueError("probabilities do not rise between 0 and 1")
        if (np.diff(quantiles) < 0).any() or quantiles[0] < 0 or quantiles[-1] > 1:
            raise ValueError("deprivation does not rise between 0 and 1")
        return self


class PackModel(Part):
    """What the parameters refer to: unit, deprivation, centring, and bases of deprivation."""

    unit: float = Field(gt=0, le=1)
    vintage: Name
    deprivation: Name
    """Column of the national table."""
    authority_deprivation: Name
    """"mean" of the authority's areas, or a column of the national table."""
    at_risk: AtRisk
    centre: Centre | Share
    centre_value: Share | None = None
    """Deprivation at which x is 0, where it is one for all authorities."""
    moderation: Moderation
    mean_authority_deprivation: Share
    moderation_terms: Names = ()
    moderation_knots: Numbers = ()
    moderation_scale: Numbers = ()
    curvature: Curvature
    curvature_terms: Names = ()
    curvature_knots: Numbers = ()
    curvature_scale: Numbers = ()
    covariance: Literal["full", "by_outcome", "diagonal"]

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        if (self.centre_value is None) != (self.centre == "authority"):
            raise ValueError('centre_value belongs with every centre but "authority"')
        for kind in ("moderation", "curvature"):
            knots, scale = getattr(self, f"{kind}_knots"), getattr(self, f"{kind}_scale")
            spline = getattr(self, kind) == "spline"
            if len(scale) != max(len(knots) - 2, 0) or bool(knots) != spline:
                raise ValueError(f"{kind}_knots and {kind}_scale do not make a spline")
            if any(later <= knot for knot, later in pairwise(knots)) or min(scale, default=1) <= 0:
                raise ValueError(f"{kind}_knots do not rise, or {kind}_scale is not above 0")
        return self


class PackOutcome(Part):
    """How an outcome is distributed."""

    column: Name
    family: Family
    link: Link
    out_of: str = ""
    events: int = Field(ge=0)
    """In the whole nation."""


class PackColumn(Part):
    """A covariate or moderator, with the national values that standardise it."""

    name: Name
    centre: Number
    scale: float = Field(gt=0, allow_inf_nan=False)


Columns = Annotated[tuple[PackColumn, ...], BeforeValidator(as_tuple)]


class PackParameters(Part):
    """Joint normal distribution of the parameters on an unconstrained scale."""

    names: Names
    mean: Numbers
    covariance: Matrix

    @model_validator(mode="after")
    def _is_a_normal_distribution(self) -> Self:
        size = len(self.names)
        if len(self.mean) != size or {len(row) for row in (self.covariance, *self.covariance)} != {
            size
        }:
            raise ValueError(f"mean or covariance is not of the {size} names")
        covariance = np.array(self.covariance)
        variance = np.diag(covariance)
        if (variance <= 0).any():
            at = self.names[int(np.argmax(variance <= 0))]
            raise ValueError(
                f"covariance is not positive definite: the variance of {at} is not above 0"
            )
        correlation = covariance / np.sqrt(np.outer(variance, variance))
        if np.abs(correlation - correlation.T).max() > SYMMETRIC:
            raise ValueError("covariance is not symmetric")
        if np.linalg.eigvalsh(correlation).min() <= 0:
            raise ValueError("covariance is not positive definite")
        return self


class PriorPack(Part):
    """A national prior: written by `bayesgrad prior`, named in a spec as `prior_pack`.

    Read with `PriorPack.read`, made with `GradientFit.prior_pack`.
    """

    format: Literal[2] = 2
    source: PackSource
    nation: PackNation
    model: PackModel
    outcomes: Annotated[tuple[PackOutcome, ...], BeforeValidator(as_tuple), Field(min_length=1)]
    area_covariates: Columns = ()
    """Covariates, then moderators of the gradient."""
    area_moderators: Names = ()
    authority_moderators: Columns = ()
    parameters: PackParameters

    @model_validator(mode="after")
    def _names_are_those_of_the_model(self) -> Self:
        expected = tuple(name for block in self.blocks for name in block.names)
        found = self.parameters.names
        if found != expected:
            odd = [name for name in (*found, *expected) if (name in found) != (name in expected)]
            raise ValueError(
                f"[parameters] names are not those of the model described: {', '.join(odd[:5])}"
                if odd
                else "[parameters] names are not in the order of the model described"
            )
        return self

    @cached_property
    def blocks(self) -> tuple[PackBlock, ...]:
        """Where the values of each variable of the model stand among the parameters."""
        return pack_blocks(
            outcomes=tuple((outcome.column, outcome.family) for outcome in self.outcomes),
            covariance=self.model.covariance,
            terms={
                "moderation_term": self.model.moderation_terms,
                "authority_moderator": tuple(column.name for column in self.authority_moderators),
                "area_covariate": tuple(column.name for column in self.area_covariates),
                "area_moderator": self.area_moderators,
                "curvature_term": self.model.curvature_terms,
            },
        )

    def mean(self) -> NDArray[np.float64]:
        """Mean of the parameters, shape (parameters,)."""
        return np.array(self.parameters.mean)

    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the parameters, shape (parameters, parameters)."""
        covariance = np.array(self.parameters.covariance)
        symmetric: NDArray[np.float64] = 0.5 * (covariance + covariance.T)
        return symmetric

    @classmethod
    def read(cls, path: str | Path) -> PriorPack:
        """Read a pack from the TOML file that `write` wrote.

        Raises
        ------
        SpecError
            If the file is missing, is damaged or was changed, is of a later format, or describes no
            distribution.
        """
        from bayesgrad.spec.pack_files import read_pack

        return read_pack(Path(path))

    def write(self, path: str | Path) -> Path:
        """Write the pack as TOML, all or nothing, and return its path.

        Raises
        ------
        SpecError
            If the folder does not exist.
        """
        from bayesgrad.spec.pack_files import write_pack

        return write_pack(self, Path(path))
