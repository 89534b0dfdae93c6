"""Parts of a model spec: the tables of its TOML."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.validated import Part, as_tuple
from bayesgrad.spec.vocabulary import (
    AtRisk,
    Centre,
    Covariance,
    Curvature,
    Engine,
    Family,
    FittingEngine,
    Link,
    MissingCounts,
    Moderation,
    Parameterisation,
    SmallAuthorities,
    StratumGradients,
)
from bayesgrad.spec.writing import named_plainly

CASE_FAMILIES = ("binomial", "beta_binomial")
"""Families of events out of cases."""
DISPERSED_FAMILIES = ("negative_binomial", "beta_binomial")
"""Families with a parameter of overdispersion."""

MOST_DRAWS = 1_000_000
"""Draws of a chain, at most: more are a slip of the pen."""

WIDEST = 100
"""Distance of the bounds of suppressed counts, at most."""


ColumnName = Annotated[str, Field(min_length=1), BeforeValidator(named_plainly)]
ColumnNames = Annotated[tuple[ColumnName, ...], BeforeValidator(as_tuple)]


class Columns(Part):
    """Which column of the table holds what."""

    area: ColumnName
    authority: ColumnName
    authority_name: ColumnName | None = None
    exposure: ColumnName
    at_risk: AtRisk = "people"
    """What exposure counts: people (or cases), or time, so that gradients are hazard ratios."""
    deprivation: ColumnName
    vintage: ColumnName
    """Release of the deprivation measure (such as IoD2019), stamped on every output."""
    neighbourhood: ColumnName | None = None
    """Code of the larger neighbourhood (such as the MSOA) that an area lies in: each has an effect
    of its own on every outcome, the same in all its areas."""


class Outcome(Part):
    """One counted outcome (threshold of intervention).

    `out_of` names the outcome of an earlier stage whose events are this one's cases; `family` and
    `link` are those of `[likelihood]` unless given (see `ModelSpec.family_of`).
    """

    column: ColumnName
    label: ColumnName | None = None
    exposure: ColumnName | None = None
    out_of: ColumnName | None = None
    family: Family | None = None
    link: Link | None = None

    @property
    def title(self) -> str:
        """Label for readers: `label`, or the column's name."""
        return self.label or self.column


class Gradient(Part):
    """How deprivation enters: unit, centring and common curvature."""

    unit: float = Field(default=0.10, gt=0, le=1)
    centre: Centre | Annotated[float, Field(ge=0, le=1)] = "authority"
    curvature: Curvature = "none"


class Authority(Part):
    """What varies between authorities."""

    deprivation: ColumnName = "mean"
    moderation: Moderation = "log"
    moderators: ColumnNames = ()
    covariance: Covariance = "full"
    """Of an authority's intercepts and slopes: all outcomes' together (`full`, or `low_rank` plus
    diagonal), each outcome's own, or none (`diagonal`)."""
    rank: int = Field(default=2, ge=1)
    """Number of factors of a `low_rank` covariance."""


class Area(Part):
    """Area-level covariates, and those that also change the gradient."""

    covariates: ColumnNames = ()
    moderators: ColumnNames = ()


class Crossed(Part):
    """A second column of strata, crossed with the first."""

    column: ColumnName
    ordered: bool = False
    order: ColumnNames = ()


class Strata(Part):
    """Groups of children or of cases, or intervals of time."""

    column: ColumnName
    ordered: bool = False
    order: ColumnNames = ()
    """Strata in their order, where the numbers that they begin with do not say it."""
    crossed_with: Crossed | None = None
    gradients: StratumGradients = "pooled"
    """Whether each stratum has a gradient of its own, or all one: strata of different levels."""
    authority_deviations: bool = False
    """Whether the strata of an authority deviate from the nation's by amounts of its own: in their
    levels, and in their gradients unless all strata have one."""
    equivalence: float = Field(default=1.05, gt=1, le=10)
    """Gradients whose ratio lies between this and its reciprocal are practically the same."""


class Years(Part):
    """Years of a panel, in which every area has a row for each year.

    They are ordered strata, from which authorities deviate by a random walk of their own.
    """

    column: ColumnName
    equivalence: float = Field(default=1.05, gt=1, le=10)
    """As of `Strata`."""


class Spatial(Part):
    """Neighbours, whose effects may be alike."""

    adjacency: Adjacency
    """In a spec the path of a file of pairs or of boundaries, which is read with the spec."""
    code: ColumnName | None = None
    """Property of boundaries that has the code of an authority."""


class Suppressed(Part):
    """Counts hidden behind a symbol, with the values that they may have."""

    symbol: ColumnName
    lower: int = Field(ge=0)
    upper: int = Field(ge=0)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.lower > self.upper:
            raise ValueError(f"lower ({self.lower}) is above upper ({self.upper})")
        if self.upper - self.lower > WIDEST:
            raise ValueError(
                f"lower ({self.lower}) and upper ({self.upper}) are more than {WIDEST} apart"
            )
        return self


class Likelihood(Part):
    """Distribution of the counts."""

    family: Family = "negative_binomial"
    link: Link | None = None
    """By default log for counts and logit for cases."""
    suppressed: Suppressed | None = None


class Rows(Part):
    """Which rows of the table enter, and what happens to those that cannot."""

    missing_counts: MissingCounts = "drop"
    small_authorities: SmallAuthorities = "refuse"
    minimum_areas: int = Field(default=2, ge=1)
    exclude_authorities: ColumnNames = ()


class Sampling(Part):
    """Which engine, and how long; `draws` and `tune` are per chain."""

    engine: Engine = "auto"
    draws: int = Field(default=1500, ge=4, le=MOST_DRAWS)
    tune: int = Field(default=300, ge=50, le=MOST_DRAWS)
    chains: int = Field(default=4, ge=1, le=64)
    seed: int = Field(default=20190331, ge=0, lt=2**32)
    target_accept: float = Field(default=0.65, gt=0.5, lt=1)
    retries: int = Field(default=2, ge=0, le=2)
    """How often NUTS takes smaller steps where it diverged, and how often it adds chains where they
    are too few, at most."""
    parameterisation: Parameterisation = "partial"

    @property
    def fitting_engine(self) -> FittingEngine:
        """The engine that fits: NUTS where it is left open."""
        return "laplace" if self.engine == "laplace" else "nuts"
