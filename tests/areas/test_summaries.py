"""One pass over areas against the same computed with full arrays of draws by areas."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from bayesgrad.areas import summarise_areas
from bayesgrad.areas.bands import _joined
from bayesgrad.areas.inequality import MEASURES
from bayesgrad.areas.rates import LARGEST_SAMPLE, cell_effects, thinned
from bayesgrad.design import Design
from bayesgrad.model.arrays import coordinates
from bayesgrad.spec import ModelSpec
from tests.areas.test_inequality import measures_of
from tests.small import drawn_design, spec_of

FULL = """
[gradient]
curvature = "quadratic"
[area]
covariates = ["density"]
moderators = ["rural"]
"""
OUTCOMES = ("referrals", "plans")
TERMS = {
    "covariate": "area_covariate",
    "gradient_moderator": "area_moderator",
    "curvature": "curvature_term",
}


def drawn_posterior(design: Design, *, chains: int = 2, draws: int = 15) -> xr.Dataset:
    """Made-up draws of what the rates of areas depend on."""
    rng = np.random.default_rng(3)
    coords = coordinates(spec_of(outcomes=design.outcomes), design) | {"stratum": design.strata}
    cells = ("authority", "outcome", "stratum")

    def draw(dims: tuple[str, ...], centre: float, sd: float):
        shape = (chains, draws, *(len(coords[dim]) for dim in dims))
        return ("chain", "draw", *dims), rng.normal(centre, sd, shape)

    variables = {
        "authority_intercept": draw(cells[:2], -3.0, 0.3),
        "authority_slope": draw(cells[:2], 0.4, 0.2),
    }
    if len(design.strata) > 1:
        for effect in ("intercept", "slope"):
            variables[f"stratum_{effect}"] = draw(cells[1:], 0.0, 0.3)
            variables[f"authority_stratum_{effect}"] = draw(cells, 0.0, 0.1)
    for name, dim in TERMS.items():
        if dim in coords:
            variables[name] = draw(("outcome", dim), 0.0, 0.1)
    return xr.Dataset(variables, coords={name: list(values) for name, values in coords.items()})


def rates_of(design: Design, posterior: xr.Dataset) -> np.ndarray:
    """Rates of all rows in all draws, (sample, rows): what the package never holds."""
    joint = posterior.stack(sample=("chain", "draw")).transpose("sample", ...)
    size = joint.sizes["sample"]
    cell, outcome = design.rows.cell, design.row_outcome
    flat = {}
    for effect in ("intercept", "slope"):
        parts = [
            joint[name]
            for name in (f"authority_{effect}", f"stratum_{effect}", f"authority_stratum_{effect}")
            if name in joint
        ]
        whole = sum(parts, start=xr.DataArray(np.zeros(len(design.strata)), dims="stratum"))
        flat[effect] = whole.transpose("sample", "authority", "outcome", "stratum").values
    eta = flat["intercept"].reshape(size, -1)[:, cell]
    eta = eta + flat["slope"].reshape(size, -1)[:, cell] * design.rows.x
    columns = {
        "covariate": design.rows.covariates.values,
        "gradient_moderator": design.rows.gradient_moderators,
        "curvature": design.rows.curve,
    }
    for name, values in columns.items():
        if name in joint:
            eta = eta + (joint[name].values[:, outcome, :] * values).sum(axis=-1)
    logit = np.array([form.link == "logit" for form in design.forms])
    return np.where(logit[outcome], expit(eta), np.exp(eta))


def case(name: str) -> tuple[ModelSpec, Design]:
    several = name in ("several", "cases")
    text = {"plain": "", "cases": '[likelihood]\nfamily = "binomial"\n'}.get(name, FULL)
    spec = spec_of(text, outcomes=OUTCOMES if several else OUTCOMES[:1])
    strata = ("boys", "girls") if several else ("",)
    return spec, drawn_design(spec, strata=strata, areas=7)


@pytest.fixture(params=["plain", "full", "several", "cases"])
def summarised(request):
    _, design = case(request.param)
    posterior = drawn_posterior(design)
    return design, rates_of(design, posterior), summarise_areas(design, posterior)


def test_inequality_of_the_nation_is_that_of_all_areas_at_once(summarised):
    design, rates, summaries = summarised
    for s, outcome in enumerate(design.outcomes):
        rows = design.row_outcome == s
        expected = measures_of(
            design.rows.deprivation[rows], design.rows.exposure[rows], rates[:, rows]
        )
        found = summaries["inequality"].sel(outcome=outcome, place="")
        for name in MEASURES:
            assert_allclose(found[name], expected[name], rtol=1e-10)


def test_inequality_of_an_authority_is_that_of_its_own_areas(summarised):
    design, rates, summaries = summarised
    authority = design.cell_authority[design.rows.cell]
    for s, outcome in enumerate(design.outcomes):
        for j, code in enumerate(design.authorities.codes):
            rows = (authority == j) & (design.row_outcome == s)
            expected = measures_of(
                design.rows.deprivation[rows], design.rows.exposure[rows], rates[:, rows]
            )
            found = summaries["inequality"].sel(outcome=outcome, place=code)
            for name in MEASURES:
                assert_allclose(found[name], expected[name], rtol=1e-10)


def test_fitted_events_over_bands_are_all_fitted_events(summarised):
    design, rates, summaries = summarised
    events = rates * design.rows.exposure
    for s in range(len(design.outcomes)):
        expected = events[:, design.row_outcome == s].sum(axis=1)
        assert_allclose(summaries["rates"]["fitted"][:, s].sum("band"), expected)


def test_observed_events_and_exposure_over_bands_are_all_of_them(summarised):
    design, _, summaries = summarised
    rates = summaries["rates"]
    assert_allclose(rates["observed"].sum("band"), design.cell_sum(design.rows.count).sum((0, 2)))
    assert_allclose(
        rates["exposure"].sum("band"), design.cell_sum(design.rows.exposure).sum((0, 2))
    )


def test_bands_hold_the_areas_of_their_twentieths_in_order_of_deprivation():
    _, design = case("plain")
    posterior = drawn_posterior(design)
    rates = summarise_areas(design, posterior)["rates"].isel(outcome=0)
    order = np.argsort(design.rows.deprivation)
    exposure = design.rows.exposure[order]
    middle = (np.cumsum(exposure) - exposure / 2) / exposure.sum()
    twentieth = np.floor(20 * middle).astype(int)
    fitted = (rates_of(design, posterior) * design.rows.exposure)[:, order]
    filled = np.flatnonzero(rates["exposure"])
    assert len(filled) > 1
    ends = [*filled[1:], 20]
    for k, end in zip(filled, ends, strict=True):
        own = (twentieth >= k) & (twentieth < end)
        assert own.sum() >= 10
        count = design.rows.count[order][own].sum()
        assert rates["observed"][k] == count >= 10
        assert_allclose(rates["fitted"][:, k], fitted[:, own].sum(axis=1))
        deprivation = design.rows.deprivation[order][own]
        assert_allclose(rates["deprivation"][k], np.average(deprivation, weights=exposure[own]))
    empty = np.setdiff1d(np.arange(20), filled)
    assert np.isnan(rates["deprivation"].values[empty]).all()
    assert not rates["fitted"].values[:, empty].any()


@pytest.mark.parametrize(
    ("areas", "events", "bands"),
    [
        # By hand: twentieths of 3 areas each, joined four at a time.
        ([3] * 20, [100] * 20, [0, 4, 8, 12, 16]),
        # Enough areas, but few events: joined until there are ten.
        ([12] * 20, [0] * 9 + [5] * 11, [0, 11, 13, 15, 17]),
        ([12] * 20, [10] * 20, list(range(20))),
        ([0] * 19 + [9], [100] * 20, None),
        ([50] * 20, [0] * 19 + [9], None),
    ],
)
def test_a_band_has_ten_areas_and_ten_events(areas, events, bands):
    joined = _joined(np.array(areas)[:, None], np.array(events, dtype=float))
    if bands is None:
        assert joined is None
        return
    assert np.unique(joined).tolist() == bands
    for band in bands:
        assert np.array(areas)[joined == band].sum() >= 10
        assert np.array(events)[joined == band].sum() >= 10


def test_strata_of_one_area_do_not_make_it_many():
    # Nine areas, each in two strata, are not eighteen.
    areas = np.zeros((20, 2), dtype=np.int64)
    areas[:9] = 1
    assert _joined(areas, np.full(20, 99.0)) is None


def test_too_few_areas_have_no_bands():
    spec = spec_of("", outcomes=OUTCOMES[:1])
    design = drawn_design(spec, strata=("",), areas=2, authorities=4)
    rates = summarise_areas(design, drawn_posterior(design))["rates"]
    assert not rates["observed"].any()
    assert not rates["exposure"].any()
    assert not rates["fitted"].any()


def numbered(chains: int, draws: int) -> xr.Dataset:
    values = np.arange(chains * draws, dtype=float).reshape(chains, draws)
    return xr.Dataset({"slope": (("chain", "draw"), values)})


def test_a_small_posterior_is_not_thinned():
    assert_array_equal(thinned(numbered(2, 500))["slope"], np.arange(1000))


def test_a_large_posterior_is_thinned_evenly_from_its_first_draw_to_its_last():
    kept = thinned(numbered(4, 1500))["slope"].values
    assert len(kept) == LARGEST_SAMPLE == len(np.unique(kept))
    assert (kept[0], kept[-1]) == (0, 5999)
    assert set(np.diff(kept)) <= {6.0, 7.0}


def test_draws_stay_joint_when_thinned():
    posterior = numbered(4, 1500)
    both = thinned(posterior.assign(intercept=-posterior["slope"]))
    assert_array_equal(both["intercept"], -both["slope"])


def test_effects_of_a_cell_are_the_sum_of_their_parts():
    _, design = case("several")
    sample = thinned(drawn_posterior(design))
    intercepts, slopes = cell_effects(sample, outcome=1, stratum=0)
    draw, authority = 7, 2
    for effect, found in (("intercept", intercepts), ("slope", slopes)):
        expected = (
            sample[f"authority_{effect}"].values[draw, authority, 1]
            + sample[f"stratum_{effect}"].values[draw, 1, 0]
            + sample[f"authority_stratum_{effect}"].values[draw, authority, 1, 0]
        )
        assert found.shape == (len(design.authorities.codes), sample.sizes["sample"])
        assert_allclose(found[authority, draw], expected, rtol=1e-12)


def test_strata_of_common_gradients_differ_in_their_intercepts_only():
    _, design = case("several")
    posterior = drawn_posterior(design).drop_vars(
        ["stratum_slope", "authority_stratum_slope", "authority_stratum_intercept"]
    )
    sample = thinned(posterior)
    boys, girls = (cell_effects(sample, outcome=0, stratum=k) for k in (0, 1))
    assert_array_equal(boys[1], girls[1])
    expected = (sample["stratum_intercept"][:, 0, 0] - sample["stratum_intercept"][:, 0, 1]).values
    assert_allclose(boys[0] - girls[0], np.broadcast_to(expected, boys[0].shape), atol=1e-12)
