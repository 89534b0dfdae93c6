from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from bayesgrad.inference.convergence import clustered_ess

CLUSTERS, EACH = 50, 40
DIMS = ("chain", "draw")


def arranged(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values.reshape(2, -1), dims=DIMS)


def sizes(values: np.ndarray, place: np.ndarray) -> list[float]:
    posterior = xr.Dataset({"v": arranged(values)})
    return [
        float(clustered_ess(posterior, arranged(place), clusters=CLUSTERS, method=method)["v"])
        for method in ("bulk", "tail")
    ]


@pytest.fixture
def place() -> np.ndarray:
    return np.repeat(np.arange(CLUSTERS), EACH)


def test_draws_that_are_the_cluster_s_count_as_so_many_clusters(place):
    shared = np.random.default_rng(1).normal(size=CLUSTERS)[place]
    bulk, tail = sizes(shared, place)
    assert bulk == pytest.approx(CLUSTERS, rel=0.05)
    assert tail == pytest.approx(CLUSTERS, rel=0.25)


def test_draws_that_ignore_their_cluster_all_count(place):
    bulk, tail = sizes(np.random.default_rng(1).normal(size=len(place)), place)
    assert bulk > 0.6 * len(place)
    assert tail > 0.6 * len(place)


def test_the_size_is_that_of_the_variance_of_means(place):
    """Half the variance is the cluster's: the mean of ranks is that of 2 / (1 / 50 + 1 / 2000)."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        values = rng.normal(size=CLUSTERS)[place] + rng.normal(size=len(place))
        found.append(sizes(values, place)[0])
    assert np.median(found) == pytest.approx(2.0 / (1.0 / 50 + 1.0 / 2000), rel=0.1)
