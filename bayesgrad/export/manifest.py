"""The manifest that SACRO-Viewer opens: `results.json`, `config.json` and `checksums/`.

The viewer takes the one JSON file with `version` and `results` in a folder, and checks of each file
that a result names whether `checksums/NAME.txt` has its SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from bayesgrad.export.rules import Rules
from bayesgrad.export.texts import json_bytes

VERSION = "0.4.0"
"""Of the format of `results.json`, as the viewer writes it itself."""


def manifest(
    files: Mapping[str, bytes],
    summaries: Mapping[str, str],
    *,
    rules: Rules,
    when: str,
    reason: str,
) -> dict[str, bytes]:
    """Files of the manifest, by name.

    Parameters
    ----------
    files : mapping of str to bytes
        All that leaves.
    summaries : mapping of str to str
        What each file is, in a line, for its checker.
    rules : Rules
    when : str
        Time in ISO format.
    reason : str
        Why the fit may leave although its diagnostics failed; else empty.
    """
    results: dict[str, Any] = {}
    for name in files:
        results[name] = {
            "uid": name,
            "status": "review",
            "type": "custom",
            "properties": {"method": "bayesgrad export"},
            "files": [{"name": name, "sdc": {"summary": {}, "cells": {}}}],
            "outcome": {},
            "command": "bayesgrad export",
            "summary": f"review; {summaries.get(name, '')}",
            "timestamp": when,
            "comments": ["See request.md: every file, and the rule by which it leaves."],
            "exception": reason,
        }
    config = {
        "safe_threshold": rules.threshold,
        "safe_dof_threshold": rules.degrees_of_freedom,
        "check_missing_values": False,
        "survival_safe_threshold": rules.threshold,
        "zeros_are_disclosive": True,
    }
    sums = {
        f"checksums/{name}.txt": hashlib.sha256(content).hexdigest().encode()
        for name, content in files.items()
    }
    return {
        "results.json": json_bytes({"version": VERSION, "results": results}),
        "config.json": json_bytes(config),
        **sums,
    }
