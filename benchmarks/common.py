"""What the benchmarks share: the spec of a synthetic England, and words for the machine."""

from __future__ import annotations

import os
import platform

SPEC = """\
title = "Synthetic England"
[columns]
area = "area"
authority = "authority"
authority_name = "authority_name"
exposure = "children"
deprivation = "income_score"
vintage = "Synthetic"
[[outcomes]]
column = "referrals"
[likelihood]
family = "{family}"
"""
"""Spec of the table that `bayesgrad.simulate` draws, with log moderation and default priors."""


def machine() -> str:
    """Processor, cores and version of Python, with no name of the machine."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )
