"""What a figure is of: one outcome and stratum of a fit, and the words that say so."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import xarray as xr

from bayesgrad.errors import FitError
from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.layout import group, outcome_title
from bayesgrad.plots.theme import themed

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
        Their names; the stratum is empty where the fit has none.
    unit : float
        Deprivation per unit of the gradient (a proportion).
    vintage : str
        Release of the deprivation measure; empty where unknown.
    only_stratum : bool
        Whether the fit has no other stratum of the outcome.
    failed : tuple of str
        Checks that the fit failed.
    """

    draws: xr.DataTree
    outcome: str
    stratum: str
    unit: float
    vintage: str
    only_stratum: bool
    failed: tuple[str, ...]

    @property
    def name(self) -> str:
        """Title of the outcome, with the stratum where there is one."""
        title = outcome_title(self.draws, self.outcome)
        return f"{title}, {self.stratum}" if self.stratum else title

    @property
    def gradient_words(self) -> str:
        """What a gradient is, with its unit."""
        return f"Rate ratio per +{100 * self.unit:g} percentage points of neighbourhood deprivation"

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
            failed.
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


def subject_of(draws: xr.DataTree, *, outcome: str | None, stratum: str | None) -> Subject:
    """Find the one outcome and stratum that a figure is of.

    Raises
    ------
    FitError
        If there is no such outcome or stratum, or if none is named and the fit has several.
    """
    posterior, reference = group(draws, "posterior"), group(draws, "reference")
    chosen = {
        dim: _chosen([str(name) for name in posterior[dim].values.tolist()], asked, dim)
        for dim, asked in (("outcome", outcome), ("stratum", stratum))
    }
    narrowed = {
        str(name): node.to_dataset().sel(
            {dim: [label] for dim, label in chosen.items() if dim in node.dims}
        )
        for name, node in draws.children.items()
    }
    return Subject(
        draws=xr.DataTree.from_dict(narrowed),
        outcome=chosen["outcome"],
        stratum=chosen["stratum"],
        unit=float(reference["unit"]),
        vintage=str(reference.attrs.get("vintage", "")),
        only_stratum=posterior.sizes["stratum"] == 1,
        failed=tuple(failed_checks(draws)),
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
