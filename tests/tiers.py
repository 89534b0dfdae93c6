"""Tiers of tests: what the quick one takes of many forms, and which files share a fit.

The quick tier runs by default; tests marked `full` are exact or structural but take long, and
those marked `slow` are statistical.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest


def quick(forms: Iterable[object], *chosen: object) -> list[object]:
    """All forms as parameters of a test; those that are not chosen are of the full tier.

    A form that is a tuple holds the values of several arguments.
    """
    known = list(forms)
    unknown = [form for form in chosen if form not in known]
    if unknown:
        raise ValueError(f"not among the forms: {unknown}")
    return [
        pytest.param(
            *(form if isinstance(form, tuple) else (form,)),
            marks=() if form in chosen else pytest.mark.full,
        )
        for form in known
    ]


SHARED: dict[str, Sequence[str]] = {
    "england_sampler": (
        "tests/cli/test_demo.py",
        "tests/cli/test_verbs.py",
        "tests/fitting/test_run.py",
        "tests/fitting/test_store.py",
        "tests/fitting/test_summary.py",
        "tests/inference/laplace/test_engine.py",
        "tests/inference/test_compiled.py",
        "tests/inference/test_nuts.py",
        "tests/inference/test_rounds.py",
        "tests/predictive/test_checks.py",
    ),
}
"""Files whose tests share what takes long to make: one worker runs all of them."""


def sharing(nodeid: str) -> str:
    """What a test has in common with those that the same worker runs: a fit, or its file."""
    file = nodeid.split("::", maxsplit=1)[0]
    return next((fixture for fixture, files in SHARED.items() if file in files), file)
