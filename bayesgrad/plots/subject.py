"""What a figure is of: one outcome and stratum of a fit, and the words that say so."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.layout import families, group, outcome_title, ratio_of
from bayesgrad.estimands.predictive import misfits
from bayesgrad.estimands.strata_effects import (
    MEAN_OVER_STRATA,
    mean_over_strata,
    strata_names,
)
from bayesgrad.plots.theme import themed
from bayesgrad.spec.parts import CASE_FAMILIES

PIXELS_PER_LETTER = 5.6
"""Mean width of a letter of a subtitle, for breaking its lines."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One outcome and stratum of a fit.

    Attributes
    ----------
    draws : DataTree
        Draws of the fit, narrowed to that outcome and stratum; the dimensions stay.
    outcome, stratum : str
        Their names; the outcome is empty where the figure is of all, the stratum where the fit has
        none or the figure is of all. It is mean over strata where the figure averages them.
    unit : float
        Deprivation per unit of the gradient (a proportion).
    vintage : str
        Release of the deprivation measure; empty where unknown.
    only_stratum : bool
        Whether the fit has no other stratum of the outcome.
    failed : tuple of str
        Checks that the fit failed.
    misfits : tuple of str
        Checks of fit that say the model of this outcome is wrong.
    """

    draws: xr.DataTree
    outcome: str
    stratum: str
    unit: float
    vintage: str
    only_stratum: bool
    failed: tuple[str, ...]
    misfits: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Title of the outcome, or of the fit, with the stratum where there is one."""
        title = self._fit_title() if not self.outcome else outcome_title(self.draws, self.outcome)
        return f"{title}, {self.stratum}" if self.stratum else title

    def _fit_title(self) -> str:
        return str(group(self.draws, "reference").attrs["title"])

    @property
    def ratio(self) -> str:
        """Name of the ratio that a gradient is, such as rate ratio."""
        return ratio_of(self.draws, self.outcome)

    @property
    def gradient_words(self) -> str:
        """What a gradient is, with its unit."""
        return (
            f"{self.ratio.capitalize()} per +{100 * self.unit:g} percentage points of "
            "neighbourhood deprivation"
        )

    @property
    def gradient_axis(self) -> str:
        """Title of an axis of gradients."""
        return f"Gradient ({self.ratio}, logarithmic scale)"

    @property
    def rate_words(self) -> str:
        """What a rate is, with its unit."""
        reference = group(self.draws, "reference")
        if families(reference, [self.outcome])[0] in CASE_FAMILIES:
            return "Rate per 10,000 cases"
        of_time = reference.attrs["at_risk"] == "time"
        return "Rate per 10,000 units of time" if of_time else "Rate per 10,000"

    def with_vintage(self, words: str) -> str:
        """Add the release of the deprivation measure, in brackets."""
        return f"{words} ({self.vintage})" if self.vintage else words

    def figure(
        self,
        layers: Sequence[alt.Chart],
        *,
        words: str,
        notes: Sequence[str],
        size: tuple[int, int],
        margin: int = 0,
    ) -> alt.LayerChart:
        """Layers with title, subtitle, theme, and the same words for readers who do not see.

        Parameters
        ----------
        words : str
            What the figure shows; the outcome is added.
        notes : sequence of str
            Paragraphs of the subtitle, broken to fit; one is put first where the diagnostics
            failed, or a check of fit found something.
        size : (int, int)
            Width and height inside the axes, in pixels.
        margin : int
            Pixels beside the axes, for names or a legend.
        """
        width, height = size
        chart = alt.layer(*layers).properties(width=width, height=height)
        return themed(chart.properties(**self._headings(words, notes, width=width + margin)))

    def panels(
        self,
        charts: Sequence[alt.LayerChart],
        *,
        words: str,
        notes: Sequence[str],
        width: int,
        spacing: int,
    ) -> alt.HConcatChart:
        """Charts side by side under one heading; see `figure`.

        Parameters
        ----------
        width : int
            Of all of them, in pixels.
        spacing : int
            Pixels between one, its axes included, and the next.
        """
        chart = alt.hconcat(*charts, spacing=spacing)
        return themed(chart.properties(**self._headings(words, notes, width=width)))

    def _headings(self, words: str, notes: Sequence[str], *, width: int) -> dict[str, object]:
        if self.misfits:
            words_of_misfit = (
                f"The model does not describe the data ({', '.join(self.misfits)}): see the "
                "summary of the fit."
            )
            notes = [words_of_misfit, *notes]
        if self.failed:
            warning = f"Diagnostics failed ({', '.join(self.failed)}): do not rely on this figure."
            notes = [warning, *notes]
        letters = int(width / PIXELS_PER_LETTER)
        lines = [line for note in notes for line in textwrap.wrap(note, letters)]
        heading = f"{words}: {self.name}"
        return {
            "title": alt.TitleParams(text=heading, subtitle=lines),
            "description": " ".join([f"{heading}.", *notes]),
        }


def subject_of(
    draws: xr.DataTree, *, outcome: str | None, stratum: str | None, or_mean: bool = False
) -> Subject:
    """Find the one outcome and stratum that a figure is of.

    Parameters
    ----------
    or_mean : bool
        Take the mean over strata where none is named and the fit has several.

    Raises
    ------
    FitError
        If there is no such outcome or stratum, or if none is named and the fit has several.
    """
    strata = strata_names(group(draws, "authorities"))
    only_stratum = len(strata) == 1
    averaged = or_mean and stratum is None and not only_stratum
    if averaged:
        draws, strata, stratum = mean_over_strata(draws), [""], ""
    posterior, reference = group(draws, "posterior"), group(draws, "reference")
    outcomes = [str(name) for name in posterior["outcome"].values.tolist()]
    chosen = {
        "outcome": _chosen(outcomes, outcome, "outcome"),
        "stratum": _chosen(strata, stratum, "stratum"),
    }
    narrowed = {
        str(name): node.to_dataset().sel(
            {dim: [label] for dim, label in chosen.items() if dim in node.dims}
        )
        for name, node in draws.children.items()
    }
    found = xr.DataTree.from_dict(narrowed)
    return Subject(
        draws=found,
        outcome=chosen["outcome"],
        stratum=MEAN_OVER_STRATA if averaged else chosen["stratum"],
        unit=float(reference["unit"]),
        vintage=str(reference.attrs.get("vintage", "")),
        only_stratum=only_stratum,
        failed=tuple(failed_checks(draws)),
        misfits=tuple(dict.fromkeys(misfits(found)["check"])),
    )


def _chosen(names: list[str], asked: str | None, dim: str) -> str:
    plural = {"outcome": "outcomes", "stratum": "strata"}[dim]
    if asked is None and len(names) == 1:
        return names[0]
    if asked is None:
        raise FitError(
            f"this fit has {len(names)} {plural}, and a figure shows one",
            f"Name it with {dim}=; {plural}: {', '.join(names)}.",
        )
    if asked not in names:
        raise FitError(
            f"this fit has no {dim} {asked!r}",
            f"{plural.capitalize()}: {', '.join(name or '(none)' for name in names)}.",
        )
    return asked
