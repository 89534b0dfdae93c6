"""Rows that do not enter: each dropped for one stated reason, or refused, as `[rows]` says.

Rows are counted as rows of the user's table. A row is dropped when none of its outcomes enters; an
outcome that is missing from a row that stays is told in a note.
"""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.analysis_table import Dropped
from bayesgrad.data.authorities import small_authorities
from bayesgrad.data.checked import Checked
from bayesgrad.data.listing import close_to, counted, listed
from bayesgrad.data.measures import ExposureKind, exposure_kind
from bayesgrad.data.selection import Selection
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.writing import plain_code

_ZERO: dict[ExposureKind, str] = {
    "people": "exposure of zero",
    "cases": "no cases",
    "time": "no time at risk",
}


def without_excluded(spec: ModelSpec, selection: Selection) -> tuple[Selection, list[Dropped]]:
    """Leave out the authorities that the spec excludes.

    Raises
    ------
    DataError
        If the spec excludes an authority that the table does not have, or all of them.
    """
    excluded = [plain_code(code) for code in spec.rows.exclude_authorities]
    known = sorted(selection.keys["authority"].unique())
    unknown = sorted(set(excluded) - set(known))
    if unknown:
        raise DataError(
            f"{selection.where(spec.columns.authority)} has no {listed(unknown)}, which [rows] "
            f"exclude_authorities names{close_to(unknown[0], known)}",
            f"Correct or remove the code; the table has {listed(known)}.",
        )
    out = selection.keys["authority"].isin(excluded)
    dropped = _dropped("authority excluded by the spec", selection.keys["authority"], out)
    _refuse_none_left(selection, ~out, dropped)
    return selection.of(~out), dropped


def without_outcomes(
    spec: ModelSpec, checked: Checked
) -> tuple[Checked, list[Dropped], tuple[str, ...]]:
    """Leave out rows where no outcome has both a count and somebody at risk.

    Raises
    ------
    DataError
        If a count is missing where somebody is at risk and the spec refuses that.
    """
    missing = checked.counts.isna() & (checked.exposures > 0)
    if spec.rows.missing_counts == "refuse":
        _refuse_missing(checked, missing)
    kept = checked.entering.any(axis=1)
    for_missing = ~kept & missing.any(axis=1)
    areas = checked.selection.keys["area"]
    dropped = [
        *_dropped("missing count", areas, for_missing),
        *_dropped(_nobody_at_risk(spec), areas, ~kept & ~for_missing),
    ]
    _refuse_none_left(checked.selection, kept, dropped)
    gone = set(checked.selection.keys["authority"].unique())
    checked = checked.of(kept)
    gone -= set(checked.selection.keys["authority"].unique())
    notes = [f"no rows are left of authority {code}" for code in sorted(gone)]
    return checked, dropped, (*notes, *_notes_on_outcomes(spec, checked))


def without_small(
    spec: ModelSpec, checked: Checked
) -> tuple[Checked, list[Dropped], tuple[str, ...]]:
    """Leave out or keep authorities with fewer than `minimum_areas` areas, or refuse them."""
    small = small_authorities(spec, checked.selection)
    if small.empty:
        return checked, [], ()
    fewer = f"fewer than {spec.rows.minimum_areas} areas"
    if spec.rows.small_authorities == "keep":
        count = counted(len(small), "authority has", "authorities have")
        note = f"{count} {fewer} and stays in, as the spec says ({listed(small.index)})"
        return checked, [], (note,)
    authority = checked.selection.keys["authority"]
    out = authority.isin(small.index)
    dropped = _dropped(f"authority of {fewer}", authority, out)
    _refuse_none_left(checked.selection, ~out, dropped)
    return checked.of(~out), dropped, ()


def _dropped(reason: str, codes: pd.Series, out: pd.Series) -> list[Dropped]:
    if not out.any():
        return []
    return [Dropped(reason, int(out.sum()), tuple(sorted(codes[out].unique())))]


def _refuse_none_left(selection: Selection, kept: pd.Series, dropped: list[Dropped]) -> None:
    if not kept.any():
        reasons = "; ".join(f"{counted(item.rows, 'row')}: {item.reason}" for item in dropped)
        raise DataError(
            f"{selection.source}: no rows are left ({reasons})",
            "Look at the columns that the spec names, and at its [rows].",
        )


def _refuse_missing(checked: Checked, missing: pd.DataFrame) -> None:
    for column in missing.columns[missing.any()]:
        codes = checked.selection.keys["area"][missing[column]]
        raise DataError(
            f"{checked.selection.where(column)} is missing in {counted(len(codes), 'row')}: "
            f"{listed(sorted(codes))}",
            'Fill in the counts, or set [rows] missing_counts = "drop".',
        )


def _nobody_at_risk(spec: ModelSpec) -> str:
    kinds = {exposure_kind(spec, outcome) for outcome in spec.outcomes if outcome.out_of is None}
    return _ZERO[kinds.pop()] if len(kinds) == 1 else _ZERO["people"]


def _notes_on_outcomes(spec: ModelSpec, checked: Checked) -> tuple[str, ...]:
    areas, notes = checked.selection.keys["area"], []
    for outcome in spec.outcomes:
        count, exposure = checked.counts[outcome.column], checked.exposures[outcome.column]
        reasons = {
            "count missing": count.isna() & (exposure > 0),
            _ZERO[exposure_kind(spec, outcome)]: exposure == 0,
            "cases missing": exposure.isna(),
        }
        notes += [
            f"{outcome.column}: {why} in {counted(int(out.sum()), 'row')} that other outcomes "
            f"keep ({listed(sorted(areas[out].unique()))})"
            for why, out in reasons.items()
            if out.any()
        ]
    return tuple(notes)
