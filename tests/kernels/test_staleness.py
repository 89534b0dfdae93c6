"""Compiled code on disk is of the sources at hand, whatever was edited and whoever wrote it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bayesgrad
from bayesgrad.kernels.cache import VARIABLE

PROGRAM = Path(__file__).with_name("staleness.py")
LEAF = Path("kernels", "families", "elementary.py")
"""Whose functions become part of kernels in other files."""
BEFORE, AFTER = "    p = p * r + 0.5\n", "    p = p * r + 0.6\n"
"""A coefficient of its polynomial for exp."""

pytestmark = pytest.mark.full


def begun(package: Path, cache: Path) -> subprocess.Popen[str]:
    environment = os.environ | {VARIABLE: str(cache)}
    command = [sys.executable, str(PROGRAM), str(package.parent)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, text=True, **pipes)


def ended(process: subprocess.Popen[str]) -> dict[str, float]:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


def evaluated(package: Path, cache: Path) -> dict[str, float]:
    return ended(begun(package, cache))


def test_two_first_runs_at_once_both_work_and_leave_all_compiled(tmp_path):
    package, cache = Path(bayesgrad.__file__).parent, tmp_path / "code"
    one, other = [begun(package, cache) for _ in range(2)]
    first, second = ended(one), ended(other)
    third = evaluated(package, cache)
    assert third["compiled"] == 0
    for name in ("density", "score"):
        assert first[name] == pytest.approx(third[name], rel=1e-12)
        assert second[name] == pytest.approx(third[name], rel=1e-12)


def test_a_change_of_a_leaf_kernel_reaches_every_caller_in_a_warm_cache(tmp_path):
    package, cache = tmp_path / "copy" / "bayesgrad", tmp_path / "code"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(bayesgrad.__file__).parent, package, ignore=ignored)
    first, warm = evaluated(package, cache), evaluated(package, cache)
    assert warm == first | {"compiled": 0}

    source = (package / LEAF).read_text(encoding="utf-8")
    assert BEFORE in source
    (package / LEAF).write_text(source.replace(BEFORE, AFTER), encoding="utf-8")
    changed = evaluated(package, cache)
    assert changed["density"] != first["density"]
    assert changed["score"] != first["score"]

    # Back to what it was: that is on disk, too.
    (package / LEAF).write_text(source, encoding="utf-8")
    assert evaluated(package, cache) == warm


def test_damaged_files_are_compiled_again(tmp_path):
    package, cache = Path(bayesgrad.__file__).parent, tmp_path / "code"
    whole = evaluated(package, cache)
    files = list(cache.rglob("*.nbi"))
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:40])
    damaged = evaluated(package, cache)
    assert damaged["compiled"] > 0
    assert evaluated(package, cache)["compiled"] == 0
    for name in ("density", "score"):
        assert damaged[name] == pytest.approx(whole[name], rel=1e-12)
