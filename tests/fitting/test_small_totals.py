"""Totals of few areas in a fit file, and what is read back without them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

import bayesgrad as bg
from bayesgrad.fitting import GradientFit
from bayesgrad.fitting.small_totals import _small, without_small_totals
from tests.fitting.test_store import fabricated_fit


@pytest.mark.parametrize(
    ("areas", "cells", "nation"),
    [
        # No total of few areas: all stay.
        ([[10, 12], [30, 0]], [[0, 0], [0, 0]], [0, 0]),
        # One area alone would be what the nation's total has more than the others: 12 go with it.
        ([[1], [12], [40]], [[1], [1], [0]], [0]),
        ([[4], [7], [40]], [[1], [1], [0]], [0]),
        # A stratum of the nation that has few areas, and the next smallest.
        ([[3, 50, 20], [2, 60, 30]], [[1, 0, 1], [1, 0, 1]], [1, 0, 1]),
    ],
)
def test_with_a_small_total_goes_what_would_give_it_away(areas, cells, nation):
    found = _small(np.array(areas))
    assert_array_equal(found[0], np.array(cells, dtype=bool))
    assert_array_equal(found[1], np.array(nation, dtype=bool))


def with_areas(fit: GradientFit, areas: np.ndarray) -> GradientFit:
    draws = fit.draws.copy()
    known = draws["authorities"].to_dataset()
    shape = known["areas"].shape
    cells = known["areas"].copy(data=np.broadcast_to(areas[:, None, None], shape).copy())
    draws["authorities"] = xr.DataTree(known.assign(areas=cells))
    return GradientFit(fit.spec, draws, fit.provenance)


@pytest.mark.parametrize("strata", [("",), ("5", "10")])
def test_a_file_lacks_the_counts_of_a_single_area_and_has_the_totals(tmp_path, strata):
    fit = fabricated_fit(draws=20, strata=strata)
    authorities = fit.draws["authorities"].sizes["authority"]
    areas = np.full(authorities, 40)
    areas[3], areas[5] = 1, 15
    fit = with_areas(fit, areas)
    loaded = bg.load(fit.save(tmp_path / "fit.nc"))
    known, kept = (one.draws["authorities"].to_dataset() for one in (fit, loaded))
    gone = np.isnan(kept["events"].values).any(axis=(1, 2))
    assert np.flatnonzero(gone).tolist() == [3, 5]
    assert_array_equal(kept["events"].values[~gone], known["events"].values[~gone])
    checks = loaded.draws["predictive"]
    assert not checks["observed_by_authority"].values[:, [3, 5]].any()
    assert not checks["redrawn_by_authority"].values[..., [3, 5]].any()
    scores, all_scores = (one.draws["scores"]["authority_elpd"].values for one in (loaded, fit))
    assert scores[3] == scores[5] == pytest.approx(all_scores[[3, 5]].mean())
    assert scores.sum() == pytest.approx(all_scores.sum())
    total = int(known["events"].sum())
    assert f"{total:,} events" in str(loaded)
    if strata != ("",):
        assert loaded.strata()["events"].tolist() == fit.strata()["events"].tolist()
    codes = known["authority"].values[[3, 4]].tolist()
    assert "events not kept in 1 areas" in loaded.compare(codes)
    # Written again, the file is the same.
    again = bg.load(loaded.save(tmp_path / "again.nc"))
    assert again.draws["authorities"].to_dataset().identical(kept)


def test_a_fit_of_large_groups_is_written_as_it_is():
    fit = fabricated_fit(draws=20)
    large = with_areas(fit, np.full(fit.draws["authorities"].sizes["authority"], 10))
    assert without_small_totals(large.draws) is large.draws
