"""Comparisons of two authorities: which gradient is steeper, how surely and by how much."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayesgrad.errors import FitError
from bayesgrad.estimands.frame import typed
from bayesgrad.estimands.layout import group, refuse_one_authority
from bayesgrad.estimands.strata_effects import populations
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, DEFAULT_SURE, checked_sure, tails
from bayesgrad.spec.writing import plain_code

COLUMNS = (
    "authority_a",
    "authority_b",
    "outcome",
    "stratum",
    "prob_a_steeper",
    "ratio",
    "lower",
    "upper",
)

BLOCK = 1_000_000
"""Differences held in memory at once."""


def told_apart(
    probability: NDArray[np.float64] | float, *, sure: float = DEFAULT_SURE
) -> NDArray[np.bool_]:
    """Whether the sign of a difference is as sure as `sure`: max(P, 1 - P) >= sure."""
    chance = np.asarray(probability, dtype=np.float64)
    # The tolerance keeps a probability of exactly `sure` on one side, whichever way it is formed.
    surely: NDArray[np.bool_] = np.maximum(chance, 1 - chance) >= checked_sure(sure) - 1e-12
    return surely


def probability_steeper(slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(b_row > b_column) for all pairs of authorities; a tie counts one half.

    Parameters
    ----------
    slopes : array (authority, draw)

    Returns
    -------
    array (authority, authority)
        P + P' = 1; one half on the diagonal.
    """
    authorities, draws = slopes.shape
    wins = np.empty((authorities, authorities), dtype=np.int32)
    for j in range(authorities):
        wins[j] = np.count_nonzero(slopes[j] > slopes, axis=1)
    steeper: NDArray[np.float64] = 0.5 + (wins - wins.T) / (2 * draws)
    return steeper


def chosen_codes(draws: xr.DataTree, codes: Sequence[str]) -> list[str]:
    """Codes of authorities to compare: those given, each once, in the order given.

    They are read as those of a table are: `e09000007` is `E09000007`.

    Raises
    ------
    FitError
        If a code is not in the fit (with the codes or names that come close), or if fewer than
        two different ones are given.
    """
    codes = [plain_code(str(code)) for code in ([codes] if isinstance(codes, str) else codes)]
    authorities = group(draws, "authorities")
    known = [str(code) for code in authorities["authority"].values.tolist()]
    names = [str(name) for name in authorities["name"].values.tolist()]
    meant = dict(zip(names, known, strict=True)) | {code: code for code in known}
    for code in codes:
        if code not in known:
            close = difflib.get_close_matches(code, meant, n=3)
            labels = [word if word == meant[word] else f"{meant[word]} ({word})" for word in close]
            raise FitError(
                f"authority {code!r} is not in this fit",
                f"Did you mean {' or '.join(labels)}?"
                if close
                else f"Give codes of the fit's {len(known)} authorities, such as {min(known)}.",
            )
    distinct = list(dict.fromkeys(codes))
    if len(distinct) < 2:
        raise FitError(
            f"{len(distinct)} authority to compare" if distinct else "no authority to compare",
            "Give the codes of two authorities or more.",
        )
    return distinct


def pairs_table(
    draws: xr.DataTree, codes: Sequence[str] | None = None, *, level: float = DEFAULT_LEVEL
) -> pd.DataFrame:
    """Compare the gradients of authorities two at a time.

    `prob_a_steeper` is P(b_a > b_b), a tie counting one half; `ratio` is the posterior median of
    exp(b_a - b_b), the ratio of the two gradients, with an equal-tailed interval. Each row stands
    alone: nothing is adjusted for the number of pairs looked at.

    Unless authorities have deviations of their own in each stratum, two of them compare alike in
    all strata: the comparison is then given once for each outcome, with an empty `stratum`.

    Parameters
    ----------
    codes : sequence of str, optional
        Authorities to compare, pairs in the order given; all of the fit by code if left out.

    Raises
    ------
    FitError
        If the fit is of one authority, a code is unknown, fewer than two are given, or `level` is
        not strictly between 0 and 1.
    """
    probabilities = (0.5, *tails(level))
    refuse_one_authority(draws)
    chosen = None if codes is None else chosen_codes(draws, codes)
    tables = []
    for population in populations(draws):
        members = population.codes if chosen is None else chosen
        place = {code: i for i, code in enumerate(population.codes)}
        slopes = population.slopes[[place[code] for code in members]]
        first, second = np.triu_indices(len(members), k=1)
        prob, ratio, lower, upper = compared(slopes, first, second, probabilities)
        labels = np.asarray(members, dtype=object)
        tables.append(
            pd.DataFrame(
                {
                    "authority_a": labels[first],
                    "authority_b": labels[second],
                    "outcome": population.outcome,
                    "stratum": population.stratum,
                    "prob_a_steeper": prob,
                    "ratio": ratio,
                    "lower": lower,
                    "upper": upper,
                }
            )
        )
    return typed(pd.concat(tables, ignore_index=True)[list(COLUMNS)])


def compared(
    slopes: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    probabilities: tuple[float, ...],
) -> NDArray[np.float64]:
    """Compare slopes two at a time, without holding all differences in memory.

    Parameters
    ----------
    slopes : array (those compared, draw)
    first, second : array (pair,)
        Positions of the two.

    Returns
    -------
    array (1 + quantiles, pair)
        P(first > second), a tie counting one half, then quantiles of exp(first - second).
    """
    blocks = [
        _compare(slopes[first[part]] - slopes[second[part]], probabilities)
        for part in _parts(len(first), draws=slopes.shape[1])
    ]
    return np.concatenate(blocks, axis=1)


def _compare(
    difference: NDArray[np.float64], probabilities: tuple[float, ...]
) -> NDArray[np.float64]:
    """Probability of steeper, then quantiles of the ratio, for each row of differences."""
    steeper = (
        np.count_nonzero(difference > 0, axis=1) + np.count_nonzero(difference == 0, axis=1) / 2
    )
    np.exp(difference, out=difference)
    ratios = np.quantile(difference, probabilities, axis=1, overwrite_input=True)
    return np.vstack([steeper / difference.shape[1], ratios])


def _parts(pairs: int, *, draws: int) -> Iterator[slice]:
    step = max(1, BLOCK // draws)
    return (slice(start, start + step) for start in range(0, pairs, step))
