"""Kernels know nothing of the rest: all that their code depends on is in the hash of its cache."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bayesgrad

PACKAGE = Path(bayesgrad.__file__).parent
MAY_IMPORT = ("bayesgrad.kernels", "bayesgrad.compat")
FILES = sorted(
    file for folder in ("kernels", "compat") for file in (PACKAGE / folder).rglob("*.py")
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_compiled_code_is_made_of_kernels_alone(file):
    imported = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imported.append(node.module or "")
        elif isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
    ours = [name for name in imported if name.split(".")[0] == "bayesgrad"]
    assert [name for name in ours if not name.startswith(MAY_IMPORT)] == []
