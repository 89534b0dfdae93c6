"""Episodes -> events and time at risk by interval: the table of a piecewise-exponential model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgrad.data.headings import refuse_absent_columns
from bayesgrad.data.listing import counted, listed
from bayesgrad.errors import DataError

_SOURCE = "episodes"


def split_durations(
    episodes: pd.DataFrame,
    *,
    by: Sequence[str] | str,
    duration: str,
    closed: str,
    breaks: Sequence[float],
    interval: str = "interval",
    events: str = "closed",
    time: str = "time_at_risk",
) -> pd.DataFrame:
    r"""Split episodes at fixed times, and add up events and time at risk.

    An episode of length :math:`t` spends :math:`\max(0, \min(t, b) - a)` in the interval from
    :math:`a` to :math:`b`, and if it is closed its event falls in the interval with
    :math:`a < t \le b`. Within an interval the hazard is constant, so that the events are Poisson
    with the time at risk as exposure (Holford 1980, The analysis of rates and of survivorship
    using log-linear models, Biometrics 36).

    A closed episode of length 0 is an event of the first interval that adds no time. Where a row
    has no other time at risk, `prepare_table` refuses it: give such episodes half a unit first, as
    in ``days.clip(lower=0.5)``.

    Parameters
    ----------
    episodes : DataFrame
        One row per episode, each followed from its start.
    by : sequence of str, or str
        Columns that the rows of the result are told apart by: area, authority, deprivation, ...
    duration : str
        Column of lengths, in any unit: from the start to the end or, of an episode that is still
        open, to the day of the extract.
    closed : str
        Column that says whether the episode has ended: true or false, or 1 or 0.
    breaks : sequence of float
        Times, above 0 and increasing, at which one interval ends and the next begins. The first
        interval starts at 0 and the last is open.
    interval, events, time : str
        Names of the columns of the result.

    Returns
    -------
    DataFrame
        Columns `by`, `interval`, `events` (int64) and `time` (float64, in the unit of `duration`):
        a row for each combination and interval that has time at risk or an event, sorted by `by`
        and then in order of time. Intervals are labelled as "0-90", "90-180", "180+", so that
        ``[strata] ordered = true`` puts them in order. Events and time add up to those of the
        episodes.

    Raises
    ------
    DataError
        If a column is absent, a duration is missing, negative or no number, an episode is neither
        closed nor open, or the breaks do not increase.
    """
    cuts = _cuts(breaks)
    keys = [by] if isinstance(by, str) else list(by)
    refuse_absent_columns([*keys, duration, closed], list(episodes.columns), source=_SOURCE)
    _refuse_repeats([*keys, interval, events, time])
    lengths = _durations(episodes, duration)
    ended = _ended(episodes, closed)
    parts = []
    for label, (start, end) in zip(_labels(cuts), pairwise([*cuts, np.inf]), strict=True):
        reached = (lengths > start) | (start == 0)
        found = episodes.loc[reached, keys].reset_index(drop=True)
        found[interval] = label
        found[events] = (ended[reached] & (lengths[reached] <= end)).astype(np.int64)
        found[time] = np.minimum(lengths[reached], end) - start
        parts.append(found.groupby([*keys, interval], observed=True, dropna=False).sum())
    table = pd.concat(parts).reset_index()
    table = table[(table[events] > 0) | (table[time] > 0)]
    return table.sort_values(keys, kind="stable", ignore_index=True)


def _cuts(breaks: Sequence[float]) -> list[float]:
    cuts = [0.0, *(float(at) for at in breaks)]
    if len(cuts) < 2 or not all(one < other < np.inf for one, other in pairwise(cuts)):
        raise DataError(
            f"breaks = {list(breaks)}: are not one or more times above 0, each after the last",
            "Give the times at which intervals end, as in breaks=[90, 180, 365]; the first "
            "interval starts at 0 and the last is open.",
        )
    return cuts


def _labels(cuts: Sequence[float]) -> list[str]:
    written = [f"{cut:.10g}" for cut in cuts]
    return [*(f"{one}-{other}" for one, other in pairwise(written)), f"{written[-1]}+"]


def _refuse_repeats(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"{_SOURCE}: the result would have more than one column called {listed(repeated)}",
            "Name each column of `by` once, and give interval, events and time other names.",
        )


def _durations(episodes: pd.DataFrame, column: str) -> NDArray[np.float64]:
    raw = episodes[column]
    if not pd.api.types.is_numeric_dtype(raw.dtype) or pd.api.types.is_bool_dtype(raw.dtype):
        raise DataError(
            f"{_SOURCE}: column {column} holds {raw.dtype}, not numbers",
            "Give lengths as numbers of days or another unit; of a timedelta, "
            "`.dt.total_seconds() / 86400`.",
        )
    lengths = raw.to_numpy(np.float64, na_value=np.nan)
    for fault, faulty in (
        ("missing", np.isnan(lengths)),
        ("negative", lengths < 0),
        ("infinite", np.isinf(lengths)),
    ):
        _refuse(episodes, faulty, f"column {column} is {fault}")
    return lengths


def _ended(episodes: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    flags = episodes[column]
    _refuse(episodes, flags.isna().to_numpy(), f"column {column} is missing")
    _refuse(episodes, ~flags.isin([0, 1]).to_numpy(), f"column {column} is neither true nor false")
    return flags.to_numpy().astype(bool)


def _refuse(episodes: pd.DataFrame, faulty: NDArray[np.bool_], fault: str) -> None:
    if faulty.any():
        raise DataError(
            f"{_SOURCE}: {fault} in {counted(int(faulty.sum()), 'row')}: "
            f"row {listed(episodes.index[faulty])}",
            "Mend the episodes, or leave them out.",
        )
