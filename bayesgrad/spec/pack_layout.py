"""Which parameters a prior pack has, on which scale and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import Literal

Scale = Literal["", "log", "atanh"]

OF_TERMS = (
    ("between", "moderation_term"),
    ("interaction", "moderation_term"),
    ("authority_moderator_level", "authority_moderator"),
    ("authority_moderator_gradient", "authority_moderator"),
    ("covariate", "area_covariate"),
    ("gradient_moderator", "area_moderator"),
    ("curvature", "curvature_term"),
)
"""Coefficients by outcome and term, and the dimension of their terms."""

PARTIAL_CORRELATION = "partial_correlation"
"""Of the effects of several outcomes: that of effects i and k < i given all before k."""


@dataclass(frozen=True)
class PackBlock:
    """Values of one variable of the model.

    Attributes
    ----------
    variable : str
    scale : {"", "log", "atanh"}
        Function that makes them unconstrained.
    labels : tuple of tuple of str
        Names along each dimension, outcomes first (or pairs of effects).
    start : int
        Place of the first among all parameters.
    """

    variable: str
    scale: Scale
    labels: tuple[tuple[str, ...], ...]
    start: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""
        return tuple(map(len, self.labels))

    @property
    def place(self) -> slice:
        """Its part of the parameters."""
        return slice(self.start, self.start + prod(self.shape))

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each value, such as ``log sd_slope [referrals]``."""
        title = f"{self.scale} {self.variable}".strip()
        return tuple(f"{title} [{', '.join(labels)}]" for labels in product(*self.labels))


def pack_blocks(
    *,
    outcomes: Sequence[tuple[str, str]],
    covariance: str,
    terms: Mapping[str, tuple[str, ...]],
) -> tuple[PackBlock, ...]:
    """Blocks of the parameters of a model, in order.

    Parameters
    ----------
    outcomes : sequence of (column, family)
    covariance : {"full", "by_outcome", "diagonal"}
    terms : mapping of str to tuple of str
        Names along each dimension of `OF_TERMS`; a variable without terms has no block.
    """
    names = tuple(column for column, _ in outcomes)
    blocks: list[PackBlock] = []
    for variable, scale, labels in _variables(names, outcomes, covariance, terms):
        if all(labels):
            start = blocks[-1].place.stop if blocks else 0
            blocks.append(PackBlock(variable, scale, labels, start))
    return tuple(blocks)


def _variables(
    names: tuple[str, ...],
    outcomes: Sequence[tuple[str, str]],
    covariance: str,
    terms: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[str, Scale, tuple[tuple[str, ...], ...]]]:
    yield "intercept", "", (names,)
    yield "slope", "", (names,)
    for variable, dim in OF_TERMS:
        yield variable, "", (names, terms.get(dim, ()))
    yield "sd_intercept", "log", (names,)
    yield "sd_slope", "log", (names,)
    if covariance == "full" and len(names) > 1:
        effects = [f"{name} {effect}" for name in names for effect in ("intercept", "slope")]
        pairs = sorted((i, k) for k, i in combinations(range(len(effects)), 2))
        yield (
            PARTIAL_CORRELATION,
            "atanh",
            (tuple(f"{effects[k]}, {effects[i]}" for i, k in pairs),),
        )
    elif covariance != "diagonal":
        yield "correlation", "atanh", (names,)
    dispersed = tuple(
        name for name, family in outcomes if family in ("negative_binomial", "beta_binomial")
    )
    yield "overdispersion", "log", (dispersed,)
