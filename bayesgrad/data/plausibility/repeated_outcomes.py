"""Outcomes that are one outcome: the same counts in two columns."""

from __future__ import annotations

from itertools import combinations

from bayesgrad.data.plausibility.evidence import Evidence

FEWEST_ROWS, FEWEST_EVENTS = 20, 20
"""Rows and events from which equal counts are no chance."""


def repeated_outcomes(evidence: Evidence) -> tuple[str, ...]:
    """Pairs of outcomes with the same count in every row.

    Not of stages: all cases of a stage may come to the next.
    """
    kept = evidence.kept
    found = []
    for first, second in combinations(evidence.spec.outcomes, 2):
        if first.column in (second.out_of, second.exposure):
            continue
        both = kept.entering[first.column] & kept.entering[second.column]
        one, other = kept.counts[first.column][both], kept.counts[second.column][both]
        if (
            both.sum() >= FEWEST_ROWS
            and one.sum() >= FEWEST_EVENTS
            and one.equals(other.rename(first.column))
        ):
            found.append(
                f"columns {first.column} and {second.column} have the same counts in all "
                f"{int(both.sum()):,} rows: a joint fit would take them for two observations. "
                "Leave one of the outcomes out, or name the column that was meant"
            )
    return tuple(found)
