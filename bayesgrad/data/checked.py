"""Checked: a selection whose values have passed every check of values."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bayesgrad.data.measures import (
    counts_of,
    deprivation_of,
    exposure_kind,
    exposures_of,
    numbers,
    refuse_counts_beyond_exposure,
    refuse_counts_beyond_stage,
)
from bayesgrad.data.selection import Selection, covariates_of
from bayesgrad.data.suppressed import (
    refuse_hidden_events_of_nobody,
    refuse_published_within,
    refuse_suppressed_cases,
    refuse_symbol_read_as_missing,
)
from bayesgrad.data.symbols import is_symbol
from bayesgrad.spec.model_spec import ModelSpec


@dataclass(frozen=True)
class Checked:
    """Rows of a user's table whose values are numbers in range.

    Attributes
    ----------
    selection : Selection
    counts, exposures : DataFrame
        Aligned with the selection, a column for each outcome, float64. A count may be missing, and
        is 0 where it is suppressed; an exposure is missing only where it is the count of an
        earlier stage.
    deprivation : Series
    covariates : DataFrame
        Area covariates, then area moderators.
    suppressed : DataFrame
        Which counts are suppressed, bool, with the columns of `counts`.
    """

    selection: Selection
    counts: pd.DataFrame
    exposures: pd.DataFrame
    deprivation: pd.Series
    covariates: pd.DataFrame
    suppressed: pd.DataFrame

    @property
    def entering(self) -> pd.DataFrame:
        """Which outcomes of which rows have a count and somebody at risk."""
        return self.counts.notna() & (self.exposures > 0)

    def of(self, rows: pd.Series) -> Checked:
        """Keep the rows where the boolean `rows` holds, with a fresh index."""
        return Checked(
            self.selection.of(rows),
            self.counts[rows].reset_index(drop=True),
            self.exposures[rows].reset_index(drop=True),
            self.deprivation[rows].reset_index(drop=True),
            self.covariates[rows].reset_index(drop=True),
            self.suppressed[rows].reset_index(drop=True),
        )


def check_values(spec: ModelSpec, selection: Selection) -> Checked:
    """Read and check every column of values that the spec names.

    Raises
    ------
    DataError
        See the checks in `measures` and `suppressed`.
    SpecError
        If counts are suppressed that are not fitted as rates.
    """
    counts: dict[str, pd.Series] = {}
    exposures: dict[str, pd.Series] = {}
    hidden: dict[str, pd.Series] = {}
    bounds = spec.likelihood.suppressed
    for outcome in spec.outcomes:
        column, earlier = outcome.column, outcome.out_of
        hidden[column] = is_symbol(selection.values[column], bounds)
        refuse_suppressed_cases(spec, selection, outcome, hidden[column])
        count = counts_of(selection, column, hidden=hidden[column])
        if bounds is not None:
            refuse_published_within(selection, count, hidden[column], bounds)
        if earlier is not None:
            refuse_counts_beyond_stage(selection, count, counts[earlier], column=column)
            # Where a stage does not enter for want of its own cases, no later one does.
            exposure = counts[earlier].where(exposures[earlier].notna())
        else:
            kind = exposure_kind(spec, outcome)
            exposure = exposures_of(selection, spec.exposure_of(outcome), kind=kind)
            refuse_counts_beyond_exposure(selection, count, exposure, column=column, kind=kind)
            if bounds is not None:
                refuse_hidden_events_of_nobody(selection, hidden[column], exposure, bounds, column)
        counts[column], exposures[column] = count, exposure
    if bounds is not None:
        frames = pd.DataFrame(hidden), pd.DataFrame(counts)
        refuse_symbol_read_as_missing(selection, *frames, bounds)
    covariates = {column: numbers(selection, column) for column in covariates_of(spec)}
    return Checked(
        selection,
        pd.DataFrame(counts),
        pd.DataFrame(exposures),
        deprivation_of(spec, selection),
        pd.DataFrame(covariates, index=selection.keys.index),
        pd.DataFrame(hidden),
    )
