"""Columns that say the same: no data can tell what one does from what the other does.

Two columns repeat one another where their correlation is `INDISTINCT` or more, and several where
one is a weighted sum of the others, as three groups coded 0 and 1 are that share all areas among
them. Priors alone would share the effect out between them.

A column of authorities that is nearly their deprivation, such as its median beside its mean, is
another matter: a researcher may want it in place of the mean. There is a warning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayesgrad.data.checked import Checked
from bayesgrad.data.listing import listed
from bayesgrad.errors import DataError
from bayesgrad.spec.model_spec import ModelSpec

INDISTINCT = 0.99
"""Correlation from which two columns cannot be told apart."""
EXACT = 1e-9
"""Distance from 1 of a correlation that is 1, and least eigenvalue of columns that are a sum."""
FEWEST, FEWEST_EXACT = 6, 3
"""Authorities or areas from which a correlation of `INDISTINCT`, or of 1, is no chance."""
FEWEST_EVENTS = 20
"""Events from which an outcome that equals a covariate is no chance."""

AREA_DEPRIVATION, AUTHORITY_DEPRIVATION = "deprivation", "authority deprivation"
_CURVE = 'For a gradient that bends, set [gradient] curvature = "spline".'


def refuse_repeats(
    spec: ModelSpec,
    checked: Checked,
    authorities: pd.DataFrame,
    moderators: pd.DataFrame,
    *,
    indistinct: bool,
) -> tuple[str, ...]:
    """Refuse covariates and moderators that repeat one another, deprivation or an outcome.

    A column of authorities that nearly repeats their deprivation is refused only where
    `indistinct` holds, as in an audit, which would weigh the same explanation twice; else there is
    a warning: the column may be wanted in its place.

    With a prior pack nothing is refused: the pack knows what each column does, whatever the
    columns are in one authority.

    Parameters
    ----------
    authorities, moderators : DataFrame
        Indexed by code, from `bayesgrad.data.authorities`.

    Returns
    -------
    tuple of str
        Warnings.

    Raises
    ------
    DataError
        Names the columns, and those to take out of the spec.
    """
    if spec.prior_pack is not None or (checked.covariates.empty and moderators.empty):
        return ()
    codes = checked.selection.keys["authority"]
    places = authorities.index.get_indexer(pd.Index(codes))
    deprivation = _authority_deprivation(authorities)
    covariates = checked.covariates
    constant = [name for name in covariates if covariates[name].groupby(codes).nunique().max() == 1]
    of_areas = covariates.drop(columns=constant)
    first = covariates[constant].groupby(codes).first()
    of_authorities = pd.concat([moderators, first.loc[moderators.index]], axis=1)
    # Without moderation, authority deprivation has no term that a column could repeat.
    scales = [] if spec.authority.moderation == "none" else _scales(deprivation)
    where = _Where(spec, checked.selection.source)
    near = [] if indistinct else _nearly(of_authorities, scales)
    _refuse_alike(of_authorities, scales, AUTHORITY_DEPRIVATION, where, allowed=near)
    _refuse_sums(of_authorities, scales[:1], AUTHORITY_DEPRIVATION, where)
    of_rows = [checked.deprivation.to_numpy()]
    spread = of_authorities.iloc[places].set_index(of_areas.index)
    _refuse_alike(of_areas, of_rows, AREA_DEPRIVATION, where, beside=spread)
    _refuse_sums(of_areas, of_rows, AREA_DEPRIVATION, where)
    _refuse_outcomes(checked, where)
    return tuple(
        f"{where.column(name)} nearly repeats {where.called(AUTHORITY_DEPRIVATION)} (a correlation "
        f"of 0.99 or more): the data hardly tell what the one does from what the other does. "
        f"{where.out(name)}"
        for name in near
    )


def _nearly(columns: pd.DataFrame, scales: Sequence[np.ndarray]) -> list[str]:
    """Columns that repeat one of the scales of authority deprivation, but not exactly."""
    found = []
    for name in columns:
        values = columns[name].to_numpy(np.float64)
        related = max((abs(_correlation(values, scale)) for scale in scales), default=0.0)
        if related <= 1 - EXACT and _too_close(related, len(columns)):
            found.append(str(name))
    return found


class _Where:
    """Names columns of the table, and the lists of the spec that they stand in."""

    def __init__(self, spec: ModelSpec, source: str) -> None:
        self._source = source
        self._names = {
            AREA_DEPRIVATION: spec.columns.deprivation,
            AUTHORITY_DEPRIVATION: "the deprivation of authorities",
        }
        self._keys = {
            **dict.fromkeys(spec.authority.moderators, "[authority] moderators"),
            **dict.fromkeys(spec.area.moderators, "[area] moderators"),
            **dict.fromkeys(spec.area.covariates, "[area] covariates"),
        }

    def column(self, name: str) -> str:
        return f"{self._source}: column {name}"

    def called(self, name: str) -> str:
        return self._names.get(name, name)

    def out(self, name: str) -> str:
        return f"Take {name} out of {self._keys[name]}."


def _authority_deprivation(authorities: pd.DataFrame) -> np.ndarray:
    """As the design has it: the authority's column, or the mean weighted by exposure."""
    column = "deprivation" if "deprivation" in authorities else "mean_deprivation"
    return authorities[column].to_numpy(np.float64)


