"""Findings of the study: a published figure, its truth in a synthetic world, where a fit has it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import xarray as xr

from bayesgrad.errors import SpecError
from bayesgrad.estimands.thresholds import EVERY_THRESHOLD

type Status = Literal["published", "published sign, assumed size", "assumed"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One figure that a fit estimates.

    Attributes
    ----------
    row : int
        Row of the study's findings that it belongs to (gradients of thresholds 2, of authorities
        3, by authority deprivation 4, and so on).
    what : str
    table : str
        Table of the fit that estimates it.
    key : tuple of (column, value)
        Columns that pick the row of that table. For `contextual`, `effect` picks the columns.
    published : str
        Figure or sign as published (Hood, Goldacre and others, Nuffield Foundation), or as it
        follows from published figures; empty where there is none.
    status : str
    exponentiated : bool
        Whether the table holds the log of the figure.
    fit : str
        Which fit: empty for that of the spec, "without moderators" for that of the same spec
        without further moderators.
    """

    row: int
    what: str
    table: str
    key: tuple[tuple[str, str | float], ...]
    published: str = ""
    status: Status = "assumed"
    exponentiated: bool = False
    fit: str = ""

    @property
    def place(self) -> dict[str, str | float]:
        """The key, by column."""
        return dict(self.key)


@dataclass(frozen=True)
class TrueWorld:
    """What the truth of a finding is computed from.

    Attributes
    ----------
    parameters : Dataset
        True parameters under the names and dimensions of a posterior.
    mean_deprivation, unit : float
    out_of : mapping of str to str
        The outcome of the stage before each that has one: gradients multiply along the chain.
    omitted : float
        What the interaction gains where the further moderators are left out: their effects on the
        gradient, projected on the moderator of authority deprivation.
    """

    parameters: xr.Dataset
    mean_deprivation: float
    unit: float
    out_of: Mapping[str, str] = field(default_factory=dict)
    omitted: float = 0.0

    def of(self, finding: Finding) -> float:
        """Truth of a finding, on its own scale.

        Raises
        ------
        SpecError
            If its table is not one that the truth is known of.
        """
        log_scale = {
            "national": self._national,
            "strata": self._stratum,
            "contrasts": self._contrast,
            "thresholds": self._threshold,
            "contextual": self._contextual,
            "interaction": self._interaction,
            "parameters": self._parameter,
        }
        if finding.table not in log_scale:
            raise SpecError(
                f"{finding.what}: no truth is known of the table {finding.table!r}",
                f"Use one of {', '.join(log_scale)}.",
            )
        value = log_scale[finding.table](finding)
        ratio = finding.table in ("national", "strata", "contrasts", "thresholds")
        return math.exp(value) if ratio or finding.exponentiated else value

    def _slope(self, outcome: str | float, stratum: str | float = "") -> float:
        slope = float(self.parameters["slope"].sel(outcome=outcome))
        if not stratum:
            return slope
        deviations = self.parameters["stratum_slope"]
        return slope + float(deviations.sel(outcome=outcome, stratum=stratum))

    def _national(self, finding: Finding) -> float:
        place = finding.place
        shifted = self.mean_deprivation + float(place["deprivation_shift"])
        interaction = self.parameters["interaction"].sel(outcome=place["outcome"]).item()
        change = float(interaction) * math.log(shifted / self.mean_deprivation)
        return self._slope(place["outcome"]) + change

    def _stratum(self, finding: Finding) -> float:
        return self._slope(finding.place["outcome"], finding.place["stratum"])

    def _contrast(self, finding: Finding) -> float:
        place = finding.place
        one, other = (self._slope(place["outcome"], place[f"stratum_{side}"]) for side in "ab")
        return one - other

    def _threshold(self, finding: Finding) -> float:
        if finding.place["from_outcome"] == EVERY_THRESHOLD:
            outcomes = self.parameters["outcome"].values.tolist()
            rises = np.diff([self._whole_slope(outcome) for outcome in outcomes]) > 0
            return 0.0 if rises.all() else -math.inf
        one, other = (str(finding.place[f"{end}_outcome"]) for end in ("from", "to"))
        return self._whole_slope(other) - self._whole_slope(one)

    def _whole_slope(self, outcome: str) -> float:
        """Log gradient of an outcome in the children, along the chain that it is out of."""
        stage = self.out_of.get(outcome)
        return self._slope(outcome) + (self._whole_slope(stage) if stage else 0.0)

    def _contextual(self, finding: Finding) -> float:
        place = finding.place
        coefficient = float(self.parameters["between"].sel(outcome=place["outcome"]).item())
        between = coefficient * self.unit / self.mean_deprivation
        within = self._slope(place["outcome"])
        return {"within": within, "between": between, "contextual": between - within}[
            str(place["effect"])
        ]

    def _interaction(self, finding: Finding) -> float:
        place = finding.place
        name = place["moderator"]
        if name == "deprivation":
            gained = self.omitted if finding.fit else 0.0
            return (
                float(self.parameters["interaction"].sel(outcome=place["outcome"]).item()) + gained
            )
        for variable, dim in (
            ("authority_moderator_gradient", "authority_moderator"),
            ("gradient_moderator", "area_moderator"),
        ):
            if variable in self.parameters and name in self.parameters[dim]:
                found = self.parameters[variable].sel({dim: name, "outcome": place["outcome"]})
                return float(found)
        raise SpecError(f"{finding.what}: no moderator {name!r}", "Name one of the scenario's.")

    def _parameter(self, finding: Finding) -> float:
        return float(self.parameters[str(finding.place["parameter"])].item())


