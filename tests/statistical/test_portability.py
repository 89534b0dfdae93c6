"""The same numbers whatever instructions the processor has."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import json, sys
import numpy as np
import bayesgrad as bg
from bayesgrad.data import prepare_table, read_table
from bayesgrad.design import build_design
from bayesgrad.model import kernels
from bayesgrad.model.arrays import count_rows

spec = bg.ModelSpec.read(sys.argv[1] + "/synthetic_england.toml")
table = read_table(sys.argv[1] + "/synthetic_england_areas.csv")
rows = count_rows(build_design(spec, prepare_table(spec, table)))
cells = len(rows.outcome)
at = kernels.Parameters(
    np.linspace(-3.5, -2.5, cells), np.linspace(0.1, 0.6, cells), np.empty((1, 0)), np.array([8.0]),
    np.empty((1, 0)),
)
gradient = kernels.Parameters(*(np.empty_like(part) for part in at))
value = kernels.log_likelihood(at, rows, gradient, None)
fit = bg.fit(spec, table, engine="laplace", seed=1)
posterior = fit.draws["posterior"].to_dataset()
print(json.dumps({
    "value": value,
    "gradient": np.concatenate([part.ravel() for part in gradient]).tolist(),
    "means": [float(posterior[name].mean()) for name in sorted(posterior.data_vars)],
    "sds": posterior["authority_slope"].std(("chain", "draw")).values.ravel().tolist(),
}))
"""


def numbers(folder, cache, **environment: str) -> dict[str, np.ndarray]:
    """Numbers of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        check=True,
        capture_output=True,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)} | environment,
    )
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
