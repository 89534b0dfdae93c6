"""ModelSpec: what to fit, as frozen, validated data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bayesgrad.spec.priors import Priors
from bayesgrad.spec.vocabulary import (
    Centre,
    Curvature,
    Engine,
    Family,
    FittingEngine,
    MissingCounts,
    Moderation,
    Parameterisation,
    SmallAuthorities,
)


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
    deprivation: ColumnName
    vintage: ColumnName
    """Release of the deprivation measure (such as IoD2019), stamped on every output."""


class Outcome(_Part):
    """One counted outcome (threshold of intervention)."""

    column: ColumnName
    label: ColumnName | None = None
    exposure: ColumnName | None = None

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
    correlated: bool = True


class Area(_Part):
    """Area-level covariates, and those that also change the gradient."""

    covariates: ColumnNames = ()
    moderators: ColumnNames = ()


class Strata(_Part):
    """Groups of children or of cases."""

    column: ColumnName
    ordered: bool = False


class Suppressed(_Part):
    """Counts hidden behind a symbol, with the values that they may have."""

    symbol: ColumnName
    lower: int = Field(ge=0)
    upper: int = Field(ge=0)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.lower > self.upper:
            raise ValueError(f"lower ({self.lower}) is above upper ({self.upper})")
        return self


class Likelihood(_Part):
    """Distribution of the counts."""

    family: Family = "negative_binomial"
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

    @model_validator(mode="after")
    def _names_no_column_twice(self) -> Self:
        self._refuse_repeats("outcomes", [outcome.column for outcome in self.outcomes])
        self._refuse_repeats("[area]", [*self.area.covariates, *self.area.moderators])
        self._refuse_repeats("[authority] moderators", self.authority.moderators)
        return self

    @staticmethod
    def _refuse_repeats(where: str, names: Sequence[str]) -> None:
        repeated = sorted({name for name in names if list(names).count(name) > 1})
        if repeated:
            raise ValueError(f"{where} names {', '.join(repeated)} more than once")

    def exposure_of(self, outcome: Outcome) -> str:
        """Column of the exposure of one outcome: its own, or that of `[columns]`."""
        return outcome.exposure or self.columns.exposure

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
