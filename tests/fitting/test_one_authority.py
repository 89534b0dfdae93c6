"""One authority with a pack, from the table to the printed words; and the geometry for NUTS."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import gammaln

import bayesgrad as bg
from bayesgrad.data import prepare_table
from bayesgrad.design import build_design
from bayesgrad.estimands import table, tables_of
from bayesgrad.fitting.draws import assemble_draws
from bayesgrad.fitting.nation import nation_of, national_deprivation
from bayesgrad.fitting.plan import describe_plan
from bayesgrad.inference.nuts import Sampler
from bayesgrad.simulate import EnglandSettings, simulate_england
from bayesgrad.spec import ModelSpec
from tests.packs import PROBABILITIES, QUANTILES, pack_with, with_pack
from tests.small import drawn_design, spec_of, table_of

SIZES = (23, 160, 900)


def test_the_nations_deprivation_has_the_quantiles_of_the_pack():
    found = national_deprivation(pack_with().nation)
    assert_allclose(np.quantile(found, PROBABILITIES), QUANTILES, atol=0.002)
    assert 0.03 < found.min() < QUANTILES[0]
    assert QUANTILES[-1] < found.max() < 0.35


def test_what_the_pack_says_of_an_authority_has_its_moments():
    spec = with_pack(spec_of(), pack_with())
    design = drawn_design(spec, authorities=1)
    nation = nation_of(spec.prior_pack, design)
    w = design.authorities.moderation[0, 0]
    line = np.array([0, 1, 0, w, 0, 0, 0, 0])
    mean, covariance = spec.prior_pack.mean(), spec.prior_pack.covariance()
    assert nation["line_mean"].item() == pytest.approx(line @ mean)
    assert nation["line_variance"].item() == pytest.approx(line @ covariance @ line)
    assert nation["line_log_sd_covariance"].item() == pytest.approx(line @ covariance[:, 5])
    assert nation["log_sd_mean"].item() == mean[5]
    assert nation["log_sd_variance"].item() == pytest.approx(covariance[5, 5])


def test_the_plan_names_the_pack_and_its_parameters():
    pack = pack_with()
    spec = with_pack(spec_of(), pack)
    text = describe_plan(spec, drawn_design(spec, authorities=1))
    sd = np.sqrt(pack.covariance()[1, 1])
    assert "1 authority: correlated" in text
    assert "national prior pack of 150 authorities (Nation), jointly normal" in text
    assert f"  slope [referrals]: Normal(0.48, {sd:.3g})" in text
    assert "HalfNormal" not in text


@pytest.fixture(scope="module")
def england():
    """Three authorities of 23, 160 and 900 areas, cut out of one England."""
    return simulate_england(EnglandSettings(authorities=6, areas=6600, size_spread=0.0), seed=5)


def design_of(spec, england, areas):
    code = f"S-A00{1 + SIZES.index(areas)}"
    own = england.areas[england.areas["authority"] == code].head(areas)
    return build_design(spec, prepare_table(spec, own.assign(authority="one")))


@pytest.fixture(scope="module")
def spec():
    text = """
