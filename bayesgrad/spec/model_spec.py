"""ModelSpec: what to fit, as frozen, validated data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from bayesgrad.spec.default_priors import default_prior
from bayesgrad.spec.parts import (
    CASE_FAMILIES,
    Area,
    Authority,
    ColumnName,
    Columns,
    Gradient,
    Likelihood,
    Outcome,
    Rows,
    Sampling,
    Spatial,
    Strata,
    Years,
)
from bayesgrad.spec.prior_pack import PriorPack
from bayesgrad.spec.priors import LocationPrior, Priors, ScalePrior
from bayesgrad.spec.validated import Part, as_tuple
from bayesgrad.spec.vocabulary import Family, Link

PRIORS_OF_LEVELS = (
    "intercept",
    "between",
    "sd_intercept",
    "correlation",
    "sd_stratum_intercept",
    "sd_authority_stratum_intercept",
)
"""Priors of what is told at the centre."""


class ModelSpec(Part):
    """A model of one or more outcomes on one table of areas.

    Read from TOML with `ModelSpec.read`; frozen; nothing in it is ever evaluated as code.
    The grammar, with every key and default, is in `models/README.md`.
    """

    title: ColumnName
    columns: Columns
    outcomes: Annotated[tuple[Outcome, ...], BeforeValidator(as_tuple), Field(min_length=1)]
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

    @property
    def is_recentred(self) -> bool:
        """Whether levels are told at a number, and the model is fitted at the national mean.

        The two are the same model where intercepts and slopes of authorities are correlated,
        neighbours share nothing, and no prior is of a level at that number.
        """
        of_levels = any(
            getattr(self.priors, name) != getattr(Priors(), name) for name in PRIORS_OF_LEVELS
        )
        return (
            not isinstance(self.gradient.centre, str)
            and self.prior_pack is None
            and self.spatial is None
            and self.authority.covariance in ("full", "by_outcome")
            and not of_levels
        )

    def location_prior(self, name: str) -> LocationPrior:
        """Prior of a coefficient by its key of `[priors]`, per unit of deprivation of the spec.

        The one that the spec names, or the default (`bayesgrad.spec.default_priors`).
        """
        found = self._prior(name)
        if not isinstance(found, LocationPrior):
            raise KeyError(name)
        return found

    def scale_prior(self, name: str) -> ScalePrior:
        """Prior of a standard deviation, or of 1/sqrt(alpha); see `location_prior`."""
        found = self._prior(name)
        if not isinstance(found, ScalePrior):
            raise KeyError(name)
        return found

    def _prior(self, name: str) -> object:
        named = getattr(self.priors, name)
        if named is not None:
            return named
        return default_prior(
            name,
            unit=self.gradient.unit,
            moderation=self.authority.moderation,
            curvature=self.gradient.curvature,
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

    def with_(self, changes: Mapping[str, Any] | None = None, /, **parts: Any) -> ModelSpec:
        """Return the spec with other values, checked as a file's are.

        Parameters
        ----------
        changes : mapping of str to value, optional
            By keys with dots, such as ``{"authority.moderation": "linear"}``; of one outcome
            ``"outcomes.referrals.family"``, by its column. None puts the default in place.
        **parts
            The same by part: ``authority={"moderation": "linear"}`` changes these keys and leaves
            the part's others; anything but a dictionary replaces the whole key.

        Returns
        -------
        ModelSpec
            A new one; specs are frozen. A path of a prior pack or of neighbours starts at the
            working folder.

        Raises
        ------
        SpecError
            If a key is unknown, or a value is of the wrong type, impossible or contradicts others.
        """
        from bayesgrad.spec.reading import change_spec

        found = dict(changes or {})
        for name, value in parts.items():
            if isinstance(value, Mapping):
                found |= {f"{name}.{key}": held for key, held in value.items()}
            else:
                found[name] = value
        return change_spec(self, found)

    def to_toml(self) -> str:
        """Return the spec as TOML, without the keys that have their defaults.

        `ModelSpec.from_toml` reads it back as the same spec. A prior pack and neighbours, which a
        file names by a path, stand in the text itself.
        """
        from bayesgrad.spec.toml_text import toml_of

        return toml_of(self)

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
        from bayesgrad.spec.mistaken import checked_path
        from bayesgrad.spec.reading import read_spec

        return read_spec(checked_path(path))

    @classmethod
    def from_toml(cls, text: str, *, source: str = "spec") -> ModelSpec:
        """Parse a spec from TOML text; `source` names it in messages. Raises SpecError."""
        from bayesgrad.spec.reading import parse_spec

        return parse_spec(text, source=source)
