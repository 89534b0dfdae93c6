"""Quasi-random points: SciPy's sequence, scrambled; each point uniform, the set even."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest, qmc

from bayesgrad.compat import sobol
from bayesgrad.inference.laplace.quasi_random import scrambled_sobol


@pytest.mark.parametrize(("dim", "log2_size"), [(1, 3), (4, 9), (37, 10), (200, 6)])
def test_points_are_those_of_scipy(
    dim: int, log2_size: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    points = sobol.sobol_points(dim, log2_size=log2_size)
    expected = qmc.Sobol(dim, scramble=False).random_base2(log2_size) * 2**sobol.BITS
    assert {tuple(point) for point in points} == {tuple(point) for point in expected.astype(int)}
    # The same set where SciPy keeps no file of numbers.
    monkeypatch.setattr(sobol.scipy, "__file__", str(tmp_path / "__init__.py"))
    assert {tuple(point) for point in sobol.sobol_points(dim, log2_size=log2_size)} == {
        tuple(point) for point in points
    }


def test_every_interval_of_every_coordinate_holds_one_point() -> None:
    points = scrambled_sobol(12, log2_size=9, rng=np.random.default_rng(3))
    assert points.min() > 0.0
    assert points.max() < 1.0
    places = np.sort(np.floor(points * 512).astype(int), axis=0)
    np.testing.assert_array_equal(places, np.repeat(np.arange(512)[:, None], 12, axis=1))


def test_points_are_as_even_as_those_of_scipy() -> None:
    """Centred discrepancy over 20 scrambles; false alarm when the two are alike: under 1e-4."""
    rng = np.random.default_rng(4)
    own = [qmc.discrepancy(scrambled_sobol(4, log2_size=8, rng=rng)) for _ in range(20)]
    scipys = [qmc.discrepancy(qmc.Sobol(4, rng=rng).random_base2(8)) for _ in range(20)]
    spread = np.sqrt((np.var(own, ddof=1) + np.var(scipys, ddof=1)) / 20)
    assert abs(np.mean(own) - np.mean(scipys)) < 4.5 * spread


def test_each_point_is_uniform_over_scrambles() -> None:
    """The first two points of 400 scrambles; false-alarm rate 0.2%, of a fixed seed."""
    rng = np.random.default_rng(5)
    points = np.array([scrambled_sobol(2, log2_size=3, rng=rng)[:2] for _ in range(400)])
    for point in (0, 1):
        assert kstest(points[:, point, 1], "uniform").pvalue > 0.001