def national(
    row: int, outcome: str, what: str, *, shift: float = 0.0, published: str = ""
) -> Finding:
    """Gradient of an outcome at mean authority deprivation, or at a shift from it."""
    return Finding(
        row=row,
        what=what,
        table="national",
        key=(("outcome", outcome), ("deprivation_shift", shift)),
        published=published,
        status="published" if published else "assumed",
    )


def stratum(
    row: int, outcome: str, name: str, *, published: str = "", status: Status | None = None
) -> Finding:
    """Gradient of one stratum."""
    return Finding(
        row=row,
        what=f"gradient: {name}",
        table="strata",
        key=(("outcome", outcome), ("stratum", name)),
        published=published,
        status=status or ("published" if published else "assumed"),
    )


def contrast(
    row: int, outcome: str, one: str, other: str, *, published: str, status: Status = "published"
) -> Finding:
    """Ratio of the gradients of two strata."""
    return Finding(
        row=row,
        what=f"gradient of {one} over that of {other}",
        table="contrasts",
        key=(("outcome", outcome), ("stratum_a", one), ("stratum_b", other)),
        published=published,
        status=status,
    )


def transition(row: int, one: str, other: str, *, published: str = "") -> Finding:
    """Ratio of the gradient of a threshold to that of the one before."""
    return Finding(
        row=row,
        what=f"gradient of {other} over that of {one}",
        table="thresholds",
        key=(("from_outcome", one), ("to_outcome", other)),
        published=published or "rises",
        status="published" if published else "published sign, assumed size",
    )


def rises_at_every_threshold(row: int) -> Finding:
    """Whether the gradient rises at every threshold: a probability, true where it is 1."""
    return Finding(
        row=row,
        what="probability that the gradient rises at every threshold",
        table="thresholds",
        key=(("from_outcome", EVERY_THRESHOLD),),
        published="rises at every threshold",
        status="published",
    )


def interaction(
    row: int,
    outcome: str,
    moderator: str,
    what: str,
    *,
    published: str,
    status: Status = "published sign, assumed size",
    fit: str = "",
) -> Finding:
    """Change of the log gradient with a moderator."""
    return Finding(
        row=row,
        what=what,
        table="interaction",
        key=(("outcome", outcome), ("moderator", moderator)),
        published=published,
        status=status,
        fit=fit,
    )


def contextual(
    row: int,
    outcome: str,
    effect: Literal["within", "between", "contextual"],
    what: str,
    *,
    published: str,
    status: Status = "published",
) -> Finding:
    """Within, between or contextual effect of deprivation, as a ratio per unit."""
    return Finding(
        row=row,
        what=what,
        table="contextual",
        key=(("outcome", outcome), ("effect", effect)),
        published=published,
        status=status,
        exponentiated=True,
    )
