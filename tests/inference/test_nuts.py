from __future__ import annotations

from dataclasses import replace

import arviz_stats as az
import numpy as np
import pytest
import xarray as xr

from bayesgrad.design import Design
from bayesgrad.errors import FitError
from bayesgrad.inference.nuts import KEPT_STATISTICS
from bayesgrad.spec.parts import Sampling
from tests.inference.joint import joint_design
from tests.small import AGES

SHORT = Sampling(draws=60, tune=60, chains=3, seed=5)
LONG = Sampling(draws=1500, tune=500, chains=4, seed=5)


def draw(sampler, settings=SHORT, **options) -> xr.Dataset:
    return sampler.sample(settings, progress=False, **options)["posterior"].to_dataset()


def scaled_exposure(design: Design, factor: float) -> Design:
    return replace(design, rows=replace(design.rows, exposure=factor * design.rows.exposure))


@pytest.fixture(scope="module")
def short(england_sampler) -> xr.Dataset:
    return draw(england_sampler)


def test_the_same_seed_gives_the_same_draws(england_sampler, short):
    assert short.equals(draw(england_sampler))


def test_another_seed_gives_other_draws(england_sampler, short):
    other = draw(england_sampler, SHORT.model_copy(update={"seed": 6}))
    assert not np.isin(other["slope"], short["slope"]).any()


def test_chains_differ_from_each_other(short):
    assert len(np.unique(short["slope"].isel(draw=0))) == SHORT.chains


@pytest.mark.parametrize("cores", [1, 3])
def test_draws_do_not_depend_on_the_number_of_cores(england_sampler, short, cores):
    assert short.equals(draw(england_sampler, cores=cores))


def test_the_first_chains_do_not_depend_on_how_many_follow(england_sampler, short):
    fewer = draw(england_sampler, SHORT.model_copy(update={"chains": 2}))
    assert fewer.equals(short.isel(chain=slice(2)))


def test_a_refit_to_the_same_data_gives_the_same_draws(england_sampler, england_design, short):
    assert short.equals(draw(england_sampler.with_design(england_design)))


def test_a_refit_leaves_the_first_sampler_as_it_was(england_sampler, england_design, short):
    england_sampler.with_design(scaled_exposure(england_design, 3.0))
    assert short.equals(draw(england_sampler))


def test_draws_have_the_shape_and_names_of_the_layout(england_sampler, england_design):
    tree = england_sampler.sample(SHORT, progress=False)
    assert set(tree.children) == {"posterior", "sample_stats"}
    posterior = tree["posterior"].to_dataset()
    assert dict(posterior["authority_slope"].sizes) == {
        "chain": 3,
        "draw": 60,
        "authority": 20,
        "outcome": 1,
    }
    assert tuple(posterior["authority"].values) == england_design.authorities.codes
    assert set(posterior.data_vars) == {
        "intercept",
        "slope",
        "between",
        "interaction",
        "sd_intercept",
        "sd_slope",
        "correlation",
        "overdispersion",
        "alpha",
        "authority_intercept",
        "authority_slope",
    }
    assert set(tree["sample_stats"].data_vars) == set(KEPT_STATISTICS)
    assert all(v.dtype.kind in "bfiu" for v in tree["sample_stats"].data_vars.values())


