"""Indices of Deprivation, File 7, as published: one row per area, stamped with its vintage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from bayesgrad.data.listing import close_to, counted, listed
from bayesgrad.data.scale import refuse_other_scales
from bayesgrad.data.tables import read_table
from bayesgrad.errors import DataError
from bayesgrad.spec.vocabulary import words

Measure = Literal["income_score", "idaci_score"]

_HEADERS: dict[str, str] = {
    "income_score": "Income Score (rate)",
    "idaci_score": "Income Deprivation Affecting Children Index (IDACI) Score (rate)",
}
_FILE_7 = "Use File 7 (all scores, ranks, deciles and population denominators), the csv."


@dataclass(frozen=True)
class _Release:
    """Years that the headers of a release carry, and the column that its areas are given."""

    vintage: str
    area_year: int
    district_year: int
    area: str

    @property
    def area_header(self) -> str:
        return f"LSOA code ({self.area_year})"

    @property
    def district_headers(self) -> tuple[str, str]:
        district = "Local Authority District"
        return (
            f"{district} code ({self.district_year})",
            f"{district} name ({self.district_year})",
        )


_RELEASES = (
    _Release("IoD2019", 2011, 2019, "lsoa11_code"),
    _Release("IoD2025", 2021, 2024, "lsoa21_code"),
)


def read_deprivation(path: str | Path, *, measure: Measure = "income_score") -> pd.DataFrame:
    """Read a measure of deprivation from File 7 of the Indices of Deprivation 2019 or 2025.

    The release is recognised by its headers. The two are not comparable: IoD2025 counts income
    after housing costs.

    Parameters
    ----------
    path : str or Path
        The csv as published, or the same columns as parquet.
    measure : {"income_score", "idaci_score"}
        Proportion of people (or of children) in income deprivation, from 0 to 1.

    Returns
    -------
    DataFrame
        One row per area: `lsoa11_code` (IoD2019) or `lsoa21_code` (IoD2025), `lad_code`,
        `lad_name`, the measure under its own name, and `vintage`; `vintage` is in `.attrs` too.

    Raises
    ------
    DataError
        If the file is not File 7 of a known release, lacks the measure, lists an area twice, or
        has a value that is missing or outside 0 to 1.
    """
    path = Path(path)
    if measure not in words(Measure):
        raise DataError(
            f"read_deprivation: there is no measure {measure!r}{close_to(measure, words(Measure))}",
            f"Use one of {', '.join(words(Measure))}.",
        )
    table = read_table(path)
    release = _release_of(table, path)
    header = _HEADERS[measure]
    if header not in table:
        _refuse_without_measure(table, header, path=path, vintage=release.vintage)
    columns = [release.area_header, *release.district_headers, header]
    result = table[columns].set_axis([release.area, "lad_code", "lad_name", measure], axis=1)
    _check(result, release.area, measure, path=path, header=header)
    result["vintage"] = release.vintage
    result.attrs["vintage"] = release.vintage
    return result


def _release_of(table: pd.DataFrame, path: Path) -> _Release:
    for release in _RELEASES:
        if {release.area_header, *release.district_headers} <= set(table.columns):
            return release
    wanted = "; ".join(
        f"{release.vintage} has {release.area_header} and {release.district_headers[0]}"
        for release in _RELEASES
    )
    raise DataError(
        f"{path}: is no file of a known release of the Indices of Deprivation: {wanted}; this has "
        f"{listed(table.columns)}",
        _FILE_7,
    )


def _refuse_without_measure(table: pd.DataFrame, header: str, *, path: Path, vintage: str) -> None:
    measures = [name for name in table.columns if not name.startswith(("LSOA", "Local"))]
    if any(name.endswith("Score (rate)") for name in measures):
        there = listed(name for name in measures if name.endswith("Score (rate)"))
        raise DataError(
            f"{path}: this file of {vintage} has no column {header}; its rates are {there}",
            "Choose a measure that the file has.",
        )
    if any("Rank" in name or "Decile" in name for name in measures):
        what = "only ranks and deciles (like File 3), from which no proportion can be recovered"
    elif any("opulation" in name for name in measures):
        what = "only population denominators (like File 6)"
    else:
        what = "none of the published rates"
    raise DataError(f"{path}: this file of {vintage} has no column {header}: {what}", _FILE_7)


def _check(result: pd.DataFrame, area: str, measure: str, *, path: Path, header: str) -> None:
    where = f"{path}: column {header}"
    values, codes = result[measure], result[area]
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise DataError(
            f"{where} holds text, such as {values.iloc[0]!r}", "Fetch the published file again."
        )
    repeated = sorted(codes[codes.duplicated()].unique())
    if repeated:
        raise DataError(
            f"{path}: {counted(len(repeated), 'area is', 'areas are')} listed more than once: "
            f"{listed(repeated)}",
            "Fetch the published file again: it has one row per area.",
        )
    missing = codes[values.isna()]
    if len(missing):
        raise DataError(
            f"{where} is missing in {counted(len(missing), 'row')}: {listed(sorted(missing))}",
            "Fetch the published file again: it has a value for every area.",
        )
    refuse_other_scales(codes, values, column=header, where=where)
