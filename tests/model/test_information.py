from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.optimize import minimize

from bayesgrad.design import Design, build_design
from bayesgrad.model.arrays import count_rows
from bayesgrad.model.information import (
    WAY_TO_BOUNDARY,
    Information,
    _OfEffects,
    effects_information,
)
from bayesgrad.spec import ModelSpec
from tests.small import AGES, drawn_design, drawn_table, spec_of, table_of

STRONG = {"authorities": 4, "areas": 60, "largest": 4000}
POISSON = '[likelihood]\nfamily = "poisson"\n'
STRATA = '[strata]\ncolumn = "age"\n'
FAMILIES = {
    "poisson": POISSON,
    "negative binomial": "",
    "binomial": '[likelihood]\nfamily = "binomial"\n',
    "risk": '[likelihood]\nfamily = "binomial"\nlink = "log"\n',
    "beta-binomial": '[likelihood]\nfamily = "beta_binomial"\n',
    "dispersed risk": '[likelihood]\nfamily = "beta_binomial"\nlink = "log"\n',
}


def information_of(design: Design, **settings) -> Information:
    return effects_information(design, count_rows(design), **settings)


def quadratic_maximum(information: Information, authority: int) -> np.ndarray:
    curvature, pull = information.curvature[0, :, :, authority], information.pull[0, :, authority]
    return np.linalg.solve(curvature, pull)


def with_counts(design: Design, count: np.ndarray, exposure: np.ndarray | None = None) -> Design:
    at = {"count": count} if exposure is None else {"count": count, "exposure": exposure}
    return replace(design, rows=replace(design.rows, **at))


def simulated(spec: ModelSpec, *, alpha: float = np.inf, seed: int = 1, **settings) -> Design:
    """A design whose counts follow from known effects of authorities and of strata."""
    design = drawn_design(spec, **settings)
    rng = np.random.default_rng(seed)
    authorities, outcomes, strata = design.cells
    truth = rng.normal(-3.0, 0.3, (authorities, outcomes, 1)), rng.normal(0.4, 0.1, (1, 1, strata))
    level = truth[0] + np.linspace(-0.5, 0.5, strata)
    eta = level.ravel()[design.rows.cell]
    slope = np.broadcast_to(truth[1], design.cells).ravel()[design.rows.cell]
    predictor = np.exp(eta + slope * design.rows.x)
    form = design.forms[0]
    exposure = np.full(len(eta), 4000)
    if not form.of_cases:
        mean = exposure * predictor
        mixed = mean if np.isinf(alpha) else mean * rng.gamma(alpha, 1.0 / alpha, len(mean))
        return with_counts(design, rng.poisson(mixed), exposure.astype(float))
    p = predictor / (1.0 + predictor) if form.link == "logit" else np.minimum(predictor, 0.9)
    p = p if np.isinf(alpha) else rng.beta(p * alpha, (1.0 - p) * alpha)
    return with_counts(design, rng.binomial(exposure, p), exposure.astype(float))


def test_with_much_data_the_quadratic_peaks_at_the_maximum_of_the_likelihood():
    design = drawn_design(spec_of(POISSON), **STRONG)
    information = information_of(design)
    rows = design.rows
    for authority in range(4):
        own = design.cell_authority[rows.cell] == authority
        count, exposure, x = rows.count[own], rows.exposure[own], rows.x[own]

        def minus(effects, count=count, exposure=exposure, x=x):
            eta = effects[0] + effects[1] * x
            return (exposure * np.exp(eta) - count * eta).sum()

        best = minimize(minus, [1.0, 0.0], method="BFGS", options={"gtol": 1e-3}).x
        assert_allclose(quadratic_maximum(information, authority), best, atol=1e-3)


