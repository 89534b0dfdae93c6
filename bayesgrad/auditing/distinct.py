"""Moderators that cannot be told from authority deprivation, or from one another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgrad.auditing.forms import moderators_of
from bayesgrad.data import AnalysisTable
from bayesgrad.data.repeats import INDISTINCT
from bayesgrad.design import build_design
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec


def refuse_indistinct(spec: ModelSpec, table: AnalysisTable) -> None:
    """Refuse a moderator that is authority deprivation, or another moderator, or nearly.

    Forms with the one and forms with the other say the same, so that their explanation would be
    counted twice among the forms that are weighed.

    Raises
    ------
    DataError
        The message names the columns and their correlation.
    """
    _refuse_deprivation(spec, table)
    columns = _by_row(spec, table)
    for one, other in combinations(columns, 2):
        related = _correlation(columns[one], columns[other])
        if related >= INDISTINCT:
            raise DataError(
                f"columns {one!r} and {other!r} have a correlation of {related:.3f}: no data can "
                "tell what the one does from what the other does, and the audit would weigh the "
                "same explanation twice",
                f"Take {other!r} or {one!r} out of the spec.",
            )


def _refuse_deprivation(spec: ModelSpec, table: AnalysisTable) -> None:
    bare = spec.model_copy(
        update={"authority": spec.authority.model_copy(update={"moderation": "none"})}
    )
    deprivation = build_design(bare, table).authorities.deprivation
    for name in spec.authority.moderators:
        values = table.moderators[name].to_numpy(np.float64)
        for scale in _scales(deprivation):
            related = _correlation(values, scale)
            if related >= INDISTINCT:
                raise DataError(
                    f"column {name!r} has a correlation of {related:.3f} with authority "
                    "deprivation: no data can tell what the one does from what the other does",
                    f"Take {name!r} out of [authority] moderators.",
                )


def _by_row(spec: ModelSpec, table: AnalysisTable) -> dict[str, NDArray[np.float64]]:
    """Every moderator and covariate, those of authorities repeated for their rows."""
    authority = pd.Index(table.authorities.index).get_indexer(table.rows["authority"])
    return {
        name: table.moderators[name].to_numpy(np.float64)[authority]
        if name in table.moderators
        else table.covariates[name].to_numpy(np.float64)
        for name in moderators_of(spec)
    }


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Size of the correlation; 0 where one of the two does not vary."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return abs(float(np.corrcoef(one, other)[0, 1]))


def _scales(deprivation: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    yield deprivation
    if deprivation.min() > 0:
        yield np.log(deprivation)
