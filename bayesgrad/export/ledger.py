"""What stays inside: exact counts behind each decision, and a ledger of all that was released."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bayesgrad.data.listing import listed
from bayesgrad.errors import DataError, FitError
from bayesgrad.export.attack.attack import Report
from bayesgrad.export.decisions import Decisions
from bayesgrad.export.rules import Rules

INSIDE = "bayesgrad-stays-inside"
"""Folder beside the exports that must not leave."""

WARNING = "This file has exact counts. It stays inside the secure environment."


@dataclass(frozen=True)
class Ledger:
    """All releases of a folder, the first first; see `entry`."""

    entries: tuple[dict[str, Any], ...] = ()

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Read a ledger; empty where there is no such file.

        Raises
        ------
        DataError
            If it is damaged: what was released before is not known then.
        """
        if not path.exists():
            return cls()
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["releases"]
            return cls(tuple(dict(entry) for entry in entries))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}: the ledger of releases cannot be read: {error}",
                "Put a copy of it in its place. Without it nothing tells what has left before.",
            ) from error

    def with_entry(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Content of the file with one release more."""
        return {"warning": WARNING, "releases": [*self.entries, dict(entry)]}

    def refuse_near_pack(self, entry: Mapping[str, Any], rules: Rules) -> None:
        """Refuse a prior pack of a nation that differs by a few authorities from an earlier one.

        The difference of the two would tell of these few.

        Raises
        ------
        FitError
        """
        own = set(entry["authorities"])
        for earlier in self.entries:
            shared = set(earlier["outcomes"]) & set(entry["outcomes"])
            differing = own ^ set(earlier["authorities"])
            if earlier.get("pack") and shared and 0 < len(differing) < rules.authorities:
                raise FitError(
                    f"a prior pack left with {earlier['folder']} whose nation differs by "
                    f"{listed(sorted(differing))}: the two together would tell of fewer than "
                    f"{rules.authorities} authorities",
                    "Export without --pack, or a pack of the same authorities.",
                )


def entry(
    *,
    folder: str,
    when: str,
    decisions: Decisions,
    about: Mapping[str, Any],
    files: Mapping[str, bytes],
    reason: str,
    previous: Sequence[str],
    pack: bool,
) -> dict[str, Any]:
    """What the ledger keeps of a release."""
    cells = decisions.cells
    return {
        "folder": folder,
        "when": when,
        "title": about.get("title", ""),
        "vintage": about.get("vintage", ""),
        "outcomes": list(dict.fromkeys(cells["outcome"])),
        "authorities": list(dict.fromkeys(cells["authority"])),
        "rules": decisions.rules.model_dump(),
        "reason": reason,
        "previous": list(previous),
        "pack": pack,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }


def audit(decisions: Decisions, report: Report, release: Mapping[str, Any]) -> dict[str, Any]:
    """Exact counts behind each decision, and what the attack found."""
    columns = ["authority", "name", "outcome", "stratum", "events", "areas", "suppressed"]
    shown = [*columns, "hidden", "reason", "events_label"]
    return {
        "warning": WARNING,
        "release": dict(release),
        "cells": _records(decisions.cells[shown]),
        "totals": _records(decisions.totals[shown]),
        "strata": _records(decisions.strata),
        "attack": {
            "unknowns": report.unknowns,
            "constraints": report.constraints,
            "narrowest": None if np.isinf(report.narrowest) else report.narrowest,
            "other_counts": dict(report.other_counts),
            "findings": [
                {"what": one.what, "culprits": list(one.culprits)} for one in report.findings
            ],
        },
    }


def _records(frame: Any) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in frame.to_dict(orient="records")
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else float(value)
    if isinstance(value, np.generic):
        return value.item()
    return value
