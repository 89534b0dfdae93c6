"""What a table shows that chance does not give: told before sampling, and refused nowhere.

A check is a function of the `Evidence`, in a module of its own subject, that returns warnings: each
says what was seen, where, and what to do about it. `CHECKS` lists them all.
"""

from __future__ import annotations

from collections.abc import Callable

from bayesgrad.data.plausibility.evidence import Evidence

CHECKS: tuple[Callable[[Evidence], tuple[str, ...]], ...] = ()
"""Every check, in the order in which warnings are shown."""


def warnings_on(evidence: Evidence) -> tuple[str, ...]:
    """Warnings of all checks on one table, in their order."""
    return tuple(warning for check in CHECKS for warning in check(evidence))
