from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from bayesgrad.inference.diagnostics import as_dataset, nuts_checks

CHAINS, DRAWS, SIZE = 4, 1000, 6


def independent(seed: int = 1) -> xr.DataTree:
    """Draws as good as they can be: independent, and no complaint of the sampler."""
    rng = np.random.default_rng(seed)
    shape, dims = (CHAINS, DRAWS), ("chain", "draw")
    return xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(
                {
                    "slope": ((*dims, "outcome"), rng.normal(size=(*shape, 1))),
                    "authority_slope": ((*dims, "authority"), rng.normal(size=(*shape, SIZE))),
                }
            ),
            "sample_stats": xr.Dataset(
                {
                    "diverging": (dims, np.zeros(shape, dtype=bool)),
                    "maxdepth_reached": (dims, np.zeros(shape, dtype=bool)),
                    "energy": (dims, rng.normal(size=shape)),
                }
            ),
        }
    )


def failed(draws: xr.DataTree) -> set[str]:
    return {check.name for check in nuts_checks(draws) if not check.passed}


def with_authority(draws: xr.DataTree, number: int, values: np.ndarray) -> xr.DataTree:
    """The draws with those of one authority replaced."""
    draws["posterior"]["authority_slope"].values[:, :, number] = values
    return draws


@pytest.mark.parametrize("seed", range(3))
def test_independent_draws_pass_every_check(seed):
    assert failed(independent(seed)) == set()


def test_the_checks_and_their_thresholds():
    checks = nuts_checks(independent())
    assert [check.name for check in checks if check.quantity] == [
        "max_r_hat",
        "min_ess_bulk",
        "min_ess_tail",
    ]
    assert {check.name: check.threshold for check in checks} == {
        "divergences": 0.0,
        "max_r_hat": 1.01,
        "min_ess_bulk": 400.0,
        "min_ess_tail": 400.0,
        "min_e_bfmi": 0.2,
        "share_at_max_tree_depth": 0.05,
    }


def test_one_divergence_fails():
    draws = independent()
    draws["sample_stats"]["diverging"].values[2, 17] = True
    assert failed(draws) == {"divergences"}
    assert {c.name: c.value for c in nuts_checks(draws)}["divergences"] == 1


def test_one_authority_whose_chains_disagree_fails():
    apart = np.random.default_rng(2).normal(size=(CHAINS, DRAWS)) + np.arange(CHAINS)[:, None]
    draws = with_authority(independent(), 3, apart)
    assert "max_r_hat" in failed(draws)
    check = next(check for check in nuts_checks(draws) if check.name == "max_r_hat")
    assert check.value > 1.1
    assert check.quantity == "authority_slope[authority=3]"


def test_a_quantity_is_named_with_its_coordinates():
    draws = with_authority(independent(), 3, np.arange(CHAINS)[:, None] + np.zeros(DRAWS))
    names = {"authority": [f"E0600000{k}" for k in range(SIZE)], "outcome": ["plans"]}
    draws["posterior"] = xr.DataTree(draws["posterior"].to_dataset().assign_coords(names))
    found = {check.name: check.quantity for check in nuts_checks(draws)}
    assert found["max_r_hat"] == "authority_slope[authority=E06000003]"
    assert found["divergences"] == ""


def test_one_authority_that_hardly_moves_fails():
    steps = np.random.default_rng(2).normal(size=(CHAINS, DRAWS))
    walk = np.cumsum(steps, axis=1)
    assert {"max_r_hat", "min_ess_bulk", "min_ess_tail"} <= failed(
        with_authority(independent(), 0, walk)
    )


def test_slow_tails_fail_although_the_bulk_is_fine():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(CHAINS, DRAWS))
    for start in (200, 700):  # each half of a chain visits both tails once, and stays a while
        values[:, start : start + 60] *= 20.0
    assert failed(with_authority(independent(), 0, values)) == {"min_ess_tail"}


def test_one_draw_that_is_not_a_number_fails():
    values = np.random.default_rng(2).normal(size=(CHAINS, DRAWS))
    values[1, 5] = np.nan
    assert {"max_r_hat", "min_ess_bulk", "min_ess_tail"} <= failed(
        with_authority(independent(), 0, values)
    )


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_a_quantity_that_never_changes_fails():
    assert {"max_r_hat"} <= failed(with_authority(independent(), 0, np.ones((CHAINS, DRAWS))))


def test_an_energy_that_is_explored_slowly_fails():
    draws = independent()
    steps = np.random.default_rng(2).normal(size=(CHAINS, DRAWS))
    draws["sample_stats"]["energy"].values[:] = np.cumsum(steps, axis=1)
    assert failed(draws) == {"min_e_bfmi"}


@pytest.mark.parametrize(("share", "fails"), [(0.05, False), (0.051, True)])
def test_long_trees_fail_when_they_are_many(share, fails):
    draws = independent()
    long = draws["sample_stats"]["maxdepth_reached"].values
    long.reshape(-1)[: round(share * long.size)] = True
    assert (failed(draws) == {"share_at_max_tree_depth"}) is fails


@pytest.mark.parametrize(("chains", "draws"), [(1, 4), (4, 4)])
def test_runs_too_short_to_judge_fail_rather_than_break(chains, draws):
    few = independent().isel(chain=slice(chains), draw=slice(draws))
    assert "max_r_hat" in failed(few)


def test_checks_as_a_dataset():
    draws = independent()
    draws["sample_stats"]["diverging"].values[0, 0] = True
    checks = as_dataset(nuts_checks(draws))
    assert set(checks.data_vars) == {"value", "threshold", "passed", "quantity"}
    assert checks["passed"].dtype == bool
    assert not checks["passed"].sel(check="divergences")
    assert int(checks["passed"].sum()) == 5


def test_one_chain_is_compared_with_its_own_halves():
    from bayesgrad.inference.convergence import r_hat

    rng = np.random.default_rng(1)
    steady = rng.normal(size=(1, 1000))
    drifting = steady + np.linspace(0.0, 3.0, 1000)
    found = r_hat(
        xr.Dataset(
            {"steady": (("chain", "draw"), steady), "drifting": (("chain", "draw"), drifting)}
        )
    )
    assert float(found["steady"]) < 1.03
    assert float(found["drifting"]) > 1.2