title = "One"
[columns]
area = "area"
authority = "authority"
exposure = "children"
deprivation = "income_score"
vintage = "IoD2019"
[[outcomes]]
column = "referrals"
[sampling]
chains = 4
draws = 750
seed = 3
"""
    return with_pack(ModelSpec.from_toml(text), pack_with(spread=0.03))


@pytest.fixture(scope="module")
def sampler(spec, england):
    return Sampler.compile(spec, design_of(spec, england, 23))


@pytest.mark.slow
@pytest.mark.parametrize("areas", SIZES)
def test_the_geometry_suits_small_and_large_authorities(spec, sampler, england, areas):
    design = design_of(spec, england, areas)
    tree = assemble_draws(spec, design, sampler.with_design(design).sample(spec.sampling))
    checks = table(tree, "diagnostics").set_index("check")
    assert checks["passed"].all()
    assert checks.loc["divergences", "value"] == 0
    assert checks.loc["min_ess_bulk", "value"] > 1500
    row = table(tree, "standing").iloc[0]
    assert 0 < row["prior_share"] < 1
    assert {"ranks", "pairs"}.isdisjoint(tables_of(tree))
    for name in tables_of(tree):
        assert len(table(tree, name))


@pytest.mark.slow
def test_a_fit_of_one_authority_is_told_in_words(spec, sampler, england, tmp_path, monkeypatch):
    monkeypatch.setattr("bayesgrad.inference.nuts.Sampler.compile", lambda *_: sampler)
    own = england.areas[england.areas["authority"] == "S-A001"].head(23).assign(authority="one")
    fit = bg.fit(spec, own, progress=False)
    text = str(fit)
    assert "prior: national pack of 150 authorities (Nation)" in text
    assert "rests on the prior" in text
    assert "of the nation's authorities, and" in text
    again = bg.load(fit.save(tmp_path / "one.nc"))
    assert again.spec.prior_pack == spec.prior_pack
    assert again.standing().equals(fit.standing())


@pytest.mark.slow
def test_a_small_authority_of_rare_events_gains_half_the_width_of_its_own_regression(spec, sampler):
    import statsmodels.api as sm

    rare = simulate_england(EnglandSettings(authorities=6, areas=6600, rate=0.0056), seed=5)
    own = rare.areas[rare.areas["authority"] == "S-A001"].head(23).assign(authority="one")
    design = build_design(spec, prepare_table(spec, own))
    tree = assemble_draws(spec, design, sampler.with_design(design).sample(spec.sampling))
    row = table(tree, "standing").iloc[0]
    rows = design.rows
    regression = sm.Poisson(rows.count, sm.add_constant(rows.x), offset=np.log(rows.exposure))
    lower, upper = regression.fit(disp=0).conf_int()[1]
    assert np.log(row["upper"] / row["lower"]) < 0.5 * (upper - lower)
    assert row["prior_share"] > 0.5


@pytest.mark.ci
@pytest.mark.slow
def test_the_posterior_is_that_of_quadrature():
    """One authority, Poisson, all but its two effects known: their posterior on a grid."""
    deprivation, exposure = np.linspace(0.05, 0.3, 8), np.full(8, 300.0)
    count = np.array([12, 9, 16, 14, 22, 19, 30, 27])
    spec = spec_of("[likelihood]\nfamily = 'poisson'\n[sampling]\ndraws = 4000\nseed = 1\n")
    pack = pack_with(family="poisson", spread=1e-4)
    spec = with_pack(spec, pack)
    table_ = table_of(authority=["A"] * 8, deprivation=deprivation, exposure=exposure, count=count)
    design = build_design(spec, table_)
    tree = Sampler.compile(spec, design).sample(spec.sampling, progress=False)
    found = tree["posterior"]["authority_slope"].values.ravel()
    mean = dict(zip(pack.parameters.names, pack.mean(), strict=True))
    w = design.authorities.moderation[0, 0]
    centre = (
        mean["intercept [referrals]"] + mean["between [referrals, log]"] * w,
        mean["slope [referrals]"] + mean["interaction [referrals, log]"] * w,
    )
    sd = np.exp([mean["log sd_intercept [referrals]"], mean["log sd_slope [referrals]"]])
    r = np.tanh(mean["atanh correlation [referrals]"])
    a, b = np.meshgrid(
        *(m + s * np.linspace(-6, 6, 401) for m, s in zip(centre, sd, strict=True)), indexing="ij"
    )
    z = (a - centre[0]) / sd[0], (b - centre[1]) / sd[1]
    log_density = -(z[0] ** 2 - 2 * r * z[0] * z[1] + z[1] ** 2) / (2 * (1 - r**2))
    for x, n, y in zip(design.rows.x, exposure, count, strict=True):
        rate = n * np.exp(a + b * x)
        log_density += y * np.log(rate) - rate - gammaln(y + 1)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    expected = float((weight * b).sum())
    spread = float(np.sqrt((weight * (b - expected) ** 2).sum()))
    # 16,000 draws, at least 4,000 of them effective: five standard errors.
    assert found.mean() == pytest.approx(expected, abs=5 * spread / np.sqrt(4000))
    assert found.std() == pytest.approx(spread, rel=5 / np.sqrt(2 * 4000))
