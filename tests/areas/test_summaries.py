"""One pass over areas against the same computed with full arrays of draws by areas."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from scipy.special import expit

from bayesgrad.areas import summarise_areas
from bayesgrad.areas.bands import _Sizes, _starts, deprivation_bands
from bayesgrad.areas.inequality import MEASURES
from bayesgrad.data import prepare_table
from bayesgrad.design import Design, build_design
from bayesgrad.model.arrays import coordinates
from bayesgrad.simulate import simulate_scenario
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
    ],
)
def test_a_band_has_ten_areas_and_ten_events(areas, events, bands):
    starts = _starts([sizes(areas, events)])
    assert starts.tolist() == bands
    band = np.searchsorted(starts, np.arange(20), side="right")
    assert (np.bincount(band, areas)[1:] >= 10).all()
    assert (np.bincount(band, events)[1:] >= 10).all()


def test_a_band_has_enough_of_every_stage():
    early, late = sizes([12] * 20, [100] * 20), sizes([5] * 20, [4] * 20)
    assert _starts([early, late]).tolist() == [0, 3, 6, 9, 12, 15]


@pytest.mark.parametrize(
    ("areas", "events"), [([0] * 19 + [9], [100] * 20), ([50] * 20, [0] * 19 + [9])]
)
def test_too_few_areas_or_events_have_no_band(areas, events):
    assert not sizes(areas, events).enough(slice(None))


def test_strata_of_one_area_do_not_make_it_many():
    # Nine areas, each in two strata, are not eighteen.
    areas = np.zeros((20, 2), dtype=np.int64)
    areas[:9] = 1
    assert not _Sizes(areas, np.full(20, 99.0)).enough(slice(None))


def sizes(areas, events) -> _Sizes:
    return _Sizes(np.array(areas)[:, None], np.array(events, dtype=float))


def test_cases_of_a_stage_are_the_events_of_the_one_before_in_every_band():
    """So the bands of two stages, taken together, tell of no areas that lie between their ends."""
    world = simulate_scenario("stages", seed=3, authorities=12, areas=240)
    design = build_design(world.model, prepare_table(world.model, world.areas))
    bands = deprivation_bands(design)
    assert bands.kept.all()
    exposure, count = (
        np.stack(
            [
                np.bincount(bands.of_rows[own], values[own], minlength=20)
                for own in (design.row_outcome == s for s in range(len(design.outcomes)))
            ]
        )
        for values in (design.rows.exposure, design.rows.count)
    )
    for place, form in enumerate(design.forms):
        if form.out_of:
            earlier = design.outcomes.index(form.out_of)
            assert_allclose(exposure[place], count[earlier])
    assert len(np.unique(bands.of_rows)) > 3
