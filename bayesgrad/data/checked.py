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
from bayesgrad.spec.model_spec import ModelSpec


@dataclass(frozen=True)
class Checked:
    """Rows of a user's table whose values are numbers in range.

    Attributes
    ----------
    selection : Selection
    counts, exposures : DataFrame
        Aligned with the selection, a column for each outcome, float64. A count may be missing; an
        exposure only where it is the count of an earlier stage.
    deprivation : Series
    covariates : DataFrame
        Area covariates, then area moderators.
    """

    selection: Selection
    counts: pd.DataFrame
    exposures: pd.DataFrame
    deprivation: pd.Series
    covariates: pd.DataFrame

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
        )


def check_values(spec: ModelSpec, selection: Selection) -> Checked:
    """Read and check every column of values that the spec names.

    Raises
    ------
    DataError
        See the checks in `measures`.
    SpecError
        If counts are suppressed, which this version does not fit.
    """
    counts: dict[str, pd.Series] = {}
    exposures: dict[str, pd.Series] = {}
    for outcome in spec.outcomes:
        column, earlier = outcome.column, outcome.out_of
        count = counts_of(selection, column, suppressed=spec.likelihood.suppressed)
        if earlier is not None:
            refuse_counts_beyond_stage(selection, count, counts[earlier], column=column)
            # Where a stage does not enter for want of its own cases, no later one does.
            exposure = counts[earlier].where(exposures[earlier].notna())
        else:
            kind = exposure_kind(spec, outcome)
            exposure = exposures_of(selection, spec.exposure_of(outcome), kind=kind)
            refuse_counts_beyond_exposure(selection, count, exposure, column=column, kind=kind)
        counts[column], exposures[column] = count, exposure
    covariates = {column: numbers(selection, column) for column in covariates_of(spec)}
    return Checked(
        selection,
        pd.DataFrame(counts),
        pd.DataFrame(exposures),
        deprivation_of(spec, selection),
        pd.DataFrame(covariates, index=selection.keys.index),
    )