def mean_and_error(draws: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and its Monte Carlo standard error."""
    values = draws.to_dataset(name="value")
    mean = draws.mean(("chain", "draw"))
    return mean.values, (draws.std(("chain", "draw")) / np.sqrt(az.ess(values)["value"])).values


@pytest.mark.ci
@pytest.mark.slow
def test_a_refit_has_the_posterior_of_the_new_data(england_sampler, england_design):
    # Twice the children at risk: every rate halves, and nothing else changes. The two runs agree
    # within Monte Carlo error: 48 means at 5 standard errors give a false alarm in 40,000.
    one = draw(england_sampler, LONG)
    doubled = scaled_exposure(england_design, 2.0)
    two = draw(england_sampler.with_design(doubled), LONG.model_copy(update={"seed": 6}))
    for name in one.data_vars:
        shift = -np.log(2.0) if name in ("intercept", "authority_intercept") else 0.0
        (first, error), (second, other_error) = mean_and_error(one[name]), mean_and_error(two[name])
        z = (second - first - shift) / np.hypot(error, other_error)
        assert np.abs(z).max() < 5.0, name


@pytest.mark.filterwarnings("ignore:divide by zero encountered")
@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_data_that_cannot_be_sampled_are_a_fit_error(england_sampler, england_design):
    impossible = scaled_exposure(england_design, np.inf)
    with pytest.raises(FitError, match="sampling stopped"):
        draw(england_sampler.with_design(impossible))


def test_plain_lines_tell_the_progress_where_there_is_no_terminal(england_sampler, capfd):
    england_sampler.sample(SHORT, progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1].startswith("sampling: 100%")


def test_an_interrupted_run_gives_no_draws(england_sampler, monkeypatch):
    events = []

    class Interrupted:
        def wait(self):
            raise KeyboardInterrupt

        def cancel(self):
            events.append("cancelled")

    monkeypatch.setattr("nutpie.sample", lambda *_, **options: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        draw(england_sampler)
    assert events == ["cancelled"]


@pytest.fixture(scope="module")
def joint(joint_sampler) -> xr.Dataset:
    return draw(joint_sampler)


@pytest.mark.full
def test_draws_of_several_outcomes_in_strata_have_the_layout(joint):
    dims = {name: values.dims[2:] for name, values in joint.data_vars.items()}
    of_authorities = ("authority", "outcome", "stratum")
    assert dims == {
        **dict.fromkeys(("intercept", "slope", "sd_intercept", "sd_slope"), ("outcome",)),
        **dict.fromkeys(("correlation", "overdispersion", "alpha"), ("outcome",)),
        "effect_correlation": ("effect_pair",),
        **dict.fromkeys(("authority_intercept", "authority_slope"), ("authority", "outcome")),
        **dict.fromkeys(("stratum_intercept", "stratum_slope"), ("outcome", "stratum")),
        **dict.fromkeys(
            ("sd_stratum_intercept", "sd_stratum_slope"), ("outcome", "stratum_component")
        ),
        **dict.fromkeys(("authority_stratum_intercept", "authority_stratum_slope"), of_authorities),
        **dict.fromkeys(
            ("sd_authority_stratum_intercept", "sd_authority_stratum_slope"), ("outcome",)
        ),
    }
    assert tuple(joint["stratum"].values) == AGES
    assert joint["effect_pair"].values[1] == "referrals intercept, plans intercept"


@pytest.mark.full
def test_deviations_of_strata_sum_to_zero_in_every_draw(joint):
    for name in ("stratum_intercept", "stratum_slope", "authority_stratum_slope"):
        total = joint[name].sum("stratum")
        np.testing.assert_allclose(total, 0.0, atol=1e-12)
        assert float(joint[name].std()) > 0.0


@pytest.mark.full
def test_correlations_of_every_draw_are_those_of_a_matrix(joint):
    pairs = joint["effect_correlation"].values.reshape(-1, 6)
    matrices = np.tile(np.eye(4), (len(pairs), 1, 1))
    rows, columns = np.tril_indices(4, -1)
    matrices[:, rows, columns] = matrices[:, columns, rows] = pairs
    assert (np.linalg.eigvalsh(matrices) > 0.0).all()
    np.testing.assert_allclose(joint["correlation"].values.reshape(-1, 2), pairs[:, [0, 5]])


@pytest.mark.full
def test_a_joint_model_draws_the_same_by_seed_and_after_a_refit(joint_sampler, joint):
    assert joint.equals(draw(joint_sampler.with_design(joint_design())))
    other = draw(joint_sampler.with_design(joint_design(seed=2)))
    assert not np.isin(other["slope"], joint["slope"]).any()
    assert joint.equals(draw(joint_sampler))
