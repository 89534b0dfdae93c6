"""A user's table -> AnalysisTable: every rule of the spec applied, every row accounted for."""

from __future__ import annotations

import pandas as pd

from bayesgrad.data.analysis_table import AnalysisTable, DataReport
from bayesgrad.data.authorities import authority_table, moderator_table, refuse_single_authority
from bayesgrad.data.checked import Checked, check_values
from bayesgrad.data.dropping import without_excluded, without_outcomes, without_small
from bayesgrad.data.frames import ArrowTable, as_frame
from bayesgrad.data.layout import lay_out, mean_deprivation
from bayesgrad.data.listing import counted, listed
from bayesgrad.data.measures import refuse_no_variation
from bayesgrad.data.neighbourhoods import check_neighbourhoods
from bayesgrad.data.neighbours import check_neighbours
from bayesgrad.data.places import check_places
from bayesgrad.data.plausibility import warnings_on
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.plausibility.vintage import vintage_notes, vintage_warnings
from bayesgrad.data.repeats import refuse_repeats
from bayesgrad.data.sameness import varies
from bayesgrad.data.selection import columns_of, select
from bayesgrad.data.strata import check_strata, note_absent, strata_of
from bayesgrad.data.suppressed import notes_on_suppressed
from bayesgrad.data.years import check_years
from bayesgrad.spec.model_spec import ModelSpec


def prepare_table(
    spec: ModelSpec,
    table: pd.DataFrame | ArrowTable,
    *,
    source: str = "table",
    indistinct: bool = False,
) -> AnalysisTable:
    """Check a table against a spec, and lay it out as one row per area x outcome x stratum.

    Authorities that the spec excludes go first, and nothing else about their rows is checked. A row
    of the user's table is kept where at least one outcome has a count and an exposure above zero;
    an outcome missing from a row that is kept is told in a note. An outcome out of an earlier
    stage's does not enter where the count of that stage is missing or zero. The result does not
    depend on the order of the rows.

    Parameters
    ----------
    spec : ModelSpec
    table : DataFrame, or a table of polars, PyArrow or another library with the Arrow interface
        One row per area, or per area x stratum (or year) where the spec has strata (or years).
        Columns of a DataFrame may stand in its index, under their names.
    source : str
        Names the table in messages.
    indistinct : bool
        Refuse a column of authorities that nearly repeats their deprivation, rather than warn.

    Raises
    ------
    DataError
        If the table is at fault: the message names the column, the first few offending rows or
        codes and how many there are, and says what to do.
    SpecError
        If counts are suppressed that are not fitted as rates.
    """
    frame = as_frame(table, needed=columns_of(spec), source=source)
    read = select(spec, frame, source=source)
    selection, excluded = without_excluded(spec, read)
    strata = strata_of(spec, selection)
    place_notes = check_places(spec, selection)
    given = check_values(spec, selection)
    checked, without_count, outcome_notes = without_outcomes(spec, given)
    checked, small, small_notes = without_small(spec, checked)
    refuse_single_authority(spec, checked.selection)
    authorities = authority_table(spec, checked.selection)
    if "deprivation" not in authorities:
        authorities = authorities.join(mean_deprivation(spec, given, strata=strata.labels))
    moderators = moderator_table(spec, checked.selection)
    _refuse_constants(spec, checked)
    near = refuse_repeats(spec, checked, authorities, moderators, indistinct=indistinct)
    column = checked.selection.where(spec.columns.authority)
    neighbour_notes = check_neighbours(spec, list(authorities.index), where=column)
    strata_notes = (
        *check_strata(checked, strata),
        *note_absent(spec, given, strata),
        *check_years(spec, checked, strata.labels),
    )
    neighbourhood_notes = check_neighbourhoods(spec, checked.selection)
    rows, covariates = lay_out(checked, strata=strata.labels)
    notes = [*place_notes, *outcome_notes, *small_notes, *_narrow_authorities(checked)]
    report = DataReport(
        rows_read=len(read.keys),
        rows_kept=len(checked.selection.keys),
        areas=checked.selection.keys["area"].nunique(),
        authorities=len(authorities),
        dropped=(*excluded, *without_count, *small),
        notes=(
            *notes,
            *strata_notes,
            *neighbourhood_notes,
            *neighbour_notes,
            *notes_on_suppressed(spec, rows),
            *vintage_notes(spec, checked.selection.keys["area"]),
        ),
        warnings=(
            *vintage_warnings(spec, frame),
            *near,
            *warnings_on(Evidence(spec, given, checked)),
        ),
    )
    return AnalysisTable(
        rows=rows,
        covariates=covariates,
        authorities=authorities,
        moderators=moderators,
        report=report,
        report_without_areas=report.without_areas(given.selection.keys["area"].unique()),
        strata=strata.labels,
        strata_levels=strata.levels,
    )


def _refuse_constants(spec: ModelSpec, checked: Checked) -> None:
    where = checked.selection.where
    refuse_no_variation(
        checked.deprivation, where=where(spec.columns.deprivation), among="rows kept"
    )
    if spec.prior_pack is not None:
        return
    for column in checked.covariates:
        refuse_no_variation(checked.covariates[column], where=where(str(column)), among="rows kept")


def _narrow_authorities(checked: Checked) -> tuple[str, ...]:
    """Note the authorities whose areas are all equally deprived."""
    values = checked.deprivation.groupby(checked.selection.keys["authority"])
    narrow = sorted(str(code) for code, own in values if not varies(own))
    if not narrow:
        return ()
    count = counted(len(narrow), "authority", "authorities")
    return (f"no variation of deprivation within {count} ({listed(narrow)})",)
