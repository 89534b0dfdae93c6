"""Authorities on a grid whose neighbours are alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from bayesgrad import ModelSpec
from bayesgrad.design.neighbours import neighbours_of
from bayesgrad.simulate import simulate_scenario
from bayesgrad.simulate.labels import authority_codes
from bayesgrad.simulate.neighbours import alike, grid_adjacency
from bayesgrad.simulate.scenario_settings import TrueSpatial
from bayesgrad.spec.adjacency import read_adjacency


def test_authorities_lie_row_by_row():
    # 1 2 3
    # 4 5
    found = {(int(one[-1]), int(other[-1])) for one, other in grid_adjacency(5).pairs}
    assert found == {(1, 2), (2, 3), (4, 5), (1, 4), (2, 5)}


def test_the_file_beside_the_shipped_spec_is_the_grid_of_england(models):
    assert read_adjacency(models / "neighbours.csv") == grid_adjacency(152)


def test_effects_get_the_covariance_of_the_model():
    spatial = TrueSpatial(phi_intercept=0.7, phi_slope=0.2)
    neighbours = neighbours_of(authority_codes(9), grid_adjacency(9).pairs)
    covariance = neighbours.vectors @ np.diag(neighbours.values) @ neighbours.vectors.T
    one, other = alike(np.eye(9), np.eye(9), spatial)
    assert_allclose(one.T @ one, 0.3 * np.eye(9) + 0.7 * covariance, atol=1e-12)
    assert_allclose(other.T @ other, 0.8 * np.eye(9) + 0.2 * covariance, atol=1e-12)


def test_the_folder_has_the_pairs_and_a_spec_that_reads_them(tmp_path):
    scenario = simulate_scenario("spatial", seed=1, authorities=12, areas=300)
    scenario.write(tmp_path)
    spec = ModelSpec.read(tmp_path / "synthetic_england.toml")
    assert spec == scenario.model
    assert spec.spatial.adjacency == grid_adjacency(12)
    truth = pd.read_csv(tmp_path / "synthetic_england_truth_parameters.csv")
    known = truth.set_index("parameter")["value"]
    assert (known["phi_intercept"], known["phi_slope"]) == (0.6, 0.6)
    assert "neighbours.csv" in (tmp_path / "README.txt").read_text()
