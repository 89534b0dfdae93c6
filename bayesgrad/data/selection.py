"""The columns of a user's table that a spec names, and the codes of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bayesgrad.data.codes import as_codes, refuse_blank_codes
from bayesgrad.data.csv_text import refuse_repeated_names
from bayesgrad.data.tables import refuse_absent_columns
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
        The columns that the spec names, under the user's names; aligned with `keys`.
    """

    source: str
    keys: pd.DataFrame
    strata: pd.DataFrame
    values: pd.DataFrame

    def where(self, column: str) -> str:
        """Name the table and a column, as messages begin."""
        return f"{self.source}: column {column}"

    def of(self, rows: pd.Series) -> Selection:
        """Keep the rows where the boolean `rows` holds, with a fresh index."""
        return Selection(
            self.source,
            self.keys[rows].reset_index(drop=True),
            self.strata[rows].reset_index(drop=True),
            self.values[rows].reset_index(drop=True),
        )


def select(spec: ModelSpec, table: pd.DataFrame, *, source: str) -> Selection:
    """Pick the spec's columns out of a table and clean its codes.

    Raises
    ------
    DataError
        If the table is empty, has columns of one name, lacks a column that the spec names, or an
        area, authority, stratum or neighbourhood is blank.
    """
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"{source}: is a {type(table).__name__}, not a pandas DataFrame",
            "Read a file with read_table, or convert the table to pandas.",
        )
    refuse_repeated_names([str(name) for name in table.columns], source=source)
    named = columns_of(spec)
    refuse_absent_columns(named, [str(name) for name in table.columns], source=source)
    if table.empty:
        raise DataError(f"{source}: has no rows", "Give a table with rows.")
    values = table[named].reset_index(drop=True)
    keys = _keys(spec, values, source)
    strata = _strata(spec, values, source)
    return Selection(source, keys.assign(stratum=_joined(strata)), strata, values)


def columns_of(spec: ModelSpec) -> list[str]:
    """Columns of a table that a spec names, each once, in the order of the spec."""
    columns = spec.columns
    names: list[str | None] = [columns.area, columns.authority, columns.authority_name]
    for outcome in spec.outcomes:
        names += [outcome.column, spec.exposure_of(outcome)]
    names += [columns.deprivation, authority_deprivation_column(spec), *spec.authority.moderators]
    names += [*covariates_of(spec), *strata_columns_of(spec), columns.neighbourhood]
    return list(dict.fromkeys(name for name in names if name is not None))


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


def _keys(spec: ModelSpec, values: pd.DataFrame, source: str) -> pd.DataFrame:
    columns = spec.columns
    keys = pd.DataFrame({"area": as_codes(values[columns.area])})
    refuse_blank_codes(keys["area"], where=f"{source}: column {columns.area}")
    keys["authority"] = as_codes(values[columns.authority])
    refuse_blank_codes(keys["authority"], where=f"{source}: column {columns.authority}")
    if columns.neighbourhood is not None:
        keys["neighbourhood"] = as_codes(values[columns.neighbourhood])
        where = f"{source}: column {columns.neighbourhood}"
        refuse_blank_codes(keys["neighbourhood"], where=where)
    name = columns.authority_name
    keys["name"] = as_codes(values[name]) if name else pd.Series(pd.NA, keys.index, dtype="str")
    return keys


def _strata(spec: ModelSpec, values: pd.DataFrame, source: str) -> pd.DataFrame:
    strata = pd.DataFrame(index=values.index)
    for column in strata_columns_of(spec):
        strata[column] = as_codes(values[column])
        refuse_blank_codes(strata[column], where=f"{source}: column {column}")
    return strata


def _joined(strata: pd.DataFrame) -> pd.Series:
    """One label for each row of one or two columns of strata; empty where there are none."""
    columns = [strata[column] for column in strata]
    if not columns:
        return pd.Series("", strata.index, dtype="str")
    return columns[0] if len(columns) == 1 else columns[0] + CROSSED + columns[1]
