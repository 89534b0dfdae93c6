"""Roles of columns: what each column that a spec names holds, and which roles one column may share.

A column has one role, apart from the pairs of `SHARED`: a column of codes is no number to fit, an
outcome explains nothing of itself, and what has a term of the model already gets no second one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bayesgrad.spec.model_spec import ModelSpec

Kind = Literal[
    "areas",
    "authorities",
    "names of authorities",
    "an outcome",
    "exposures",
    "deprivation",
    "authority deprivation",
    "a covariate of areas",
    "a moderator of areas",
    "a moderator of authorities",
    "neighbourhoods",
    "strata",
    "years",
]

SHARED: frozenset[frozenset[Kind]] = frozenset(
    {
        # An authority may go by its code.
        frozenset({"authorities", "names of authorities"}),
        # Rates may depend on the number at risk.
        frozenset({"exposures", "a covariate of areas"}),
        frozenset({"exposures", "a moderator of areas"}),
        # Told as a name that stands more than once in [area].
        frozenset({"a covariate of areas", "a moderator of areas"}),
        # Events of one outcome may be the cases of another: see `_own_exposures`.
        frozenset({"an outcome", "exposures"}),
    }
)
"""Pairs of roles that one column may have."""

_REMEDIES: dict[Kind, str] = {
    "areas": "name the column that holds the codes of areas",
    "authorities": "name the column that says in which authority an area lies",
    "names of authorities": "name the column of authorities' names, or leave the key out",
    "an outcome": "name the column of its counts",
    "exposures": "name the column of those at risk",
    "deprivation": "name the column of areas' deprivation, a proportion from 0 to 1",
    "authority deprivation": 'leave the key out ("mean", the mean of the authority\'s areas), or '
    "name a column with one value for each authority",
    "a covariate of areas": "take it out of the list",
    "a moderator of areas": "take it out of the list",
    "a moderator of authorities": "take it out of the list",
    "neighbourhoods": "name the column of the larger neighbourhoods that areas lie in and "
    "authorities consist of",
    "strata": "name the column that says which stratum a row is",
    "years": "name the column that says which year a row is",
}

_CURVE = 'take it out of the list; for a gradient that bends, set [gradient] curvature = "spline"'
_PAIR_REMEDIES: dict[frozenset[Kind], str] = {
    frozenset({"deprivation", "a covariate of areas"}): _CURVE,
    frozenset({"deprivation", "a moderator of areas"}): _CURVE,
    frozenset({"authority deprivation", "a moderator of authorities"}): (
        "take it out of the list: [authority] moderation says how authority deprivation changes "
        "level and gradient"
    ),
}


@dataclass(frozen=True)
class Role:
    """What one column holds, and the key of the spec that says so."""

    key: str
    column: str
    kind: Kind


def role_faults(spec: ModelSpec) -> Iterator[str]:
    """Say of each column with two roles that do not go together where it stands, and what to do."""
    for first, second in combinations(roles_of(spec), 2):
        if first.column != second.column or first.kind == second.kind:
            continue
        pair = frozenset({first.kind, second.kind})
        if pair not in SHARED:
            remedy = _PAIR_REMEDIES.get(pair, _REMEDIES[second.kind])
            yield f"{second.key} = {second.column!r} is the column of {first.kind}: {remedy}"
    yield from _own_exposures(spec)


def roles_of(spec: ModelSpec) -> list[Role]:
    """Every column that a spec names with its role, those of places and outcomes first."""
    columns, authority = spec.columns, spec.authority
    found = [
        Role("[columns] area", columns.area, "areas"),
        Role("[columns] authority", columns.authority, "authorities"),
    ]
    if columns.authority_name is not None:
        found.append(
            Role("[columns] authority_name", columns.authority_name, "names of authorities")
        )
    found += [
        Role(f"[[outcomes]] {at + 1} column", outcome.column, "an outcome")
        for at, outcome in enumerate(spec.outcomes)
    ]
    found += _exposures(spec)
    found.append(Role("[columns] deprivation", columns.deprivation, "deprivation"))
    if authority.deprivation != "mean":
        found.append(
            Role("[authority] deprivation", authority.deprivation, "authority deprivation")
        )
    lists: tuple[tuple[str, tuple[str, ...], Kind], ...] = (
        ("[area] covariates", spec.area.covariates, "a covariate of areas"),
        ("[area] moderators", spec.area.moderators, "a moderator of areas"),
        ("[authority] moderators", authority.moderators, "a moderator of authorities"),
    )
    found += [Role(key, column, kind) for key, names, kind in lists for column in names]
    found += _groups(spec)
    if columns.neighbourhood is not None:
        found.append(Role("[columns] neighbourhood", columns.neighbourhood, "neighbourhoods"))
    return found


def _exposures(spec: ModelSpec) -> list[Role]:
    """Exposures in use, each once; those that are an earlier stage's events are no columns."""
    found: dict[str, Role] = {}
    for at, outcome in enumerate(spec.outcomes):
        if outcome.out_of is None:
            key = f"[[outcomes]] {at + 1}" if outcome.exposure else "[columns]"
            column = spec.exposure_of(outcome)
            found.setdefault(column, Role(f"{key} exposure", column, "exposures"))
    return list(found.values())


def _groups(spec: ModelSpec) -> Iterator[Role]:
    if spec.strata is not None:
        yield Role("[strata] column", spec.strata.column, "strata")
        if spec.strata.crossed_with is not None:
            yield Role("[strata] crossed_with.column", spec.strata.crossed_with.column, "strata")
    if spec.years is not None:
        yield Role("[years] column", spec.years.column, "years")


def _own_exposures(spec: ModelSpec) -> Iterator[str]:
    for at, outcome in enumerate(spec.outcomes):
        if outcome.out_of is None and spec.exposure_of(outcome) == outcome.column:
            key = f"[[outcomes]] {at + 1} exposure" if outcome.exposure else "[columns] exposure"
            yield (
                f"{key} = {outcome.column!r} is the column of the outcome itself, which would be "
                f"counted out of its own events: {_REMEDIES['exposures']}"
            )