def _scales(deprivation: np.ndarray) -> list[np.ndarray]:
    return [deprivation, *([np.log(deprivation)] if deprivation.min() > 0 else [])]


def _refuse_alike(
    columns: pd.DataFrame,
    deprivation: Sequence[np.ndarray],
    called: str,
    where: _Where,
    *,
    beside: pd.DataFrame | None = None,
    allowed: Sequence[str] = (),
) -> None:
    """Refuse a column that repeats deprivation, on any of its scales, or another column.

    Each is compared with those before it, and with all of `beside`; those `allowed` may repeat
    deprivation.
    """
    for refused in columns.columns.difference(list(allowed), sort=False):
        for scale in deprivation:
            related = _correlation(columns[refused].to_numpy(np.float64), scale)
            if _too_close(related, len(columns)):
                curve = _CURVE if called == AREA_DEPRIVATION else ""
                _refuse(str(refused), called, related, where, more=curve)
    others = {} if beside is None else {name: beside[name].to_numpy() for name in beside}
    for name in columns:
        values = columns[name].to_numpy()
        for other, theirs in others.items():
            related = _correlation(values, theirs)
            if _too_close(related, len(columns)):
                _refuse(str(name), str(other), related, where)
        others[name] = values


def _refuse(name: str, other: str, related: float, where: _Where, more: str = "") -> None:
    exactly = "exactly " if abs(related) > 1 - EXACT else ""
    raise DataError(
        f"{where.column(name)} {exactly}repeats {where.called(other)} (their correlation is "
        f"{related:.3f}): no data can tell what the one does from what the other does",
        f"{where.out(name)} {more}".strip(),
    )


def _refuse_outcomes(checked: Checked, where: _Where) -> None:
    """Refuse a covariate that is an outcome, or its rate, under another name."""
    for outcome in checked.counts:
        rows = (checked.entering[outcome] & ~checked.suppressed[outcome]).to_numpy()
        count = checked.counts[outcome].to_numpy()[rows]
        if count.sum() < FEWEST_EVENTS:
            continue
        exposure = checked.exposures[outcome].to_numpy()[rows]
        for what, values in (("", count), ("the rate of ", count / exposure)):
            for name in checked.covariates:
                related = _correlation(checked.covariates[name].to_numpy()[rows], values)
                if abs(related) > 1 - EXACT and rows.sum() >= FEWEST:
                    raise DataError(
                        f"{where.column(str(name))} is {what}outcome {outcome} under another "
                        "name: it would explain itself",
                        where.out(str(name)),
                    )


def _refuse_sums(
    columns: pd.DataFrame, deprivation: Sequence[np.ndarray], called: str, where: _Where
) -> None:
    """Refuse columns one of which is a weighted sum of the others."""
    names = [*map(str, columns.columns), *([called] if deprivation else [])]
    values = np.column_stack([columns.to_numpy(np.float64), *deprivation])
    if len(columns.columns) < 2 or len(values) <= len(names) + FEWEST or (values.std(0) == 0).any():
        return
    lengths, directions = np.linalg.eigh(np.corrcoef(values, rowvar=False))
    if lengths[0] > EXACT:
        return
    involved = [
        name
        for name, weight in zip(names, directions[:, 0], strict=True)
        if abs(weight) > np.sqrt(EXACT)
    ]
    last = [name for name in involved if name != called][-1]
    others = listed((where.called(name) for name in involved if name != last), shown=10)
    raise DataError(
        f"{where.column(last)} is a weighted sum of {others}: no data can tell what the one does "
        "from what the others do",
        f"{where.out(last)} Of groups that share all areas among them, leave one out, which the "
        "others are compared with.",
    )


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two columns; 0 where one of them does not vary."""
    one, other = one - one.mean(), other - other.mean()
    size = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / size) if size > 0 else 0.0


def _too_close(related: float, number: int) -> bool:
    if abs(related) > 1 - EXACT:
        return number >= FEWEST_EXACT
    return abs(related) >= INDISTINCT and number >= FEWEST
