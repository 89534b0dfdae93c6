from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.inference.bridge import sample_points
from bayesgrad.inference.compiled import Block, CompiledModel
from bayesgrad.spec.parts import Sampling


def normal(mean: np.ndarray, sd: np.ndarray) -> CompiledModel:
    """Independent normal distributions, as if compiled."""

    def density(point):
        z = (point - mean) / sd
        return -0.5 * float(z @ z), -z / sd

    layout = {"theta": Block(0, mean.shape)}
    return CompiledModel(layout, {}, {}, {}, _density=density, _expansion=lambda points: [points])


def test_points_are_those_of_the_density():
    mean, sd = np.array([1.0, -2.0, 30.0]), np.array([0.1, 1.0, 5.0])
    settings = Sampling(draws=2000, tune=400, chains=2, seed=1)
    sampled = sample_points(
        normal(mean, sd),
        lambda seed: np.random.default_rng(seed).normal(size=3),
        settings,
        statistics=("diverging", "n_steps"),
        cores=2,
        progress=False,
    )
    assert sampled.points.shape == (2, 2000, 3)
    flat = sampled.points.reshape(-1, 3)
    assert_allclose((flat.mean(axis=0) - mean) / sd, 0.0, atol=0.1)
    assert_allclose(flat.std(axis=0) / sd, 1.0, atol=0.1)
    assert sampled.statistics["n_steps"].shape == (2, 2000)
    assert not sampled.statistics["diverging"].any()


@pytest.mark.full
def test_sampling_loads_neither_arviz_nor_matplotlib():
    program = """
import sys
from bayesgrad.compat.nutpie_trace import import_nutpie
nutpie = import_nutpie()
assert not {"arviz", "arviz_plots", "matplotlib"} & set(sys.modules)
assert nutpie.sample.__module__ == "nutpie.sample"
import arviz
assert sys.modules["nutpie.sample"].arviz.from_dict is arviz.from_dict
"""
    subprocess.run([sys.executable, "-c", program], check=True)
