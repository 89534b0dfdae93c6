"""The same numbers whatever instructions the processor has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bayesgrad.kernels.cache import VARIABLE
from tests.statistical import portable_numbers


def numbers(folder: Path, cache: Path, **environment: str) -> dict[str, np.ndarray]:
    """Numbers of a process of its own."""
    done = subprocess.run(
        [sys.executable, portable_numbers.__file__, str(folder)],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {VARIABLE: str(cache)} | environment,
    )
    assert done.returncode == 0, done.stderr
    return {name: np.array(value) for name, value in json.loads(done.stdout).items()}


@pytest.mark.slow
def test_numbers_are_the_same_without_wide_vectors(england_folder, tmp_path):
    native = numbers(england_folder, tmp_path / "native")
    plain = numbers(
        england_folder, tmp_path / "plain", NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES=""
    )
    np.testing.assert_allclose(plain["value"], native["value"], rtol=1e-13)
    np.testing.assert_allclose(plain["gradient"], native["gradient"], rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(plain["means"], native["means"], rtol=1e-6)
    np.testing.assert_allclose(plain["sds"], native["sds"], rtol=1e-6)
