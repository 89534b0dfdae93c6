"""Checked: a selection whose values have passed every check of values."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bayesgrad.data.measures import (
    counts_of,
    deprivation_of,
    exposures_of,
    numbers,
    refuse_counts_beyond_exposure,
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
        Aligned with the selection, a column for each outcome, float64; a count may be missing.
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
    cases = spec.likelihood.family in ("binomial", "beta_binomial")
    counts, exposures = {}, {}
    for outcome in spec.outcomes:
        count = counts_of(selection, outcome.column, suppressed=spec.likelihood.suppressed)
        exposure = exposures_of(selection, spec.exposure_of(outcome), cases=cases)
        refuse_counts_beyond_exposure(
            selection, count, exposure, column=outcome.column, cases=cases
        )
        counts[outcome.column], exposures[outcome.column] = count, exposure
    covariates = {column: numbers(selection, column) for column in covariates_of(spec)}
    return Checked(
        selection,
        pd.DataFrame(counts),
        pd.DataFrame(exposures),
        deprivation_of(spec, selection),
        pd.DataFrame(covariates, index=selection.keys.index),
    )
