"""Checks of where rows belong: areas listed once, in one authority, under one style of code."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.authority_codes import CODE_CHANGES, code_kind, code_style
from bayesgrad.data.listing import counted, listed
from bayesgrad.data.neighbourhoods import refuse_split_neighbourhoods
from bayesgrad.data.selection import Selection
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.writing import to_the_eye

_PLAIN = "[!-`{-~]*[A-Z][!-`{-~]*"
"""Codes without small letters and with a capital one: different ones are never alike."""


def check_places(spec: ModelSpec, selection: Selection) -> tuple[str, ...]:
    """Check the codes of areas and authorities; return notes for the reader.

    Raises
    ------
    DataError
        If authorities mix styles of code, or old and new codes; if an area lies in two
        authorities or neighbourhoods or is listed twice (in one stratum); if authorities have the
        codes of areas; if a neighbourhood lies
        in two authorities; or if an authority has two names.
    """
    columns = spec.columns
    authorities = sorted(selection.keys["authority"].unique())
    where = selection.where(columns.authority)
    _refuse_areas(spec, selection, where=where)
    _refuse_mixed_styles(authorities, where=where)
    for key, column in (("area", columns.area), ("authority", columns.authority)):
        refuse_alike(selection.keys[key], where=selection.where(column))
    if columns.neighbourhood is not None:
        refuse_alike(selection.keys["neighbourhood"], where=selection.where(columns.neighbourhood))
    for strata in selection.strata:
        refuse_alike(selection.strata[strata], where=selection.where(str(strata)))
    _refuse_old_beside_new(authorities, where=where)
    _refuse_two_authorities(selection, where=where)
    _refuse_repeated_areas(spec, selection)
    if columns.neighbourhood is not None:
        refuse_split_neighbourhoods(spec, selection)
    if columns.authority_name is not None:
        _refuse_two_names(selection, where=selection.where(columns.authority_name))
    return (*_note_districts(authorities), *_note_shared_names(selection))


def several_of(frame: pd.DataFrame, key: str, value: str) -> pd.Series:
    """Keys that stand with more than one value: code -> its values, joined by "and"."""
    pairs = frame[[key, value]].dropna().drop_duplicates()
    several = pairs[pairs[key].duplicated(keep=False)].sort_values([key, value])
    return several.groupby(key)[value].agg(lambda values: " and ".join(map(str, values)))


def _refuse_areas(spec: ModelSpec, selection: Selection, *, where: str) -> None:
    keys = selection.keys
    if len(keys) > 1 and (keys["authority"] == keys["area"]).all():
        raise DataError(
            f"{where} holds the codes of areas: it is the same as column {spec.columns.area}",
            "Name the column that says in which authority an area lies.",
        )


def _refuse_mixed_styles(authorities: list[str], *, where: str) -> None:
    styles = pd.Series(authorities, dtype="str").map(code_style)
    if styles.nunique() > 1 and (styles != "other").any():
        usual = styles[styles != "other"].value_counts().index[0]
        odd = [code for code, style in zip(authorities, styles, strict=True) if style != usual]
        raise DataError(
            f"{where} mixes styles of code: most are {usual} codes, but not {listed(odd)}",
            "Give every authority its code in one style, such as E09000007.",
        )


def refuse_alike(codes: pd.Series, *, where: str) -> None:
    """Refuse codes that differ in nothing but capitals, zeros in front, or what no eye can tell.

    Raises
    ------
    DataError
        A table joined from two files may have one place, or one group, under both.
    """
    written = pd.Series(codes.unique(), dtype="str").sort_values(ignore_index=True)
    if written.str.fullmatch(_PLAIN).all():
        return
    folded = written.str.casefold()
    # Codes of letters drawn at random may differ in capitals: one at least is all of one case.
    one_case = (written == folded) | (written == written.str.upper())
    forms = {
        "in capitals and in small letters": folded,
        "in letters, dashes or apostrophes that look alike": written.map(to_the_eye),
        "with and without zeros in front": written.str.replace(r"^0+(?=[0-9]+$)", "", regex=True),
    }
    for how, form in forms.items():
        twice = form.duplicated(keep=False)
        if form is folded:
            twice &= one_case.groupby(form).transform("any")
        alike = [code if code.isascii() else ascii(code) for code in written[twice]]
        if alike:
            raise DataError(
                f"{where} writes one code {how}: {listed(alike)}", "Write each code in one way."
            )


def _refuse_old_beside_new(authorities: list[str], *, where: str) -> None:
    present = set(authorities)
    mixed = [
        f"{change.retired} and {' and '.join(sorted(present.intersection(change.current)))} "
        f"({change.name}, since {change.since:%Y})"
        for change in CODE_CHANGES
        if change.retired in present and present.intersection(change.current)
    ]
    if mixed:
        raise DataError(
            f"{where} has authorities under a retired code and under the code that took its "
            f"place: {listed(mixed)}",
            "Use the codes of one date for the whole table.",
        )


def _refuse_two_authorities(selection: Selection, *, where: str) -> None:
    several = several_of(selection.keys, "area", "authority")
    if len(several):
        pairs = [f"{area} (in {codes})" for area, codes in several.items()]
        raise DataError(
            f"{where}: {counted(len(pairs), 'area lies', 'areas lie')} in more than one "
            f"authority: {listed(pairs)}",
            "Give each area one authority, from a lookup of one date.",
        )


def _refuse_repeated_areas(spec: ModelSpec, selection: Selection) -> None:
    repeated = selection.keys.duplicated(["area", "stratum"], keep=False)
    if not repeated.any():
        return
    keys = selection.keys[repeated]
    labels = keys["area"].where(keys["stratum"] == "", keys["area"] + ", " + keys["stratum"])
    times = labels.value_counts().sort_index()
    shown = [f"{label} ({number} times)" for label, number in times.items()]
    in_stratum = " in one stratum" if spec.strata else " in one year" if spec.years else ""
    remedy = "Remove the repeats, or add up their counts and exposures."
    if spec.strata_or_years is None:
        remedy += (
            " If the rows are groups of children, name their column in [strata]; if years, in "
            "[years]."
        )
    raise DataError(
        f"{selection.where(spec.columns.area)}: {counted(len(shown), 'area is', 'areas are')} "
        f"listed more than once{in_stratum}: {listed(shown)}",
        remedy,
    )


def _refuse_two_names(selection: Selection, *, where: str) -> None:
    several = several_of(selection.keys, "authority", "name")
    if len(several):
        pairs = [f"{code} ({names})" for code, names in several.items()]
        raise DataError(
            f"{where}: {counted(len(pairs), 'authority has', 'authorities have')} more than one "
            f"name: {listed(pairs)}",
            "Give each authority one name, or leave authority_name out of the spec.",
        )


def _note_districts(authorities: list[str]) -> tuple[str, ...]:
    districts = [code for code in authorities if code_kind(code) == "district"]
    if not districts:
        return ()
    return (
        f"{counted(len(districts), 'authority is a district', 'authorities are districts')} "
        f"({listed(districts)}); children's social care is run by counties",
    )


def _note_shared_names(selection: Selection) -> tuple[str, ...]:
    shared = several_of(selection.keys, "name", "authority")
    if not len(shared):
        return ()
    pairs = [f"{name} ({codes})" for name, codes in shared.items()]
    return (f"authorities share a name: {listed(pairs)}",)
