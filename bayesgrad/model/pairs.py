"""Pairs of authority effects, in the order of their correlations."""

from __future__ import annotations

from itertools import combinations

EFFECTS = ("intercept", "slope")


def effect_pairs(outcomes: tuple[str, ...]) -> tuple[tuple[str, str, str, str], ...]:
    """Outcome and effect of both members of each pair, the lower triangle by rows."""
    effects = [(outcome, effect) for outcome in outcomes for effect in EFFECTS]
    places = sorted((i, k) for k, i in combinations(range(len(effects)), 2))
    return tuple((*effects[k], *effects[i]) for i, k in places)


def pair_label(pair: tuple[str, str, str, str]) -> str:
    """Name of a pair of effects, such as "referrals intercept, plans slope"."""
    return f"{pair[0]} {pair[1]}, {pair[2]} {pair[3]}"
