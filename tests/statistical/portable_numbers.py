"""Numbers of a fit as JSON, for a process of its own: `python portable_numbers.py FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import bayesgrad as bg
from bayesgrad.data import prepare_table, read_table
from bayesgrad.design import build_design
from bayesgrad.kernels.likelihood.loglik import log_likelihood
from bayesgrad.kernels.likelihood.rows import Curvature, Parameters
from bayesgrad.model.arrays import count_rows


def portable_numbers(folder: Path) -> dict[str, object]:
    spec = bg.ModelSpec.read(folder / "synthetic_england.toml")
    table = read_table(folder / "synthetic_england_areas.csv")
    rows = count_rows(build_design(spec, prepare_table(spec, table)))
    cells = len(rows.outcome)
    at = Parameters(
        np.linspace(-3.5, -2.5, cells),
        np.linspace(0.1, 0.6, cells),
        np.empty((1, 0)),
        np.array([8.0]),
        np.empty((1, 0)),
    )
    gradient = Parameters(*(np.empty_like(part) for part in at))
    no_curvature = Curvature(np.empty((0, 2, 2)), np.empty((0, 2, 0)), np.empty((0, 0, 0)))
    value = log_likelihood(at, rows, gradient, no_curvature)
    fit = bg.fit(spec, table, engine="laplace", seed=1)
    posterior = fit.draws["posterior"].to_dataset()
    slopes = posterior["authority_slope"].std(("chain", "draw"))
    return {
        "value": value,
        "gradient": np.concatenate([part.ravel() for part in gradient]).tolist(),
        "means": [float(posterior[name].mean()) for name in sorted(posterior.data_vars)],
        "sds": slopes.values.ravel().tolist(),
    }


if __name__ == "__main__":
    print(json.dumps(portable_numbers(Path(sys.argv[1]))))
