"""ModelSpec: what to fit, as frozen, validated data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.prior_pack import PriorPack
from bayesgrad.spec.priors import Priors
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

CASE_FAMILIES = ("binomial", "beta_binomial")
"""Families of events out of cases."""
DISPERSED_FAMILIES = ("negative_binomial", "beta_binomial")
"""Families with a parameter of overdispersion."""

WIDEST = 100
"""Distance of the bounds of suppressed counts, at most."""


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


ColumnName = Annotated[str, Field(min_length=1)]
ColumnNames = Annotated[tuple[ColumnName, ...], BeforeValidator(_as_tuple)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Columns(_Part):
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


class Outcome(_Part):
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


class Gradient(_Part):
    """How deprivation enters: unit, centring and common curvature."""

    unit: float = Field(default=0.10, gt=0, le=1)
    centre: Centre | Annotated[float, Field(ge=0, le=1)] = "authority"
    curvature: Curvature = "none"


class Authority(_Part):
    """What varies between authorities."""

    deprivation: ColumnName = "mean"
    moderation: Moderation = "log"
    moderators: ColumnNames = ()
    covariance: Covariance = "full"
    """Of an authority's intercepts and slopes: all outcomes' together (`full`, or `low_rank` plus
    diagonal), each outcome's own, or none (`diagonal`)."""
    rank: int = Field(default=2, ge=1)
    """Number of factors of a `low_rank` covariance."""


class Area(_Part):
    """Area-level covariates, and those that also change the gradient."""

    covariates: ColumnNames = ()
    moderators: ColumnNames = ()


class Crossed(_Part):
    """A second column of strata, crossed with the first."""

    column: ColumnName
    ordered: bool = False
    order: ColumnNames = ()


class Strata(_Part):
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


class Years(_Part):
    """Years of a panel, in which every area has a row for each year.

    They are ordered strata, from which authorities deviate by a random walk of their own.
    """

    column: ColumnName
    equivalence: float = Field(default=1.05, gt=1, le=10)
    """As of `Strata`."""


class Spatial(_Part):
    """Neighbours, whose effects may be alike."""

    adjacency: Adjacency
    """In a spec the path of a file of pairs or of boundaries, which is read with the spec."""
    code: ColumnName | None = None
    """Property of boundaries that has the code of an authority."""


class Suppressed(_Part):
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


class Likelihood(_Part):
    """Distribution of the counts."""

    family: Family = "negative_binomial"
    link: Link | None = None
    """By default log for counts and logit for cases."""
    suppressed: Suppressed | None = None


class Rows(_Part):
    """Which rows of the table enter, and what happens to those that cannot."""

    missing_counts: MissingCounts = "drop"
    small_authorities: SmallAuthorities = "refuse"
    minimum_areas: int = Field(default=2, ge=1)
    exclude_authorities: ColumnNames = ()


class Sampling(_Part):
    """Which engine, and how long; `draws` and `tune` are per chain."""

    engine: Engine = "auto"
    draws: int = Field(default=1500, ge=4)
    tune: int = Field(default=300, ge=50)
    chains: int = Field(default=4, ge=1, le=64)
    seed: int = Field(default=20190331, ge=0, lt=2**32)
    target_accept: float = Field(default=0.65, gt=0.5, lt=1)
    parameterisation: Parameterisation = "partial"

    @property
    def fitting_engine(self) -> FittingEngine:
        """The engine that fits: NUTS where it is left open."""
        return "laplace" if self.engine == "laplace" else "nuts"


class ModelSpec(_Part):
    """A model of one or more outcomes on one table of areas.

    Read from TOML with `ModelSpec.read`; frozen; nothing in it is ever evaluated as code.
    The grammar, with every key and default, is in `models/README.md`.
    """

    title: ColumnName
    columns: Columns
    outcomes: Annotated[tuple[Outcome, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
    gradient: Gradient = Gradient()
    authority: Authority = Authority()
    area: Area = Area()
    strata: Strata | None = None
    likelihood: Likelihood = Likelihood()
    rows: Rows = Rows()
    priors: Priors = Priors()
    sampling: Sampling = Sampling()
    prior_pack: PriorPack | None = None
    """In a spec file the path of one, relative to its folder."""
    years: Years | None = None
    spatial: Spatial | None = None

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        from bayesgrad.spec.coherence import faults_of

        faults = faults_of(self)
        if faults:
            raise ValueError("\n".join(faults))
        return self

    @property
    def strata_or_years(self) -> Strata | None:
        """Strata of the rows: those of `[strata]`, or the years, which are ordered strata."""
        if self.years is None:
            return self.strata
        return Strata(
            column=self.years.column,
            ordered=True,
            authority_deviations=True,
            equivalence=self.years.equivalence,
        )

    def exposure_of(self, outcome: Outcome) -> str:
        """Column of the exposure of one outcome.

        The outcome that it is out of, its own, or that of `[columns]`.
        """
        return outcome.out_of or outcome.exposure or self.columns.exposure

    def family_of(self, outcome: Outcome) -> Family:
        """Family of one outcome: its own, or that of `[likelihood]`.

        An outcome out of an earlier stage's is binomial, or beta-binomial where the family of
        `[likelihood]` is overdispersed.
        """
        if outcome.family is not None:
            return outcome.family
        family = self.likelihood.family
        if outcome.out_of is None or family in CASE_FAMILIES:
            return family
        return "binomial" if family == "poisson" else "beta_binomial"

    def is_of_cases(self, outcome: Outcome) -> bool:
        """Whether one outcome counts events out of cases."""
        return self.family_of(outcome) in CASE_FAMILIES

    def link_of(self, outcome: Outcome) -> Link:
        """Link of one outcome: its own, that of `[likelihood]`, or the default of its family.

        The default is log for counts and, so that gradients of successive stages multiply, for an
        outcome out of an earlier stage's; logit for other cases.
        """
        if not self.is_of_cases(outcome):
            return "log"
        chosen = outcome.link or self.likelihood.link
        return chosen or ("log" if outcome.out_of else "logit")

    @classmethod
    def read(cls, path: str | Path) -> ModelSpec:
        """Read a spec from a TOML file.

        Raises
        ------
        SpecError
            If the file is missing, is not TOML, or has an unknown key, a wrong type or an
            impossible value; the message names the file, the key, what was found and what is
            allowed.
        """
        from bayesgrad.spec.reading import read_spec

        return read_spec(Path(path))

    @classmethod
    def from_toml(cls, text: str, *, source: str = "spec") -> ModelSpec:
        """Parse a spec from TOML text; `source` names it in messages. Raises SpecError."""
        from bayesgrad.spec.reading import parse_spec

        return parse_spec(text, source=source)
