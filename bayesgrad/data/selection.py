"""The columns of a user's table that a spec names, and the codes of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bayesgrad.data.cells import settled
from bayesgrad.data.codes import as_codes, refuse_blank_codes, refuse_merged_codes
from bayesgrad.data.frames import as_frame
from bayesgrad.data.gaps import marks_among
from bayesgrad.data.headings import refuse_absent_columns
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec

CROSSED = " x "
"""Joins the strata of two columns."""


@dataclass(frozen=True)
class Selection:
    """Rows of a user's table, with their codes cleaned and their values as yet unchecked.

    Attributes
    ----------
    source : str
        Names the table in messages.
    keys : DataFrame
        `area`, `authority`, `name` (of the authority; missing where the table has none) and
        `stratum` ("" where the spec has none; of two columns crossed, both joined by " x "), as
        text; and where the spec names it `neighbourhood`.
    strata : DataFrame
        The columns of strata (none, one or two) under the user's names, as text; aligned with
        `keys`.
    values : DataFrame
        The columns that the spec names, under the user's names; aligned with `keys`. Those of
        values are numbers or text, see `bayesgrad.data.cells`.
    """

    source: str
    keys: pd.DataFrame
    strata: pd.DataFrame
    values: pd.DataFrame

    def where(self, column: str) -> str:
        """Name the table and a column, as messages begin."""
        return _where(self.source, column)

    def of(self, rows: pd.Series) -> Selection:
        """Keep the rows where the boolean `rows` holds, with a fresh index."""
        return Selection(
            self.source,
            self.keys[rows].reset_index(drop=True),
            self.strata[rows].reset_index(drop=True),
            self.values[rows].reset_index(drop=True),
        )


def select(spec: ModelSpec, table: object, *, source: str) -> Selection:
    """Pick the spec's columns out of a table and clean its codes.

    Parameters
    ----------
    table : DataFrame, or an object with the Arrow interface

    Raises
    ------
    DataError
        If the table is none or empty, has columns of one name, lacks a column that the spec names,
        or has a column of neither numbers nor text; or if an area, authority, stratum or
        neighbourhood is blank, a mark of a missing value, or a number that has lost digits.
    """
    named = columns_of(spec)
    frame = as_frame(table, needed=named, source=source)
    refuse_absent_columns(named, list(frame.columns), source=source)
    if frame.empty:
        raise DataError(f"{source}: has no rows", "Give a table with rows.")
    codes = columns_of_codes(spec)
    refuse_merged_codes(frame, codes, source=source)
    values = {
        name: frame[name] if name in codes else settled(frame[name], where=_where(source, name))
        for name in named
    }
    selected = pd.DataFrame(values, index=frame.index)
    keys = _keys(spec, selected, source)
    strata = _strata(spec, selected, source)
    return Selection(source, keys.assign(stratum=_joined(strata)), strata, selected)


def columns_of(spec: ModelSpec) -> list[str]:
    """Columns of a table that a spec names, each once, in the order of the spec."""
    columns = spec.columns
    names: list[str | None] = [columns.area, columns.authority, columns.authority_name]
    for outcome in spec.outcomes:
        names += [outcome.column, spec.exposure_of(outcome)]
    names += [columns.deprivation, authority_deprivation_column(spec), *spec.authority.moderators]
    names += [*covariates_of(spec), *strata_columns_of(spec), columns.neighbourhood]
    return list(dict.fromkeys(name for name in names if name is not None))


def columns_of_codes(spec: ModelSpec) -> list[str]:
    """Columns of codes, names and strata that a spec names."""
    columns = spec.columns
    names = [columns.area, columns.authority, columns.authority_name, columns.neighbourhood]
    return [*(name for name in names if name is not None), *strata_columns_of(spec)]


def covariates_of(spec: ModelSpec) -> list[str]:
    """Area-level covariates of a spec, then its area-level moderators."""
    return [*spec.area.covariates, *spec.area.moderators]


def strata_columns_of(spec: ModelSpec) -> list[str]:
    """Columns of strata that a spec names: none, one, or two that are crossed."""
    if spec.strata_or_years is None:
        return []
    crossed = spec.strata_or_years.crossed_with
    return [spec.strata_or_years.column, *([crossed.column] if crossed else [])]


def authority_deprivation_column(spec: ModelSpec) -> str | None:
    """Column of the authorities' deprivation; None where it is the mean over areas."""
    return None if spec.authority.deprivation == "mean" else spec.authority.deprivation


def _where(source: str, column: str) -> str:
    return f"{source}: column {column}"


def _keys(spec: ModelSpec, values: pd.DataFrame, source: str) -> pd.DataFrame:
    columns = spec.columns
    named = {
        "area": columns.area,
        "authority": columns.authority,
        "neighbourhood": columns.neighbourhood,
    }
    keys = pd.DataFrame(
        {
            key: _codes(values[column], where=_where(source, column))
            for key, column in named.items()
            if column is not None
        }
    )
    name = columns.authority_name
    if name is None:
        return keys.assign(name=pd.Series(pd.NA, keys.index, dtype="str"))
    names = as_codes(values[name], where=_where(source, name))
    return keys.assign(name=names.mask(marks_among(names)))


def _strata(spec: ModelSpec, values: pd.DataFrame, source: str) -> pd.DataFrame:
    strata = pd.DataFrame(index=values.index)
    for column in strata_columns_of(spec):
        strata[column] = _codes(values[column], where=_where(source, column), of_groups=True)
    return strata


def _codes(column: pd.Series, *, where: str, of_groups: bool = False) -> pd.Series:
    codes = as_codes(column, where=where)
    refuse_blank_codes(codes, where=where, of_groups=of_groups)
    return codes


def _joined(strata: pd.DataFrame) -> pd.Series:
    """One label for each row of one or two columns of strata; empty where there are none."""
    columns = [strata[column] for column in strata]
    if not columns:
        return pd.Series("", strata.index, dtype="str")
    return columns[0] if len(columns) == 1 else columns[0] + CROSSED + columns[1]
