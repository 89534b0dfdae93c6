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


def test_what_is_left_out_of_one_outcome_is_left_out_of_all():
    # With the single area of 3 goes 5 in the first outcome, and 7 in the second. The exposure of
    # a stage is the events of the one before: either's would give away that of 3.
    fit = fabricated_fit(draws=20, outcomes=("contacts", "plans"))
    known = fit.draws["authorities"].to_dataset()
    areas = known["areas"].copy(data=np.full(known["areas"].shape, 40))
    areas.loc[{"authority": known["authority"][3]}] = 1
    for outcome, place, number in ((0, 5, 12), (0, 7, 13), (1, 5, 12), (1, 7, 11)):
        areas[{"outcome": outcome, "authority": place}] = number
    draws = fit.draws.copy()
    draws["authorities"] = xr.DataTree(known.assign(areas=areas))
    written = without_small_totals(draws)["authorities"].to_dataset()
    for total in ("events", "exposure"):
        gone = np.isnan(written[total].transpose("outcome", "authority", "stratum").values)
        assert [np.flatnonzero(own).tolist() for own in gone[:, :, 0]] == [[3, 5, 7], [3, 5, 7]]