@pytest.mark.parametrize("link", ["logit", "log"])
def test_events_out_of_cases_have_their_quadratic_at_the_maximum_too(link):
    spec = spec_of(f'[likelihood]\nfamily = "binomial"\nlink = "{link}"\n')
    design = simulated(spec, authorities=3, areas=60)
    information = information_of(design)
    rows = design.rows
    for authority in range(3):
        own = design.cell_authority[rows.cell] == authority

        def minus(effects, own=own):
            odds = np.exp(effects[0] + effects[1] * rows.x[own])
            p = odds / (1.0 + odds) if link == "logit" else np.minimum(odds, 1.0)
            return -stats.binom.logpmf(rows.count[own], rows.exposure[own], p).sum()

        best = minimize(minus, [-3.0, 0.3], method="Nelder-Mead", options={"xatol": 1e-5}).x
        assert_allclose(quadratic_maximum(information, authority), best, atol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_curvatures_are_positive_and_finite_even_without_events(family):
    design = drawn_design(spec_of(FAMILIES[family]), authorities=5, areas=4, largest=3)
    count = design.rows.count.copy()
    count[design.rows.cell == 2] = 0
    information = information_of(with_counts(design, count))
    (h00, h01), (_, h11) = information.curvature[0]
    assert np.isfinite(information.pull).all()
    assert (h00 > 0).all()
    assert (h00 * h11 - h01**2 >= -1e-9 * h00 * h11).all()


@pytest.mark.parametrize("family", ["negative binomial", "beta-binomial", "dispersed risk"])
def test_overdispersion_weakens_the_information(family):
    settings = {"authorities": 4, "areas": 60, "alpha": 5.0}
    spec = spec_of(FAMILIES[family])
    dispersed = simulated(spec, **settings)
    plain = {"negative_binomial": "poisson", "beta_binomial": "binomial"}
    form = replace(dispersed.forms[0], family=plain[dispersed.forms[0].family])
    weak, strong = information_of(dispersed), information_of(replace(dispersed, forms=(form,)))
    assert (weak.curvature[0, 0, 0] < 0.1 * strong.curvature[0, 0, 0]).all()
    assert_allclose(strong.inverse_alpha, 0.0)


@pytest.mark.parametrize("alpha", [8.0, 40.0])
@pytest.mark.parametrize("family", ["negative binomial", "beta-binomial", "dispersed risk"])
def test_the_moment_estimate_of_the_dispersion_is_near_the_truth(family, alpha):
    design = simulated(spec_of(FAMILIES[family]), alpha=alpha, authorities=4, areas=400)
    # The estimate from 1,600 rows has a standard error of some 10 %.
    assert_allclose(information_of(design).inverse_alpha, 1.0 / alpha, rtol=0.4)


def test_families_without_dispersion_have_no_estimate():
    mixed = """
[[outcomes]]
column = "referrals"
[[outcomes]]
column = "plans"
family = "binomial"
"""
    information = information_of(drawn_design(spec_of(mixed, outcomes=())))
    assert information.inverse_alpha[0] > 0.0
    assert information.inverse_alpha[1] == 0.0


def test_each_outcome_has_its_own_information():
    outcomes = ("referrals", "plans")
    both = build_design(spec_of(outcomes=outcomes), drawn_table(outcomes=outcomes))
    information = information_of(both)
    assert information.curvature.shape == (2, 2, 2, 5)
    assert not np.allclose(information.pull[0], information.pull[1])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_modes_of_strata_sum_to_zero_and_are_near_the_truth(family):
    design = simulated(spec_of(FAMILIES[family] + STRATA), authorities=6, areas=40)
    information = information_of(design)
    level, gradient = information.strata_mode[:, 0]
    assert_allclose([level.sum(), gradient.sum()], 0.0, atol=1e-10)
    assert_allclose(level, [-0.5, 0.0, 0.5], atol=0.05)
    # Some 50,000 events in each stratum.
    assert np.abs(gradient).max() < 0.3


def test_the_modes_of_strata_maximise_the_likelihood_where_data_are_plentiful():
    design = simulated(spec_of(POISSON + STRATA), authorities=3, areas=60)
    information, rows = information_of(design), design.rows
    authorities, _, strata = design.cells
    at, k = np.divmod(rows.cell, strata)

    def minus(point: np.ndarray) -> tuple[float, np.ndarray]:
        parts = np.split(point, [authorities, 2 * authorities, 2 * authorities + strata])
        a, b, level, gradient = parts
        eta = a[at] + b[at] * rows.x + (level - level.mean())[k]
        mean = rows.exposure * np.exp(eta + (gradient - gradient.mean())[k] * rows.x)
        eta = np.log(mean)
        r = mean - rows.count
        by_stratum = np.bincount(k, r), np.bincount(k, r * rows.x)
        slopes = [
            np.bincount(at, r),
            np.bincount(at, r * rows.x),
            *(part - part.mean() for part in by_stratum),
        ]
        return (mean - rows.count * eta).sum(), np.concatenate(slopes)

    start = np.concatenate([np.full(authorities, -3.0), np.zeros(authorities + 2 * strata)])
    found = minimize(minus, start, jac=True, method="BFGS", options={"gtol": 1e-2})
    level, gradient = np.split(found.x[2 * authorities :], 2)
    assert_allclose(information.strata_mode[0, 0], level - level.mean(), atol=2e-3)
    assert_allclose(information.strata_mode[1, 0], gradient - gradient.mean(), atol=2e-3)


def test_curvatures_of_strata_have_the_effects_of_authorities_profiled_out():
    design = drawn_design(spec_of(POISSON + STRATA), authorities=4, areas=8)
    information, rows = information_of(design), design.rows
    authorities, _, strata = design.cells
    at, k = np.divmod(rows.cell, strata)
    mode, of_strata = information.mode[:, at, 0], information.strata_mode[:, 0, k]
    level, gradient = mode + of_strata
    weight = rows.exposure * np.exp(level + gradient * rows.x)
    for kind, column in enumerate((np.ones(len(at)), rows.x)):
        columns = np.hstack([np.eye(authorities)[at], np.eye(strata)[k]]) * column[:, None]
        dense = columns.T @ (weight[:, None] * columns)
        own, cross = dense[authorities:, authorities:], dense[authorities:, :authorities]
        schur = own - cross @ np.linalg.solve(dense[:authorities, :authorities], cross.T)
        assert_allclose(information.strata_curvature[kind, 0], schur, rtol=1e-6, atol=1e-6)
        cells = np.bincount(rows.cell, weight * column**2, minlength=authorities * strata)
        found = information.cell_curvature[kind, 0]
        assert_allclose(found, cells.reshape(authorities, strata), rtol=1e-6)
        left = np.bincount(rows.cell, (rows.count - weight) * column, minlength=len(cells))
        assert_allclose(
            information.cell_pull[kind, 0], left.reshape(authorities, strata), atol=1e-6
        )


def test_strata_of_one_gradient_have_no_slopes_of_their_own():
    design = drawn_design(spec_of(POISSON + STRATA), authorities=4, areas=8)
    one = information_of(design, stratum_slopes=False)
    assert_allclose(one.strata_mode[1], 0.0)
    assert np.abs(information_of(design).strata_mode[1]).max() > 0.01


def test_a_stratum_without_rows_or_events_is_finite():
    spec = spec_of(STRATA)
    table = drawn_table(strata=AGES, strata_levels=(AGES,))
    third = table.rows["stratum"] == AGES[2]
    none = replace(table, rows=table.rows.assign(count=table.rows["count"].where(~third, 0)))
    in_one = table.rows["authority"] == "A00"
    gone = replace(table, rows=table.rows[~(third & in_one)].reset_index(drop=True))
    gone = replace(gone, covariates=gone.covariates.loc[gone.rows.index])
    for given in (none, gone):
        information = information_of(build_design(spec, given))
        for name in ("mode", "strata_mode", "strata_curvature", "cell_curvature", "cell_pull"):
            assert np.isfinite(getattr(information, name)).all(), name
    assert_allclose(information.cell_curvature[:, 0, 0, 2], 0.0)


@pytest.mark.parametrize("strata", ["", STRATA])
@pytest.mark.parametrize("family", ["risk", "dispersed risk"])
def test_risks_stay_below_one_in_the_search_and_at_the_peak_of_the_quadratic(family, strata):
    design = drawn_design(spec_of(FAMILIES[family] + strata), authorities=30, areas=15)
    rng, size = np.random.default_rng(3), len(design.rows.x)
    risk = np.clip(0.9 + 0.03 * rng.standard_normal(30), 0.0, 0.99)
    authority = design.cell_authority[design.rows.cell]
    cases = np.full(size, 40)
    high = with_counts(design, rng.binomial(cases, risk[authority]), cases.astype(float))
    information = information_of(high)
    peaks = np.stack([quadratic_maximum(information, j) for j in range(30)], axis=1)
    stratum = high.rows.cell % len(high.strata)
    of_strata = information.strata_mode[:, 0, stratum]
    for effects in (information.mode[:, :, 0], peaks):
        level, gradient = effects[:, authority] + of_strata
        assert (level + gradient * high.rows.x < 0.0).all()
    # Some 600 cases or more in each authority: a standard error of a hundredth.
    assert_allclose(np.exp(information.mode[0, :, 0].mean()), 0.9, atol=0.03)


AT_THE_NUMBER = "[priors]\nbetween = { mu = 0.0, sigma = 1.0 }\n"
"""A prior of levels, for which a model is fitted at its numeric centre."""


def test_parts_of_steps_by_hand():
    table = table_of(
        authority=["A", "A", "B", "B"],
        deprivation=[0.1, 0.3, 0.1, 0.3],
        exposure=[10] * 4,
        count=[5, 6, 4, 3],
    )
    spec = spec_of(FAMILIES["risk"] + "[gradient]\ncentre = 0.1\n" + AT_THE_NUMBER)
    design = build_design(spec, table)
    assert_allclose(design.rows.x, [0.0, 2.0, 0.0, 2.0], atol=1e-12)
    of_effects = _OfEffects(design, count_rows(design))
    effects = np.array([[[-1.0], [-1.0]], [[0.2], [0.0]]])
    step = np.array([[[1.0], [-1.0]], [[0.5], [0.0]]])
    found = of_effects.possible_part(effects, np.zeros((2, 1, 1)), step[..., None])
    # Of A's areas, predictors of -1 and -0.6 would rise by 1 and 2; B's fall.
    assert_allclose(found.ravel(), [WAY_TO_BOUNDARY * 0.6 / 2.0, 1.0])


@pytest.mark.parametrize(
    ("family", "level", "expected"),
    [
        # Squares of 26 and a variance of 10 without dispersion, over that times 9: 1 / (alpha + 1).
        ("beta-binomial", 0.0, 16.0 / 74.0),
        ("dispersed risk", np.log(0.5), 16.0 / 74.0),
        # Squares of 26 about means of 5, which come to 20; over the squares of the means.
        ("negative binomial", np.log(0.5), 6.0 / 100.0),
    ],
)
def test_the_moment_estimate_by_hand(family, level, expected):
    table = table_of(
        authority=["A", "A", "B", "B"],
        deprivation=[0.1, 0.3, 0.1, 0.3],
        exposure=[10] * 4,
        count=[2, 8, 3, 7],
    )
    design = build_design(spec_of(FAMILIES[family]), table)
    effects = np.zeros((2, 2, 1))
    effects[0] = level
    found = _OfEffects(design, count_rows(design)).inverse_alpha(effects, np.zeros((2, 1, 1)))
    assert_allclose(found, [expected])
