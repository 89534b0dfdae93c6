"""Comparison of authorities in words, that claims no more than the draws support."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import xarray as xr

from bayesgrad.estimands.diagnostics_table import failed_checks
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.layout import events_words, group, outcome_title, ratio_of
from bayesgrad.estimands.pairs import chosen_codes, pairs_table, told_apart
from bayesgrad.estimands.strata_effects import MEAN_OVER_STRATA, has_strata, mean_over_strata
from bayesgrad.estimands.summaries import DEFAULT_LEVEL, DEFAULT_SURE, checked_sure

MOST_DECIMALS = 6
"""Of a ratio whose interval ends next to 1."""


def compare_in_words(
    draws: xr.DataTree,
    codes: Sequence[str],
    *,
    level: float = DEFAULT_LEVEL,
    sure: float = DEFAULT_SURE,
) -> str:
    """Compare the gradients of two authorities or more, in words and numbers.

    For each outcome, and each stratum where authorities have deviations of their own (otherwise for
    the mean over strata, since they compare alike in all): the gradient of each authority with its
    interval, reliability, events and areas; then, pair by pair, the probability that one is the
    steeper and the ratio of the two. A pair is called different only where that probability
    reaches `sure` and the interval of the ratio, as it is shown, does not hold 1; otherwise it is
    said that the two cannot be told apart.

    Parameters
    ----------
    codes : sequence of str
        Codes of the authorities, in the order in which to speak of them.
    level : float
        Probability inside the intervals.
    sure : float
        Probability needed to call one gradient the steeper, above 0.5 and below 1.

    Raises
    ------
    FitError
        If a code is unknown, fewer than two are given, `level` is not strictly between 0 and 1,
        or `sure` not between 0.5 and 1.
    """
    checked_sure(sure)
    chosen = chosen_codes(draws, codes)
    pairs = pairs_table(draws, chosen, level=level)
    alike = has_strata(group(draws, "authorities")) and (pairs["stratum"] == "").all()
    gradients = gradients_table(mean_over_strata(draws) if alike else draws, level=level)
    keys = ["outcome", "stratum"]
    lines = _warning(draws)
    for (outcome, stratum), compared in pairs.groupby(keys, sort=False):
        here = (gradients["outcome"] == outcome) & (gradients["stratum"] == stratum)
        rows = gradients[here].set_index("authority").loc[chosen]
        where = MEAN_OVER_STRATA if alike else str(stratum)
        heading = _heading(draws, str(outcome), where, level=level)
        lines += [heading, *_gradient_lines(rows), ""]
        lines += [*_pair_lines(compared, rows["name"], sure=sure), ""]
    if len(chosen) > 2:
        lines += [
            f"Each of these {len(chosen) * (len(chosen) - 1) // 2} comparisons stands alone: "
            f"the more are looked at, the likelier that one of them misleads.",
            "",
        ]
    return "\n".join(lines)


def _warning(draws: xr.DataTree) -> list[str]:
    failed = failed_checks(draws)
    if not failed:
        return []
    return [
        f"The fit failed its diagnostics ({', '.join(failed)}): do not rely on these numbers.",
        "",
    ]


def _heading(draws: xr.DataTree, outcome: str, stratum: str, *, level: float) -> str:
    title = outcome_title(draws, outcome)
    what = f"{title}, {stratum}" if stratum else title
    reference = group(draws, "reference")
    vintage = reference.attrs.get("vintage")
    measure = f"deprivation ({vintage})" if vintage else "deprivation"
    step = f"per +{100 * float(reference['unit']):g} percentage points of {measure}"
    ratio = ratio_of(draws, outcome)
    return f"Gradient of {what}: {ratio} {step}, median and {100 * level:g}% interval"


def _gradient_lines(rows: pd.DataFrame) -> list[str]:
    return [
        f"  {_label(str(row.name), str(code))}: {row.gradient:.2f} "
        f"({row.lower:.2f} to {row.upper:.2f}); "
        f"reliability {row.reliability:.2f}, {events_words(row.events)} in {row.areas:,} areas"
        + (f", {row.suppressed:,} suppressed" if getattr(row, "suppressed", 0) else "")
        for code, row in zip(rows.index, rows.itertuples(index=False), strict=True)
    ]


def _pair_lines(compared: pd.DataFrame, names: pd.Series[str], *, sure: float) -> list[str]:
    return [_sentence(pair, names, sure=sure) for pair in compared.to_dict("records")]


def _sentence(pair: Mapping[Hashable, Any], names: pd.Series[str], *, sure: float) -> str:
    first = _label(names[pair["authority_a"]], pair["authority_a"])
    second = _label(names[pair["authority_b"]], pair["authority_b"])
    chance = pair["prob_a_steeper"]
    if not (told_apart(chance, sure=sure) and _excludes_one(pair)):
        return (
            f"  {first} and {second} cannot be told apart: the probability that {first} has the "
            f"steeper gradient is {_chance(chance)}; the ratio of the two is {_ratio(pair)}."
        )
    if chance < 0.5:
        first, second = second, first
        inverse = {"ratio": "ratio", "lower": "upper", "upper": "lower"}
        pair = {name: 1 / pair[other] for name, other in inverse.items()}
    return (
        f"  {first} has a steeper gradient than {second} with probability "
        f"{_chance(max(chance, 1 - chance))}; the ratio of the two is {_ratio(pair)}."
    )


def _excludes_one(pair: Mapping[Hashable, Any]) -> bool:
    """Whether the interval of the ratio lies on one side of 1, that of the likelier sign."""
    return bool(pair["lower"] > 1) if pair["prob_a_steeper"] > 0.5 else bool(pair["upper"] < 1)


def _ratio(pair: Mapping[Hashable, Any]) -> str:
    """Ratio and interval, with as many decimals as show on which side of 1 its ends lie."""
    ends = [float(pair[name]) for name in ("lower", "upper")]
    digits = next(
        (n for n in range(2, MOST_DECIMALS) if all(end == 1 or round(end, n) != 1 for end in ends)),
        MOST_DECIMALS,
    )
    lower, upper = (f"{end:.{digits}f}" for end in ends)
    return f"{pair['ratio']:.{digits}f} ({lower} to {upper})"


def _label(name: str, code: str) -> str:
    return f"{name} ({code})" if name and name != code else code


def _chance(probability: float) -> str:
    """Probability to two decimals, never rounded to a certainty."""
    if probability > 0.995:
        return "over 0.99"
    return "under 0.01" if probability < 0.005 else f"{probability:.2f}"
