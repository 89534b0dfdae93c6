"""AnalysisTable: rows that passed every check, in one fixed layout, with an account of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from bayesgrad.data.listing import counted
from bayesgrad.data.unnamed import without_codes

ROW_COLUMNS = (
    "area",
    "authority",
    "outcome",
    "stratum",
    "count",
    "exposure",
    "deprivation",
    "suppressed",
)
"""Columns of `AnalysisTable.rows`, whatever the user's table calls them."""

_ON_WARNINGS = "a warning ends nothing; look at what it names before you rely on a fit"


@dataclass(frozen=True)
class Dropped:
    """Rows left out for one reason.

    Attributes
    ----------
    reason : str
        Why, in words that follow "dropped:".
    rows : int
        How many rows of the user's table.
    codes : tuple of str
        Codes of all the areas (or authorities) concerned; none of areas in an account that is
        kept with a fit.
    """

    reason: str
    rows: int
    codes: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.codes[:5]) + (", ..." if len(self.codes) > 5 else "")
        return f"dropped {self.rows:,}: {self.reason}" + (f" ({shown})" if shown else "")


@dataclass(frozen=True)
class DataReport:
    """Account of every row: `rows_read` equals `rows_kept` plus all that was dropped.

    Attributes
    ----------
    rows_read, rows_kept : int
        Rows of the user's table, before and after.
    areas, authorities : int
        Distinct areas and authorities among the rows kept.
    dropped : tuple of Dropped
    notes : tuple of str
        What a reader should know though nothing was dropped for it.
    warnings : tuple of str
        What looks wrong in the table, and what to do about it.
    """

    rows_read: int
    rows_kept: int
    areas: int
    authorities: int
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.rows_read:,} rows read; {self.rows_kept:,} kept: "
            f"{self.areas:,} areas in {counted(self.authorities, 'authority', 'authorities')}"
        ]
        lines += map(str, self.dropped)
        lines += [f"note: {note}" for note in self.notes]
        lines += [f"warning: {warning}" for warning in self.warnings]
        return "\n".join([*lines, f"note: {_ON_WARNINGS}"] if self.warnings else lines)

    def without_areas(self, areas: Iterable[str]) -> DataReport:
        """The account as it is kept with a fit: how many, but not which areas, and no count of one.

        Parameters
        ----------
        areas : iterable of str
            Codes of all areas of the table. Authorities are named as before.
        """
        known = frozenset(areas)
        words = (*self.notes, *self.warnings)
        plain = without_codes(words, known)
        return replace(
            self,
            dropped=tuple(
                replace(item, codes=tuple(code for code in item.codes if code not in known))
                for item in self.dropped
            ),
            notes=plain[: len(self.notes)],
            warnings=plain[len(self.notes) :],
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the provenance of a fit, as JSON would return them."""
        content = asdict(self)
        dropped = [{**item, "codes": list(item["codes"])} for item in content["dropped"]]
        words = {name: list(content[name]) for name in ("notes", "warnings")}
        return {**content, "dropped": dropped, **words}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> DataReport:
        """Inverse of `to_dict`, also after a round trip through JSON."""
        dropped = tuple(
            Dropped(item["reason"], item["rows"], tuple(item["codes"]))
            for item in content["dropped"]
        )
        words = {name: tuple(content.get(name, ())) for name in ("notes", "warnings")}
        return cls(**{**content, "dropped": dropped, **words})


@dataclass(frozen=True)
class AnalysisTable:
    """Clean input of the design: one row per area x outcome x stratum.

    Attributes
    ----------
    rows : DataFrame
        Columns `ROW_COLUMNS`; `outcome` holds the outcome's column name and `stratum` is "" where
        there are no strata; `count` is int64 and 0 where it is suppressed, which `suppressed`
        (bool) says; `exposure` and `deprivation` are float64. Sorted by
        authority, outcome (in the spec's order), stratum (in the order of `strata`), area, with a
        fresh index. A further column `neighbourhood` where the spec names one.
    covariates : DataFrame
        Area covariates and moderators of the spec, float64, raw units, aligned with `rows`.
    authorities : DataFrame
        Indexed by authority code, sorted: `name`; `deprivation` where the spec names a column for
        it, else `mean_deprivation`, over all areas given, also those without a count.
    moderators : DataFrame
        Authority moderators of the spec, float64, raw units, aligned with `authorities`.
    report : DataReport
    report_without_areas : DataReport
        The same without the code of any area: what is kept with a fit.
    strata : tuple of str
        Strata in their natural order: by the number that each begins with (age `9` before `10`),
        else as text; one empty string where there are none. Of two columns crossed, all
        combinations, joined by " x ", the second column's running fastest.
    strata_levels : tuple of tuple of str
        Strata of each column: one tuple, or two where columns are crossed; empty without strata.
    """

    rows: pd.DataFrame
    covariates: pd.DataFrame
    authorities: pd.DataFrame
    moderators: pd.DataFrame
    report: DataReport
    report_without_areas: DataReport
    strata: tuple[str, ...] = ("",)
    strata_levels: tuple[tuple[str, ...], ...] = ()
