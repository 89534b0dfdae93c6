"""Packs made of fits: exact moments, nothing of an authority, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.fitting.gradient_fit import GradientFit
from bayesgrad.fitting.national_pack import MINIMUM_AUTHORITIES, PROBABILITIES
from bayesgrad.fitting.pack_parameters import partial_correlations, unconstrained
from bayesgrad.inference.laplace.partial import factor_of
from bayesgrad.spec.pack_files import pack_text
from tests.fabricate import fabricated_draws, with_group
from tests.packs import pack_with, with_pack
from tests.small import spec_of

PROVENANCE = {"engine": "nuts", "seed": 7, "table": {"of": "file x.csv"}}


def fit_of(text="", *, outcomes=("referrals",), authorities=40, **settings):
    draws = fabricated_draws(authorities=authorities, outcomes=outcomes, **settings)
    return GradientFit(spec_of(text, outcomes=outcomes), draws, PROVENANCE)


def flat(fit, name, **chosen):
    return fit.draws["posterior"][name].isel(chosen).values.ravel()


def test_moments_are_those_of_the_draws_on_the_unconstrained_scale():
    fit = fit_of()
    pack = fit.prior_pack()
    columns = np.column_stack(
        [
            flat(fit, "intercept"),
            flat(fit, "slope"),
            flat(fit, "between"),
            flat(fit, "interaction"),
            np.log(flat(fit, "sd_intercept")),
            np.log(flat(fit, "sd_slope")),
            np.arctanh(flat(fit, "correlation")),
            np.log(flat(fit, "overdispersion")),
        ]
    )
    assert_allclose(pack.mean(), columns.mean(axis=0))
    assert_allclose(pack.covariance(), np.cov(columns, rowvar=False))


def test_what_the_parameters_refer_to_is_that_of_the_fit():
    fit = fit_of()
    pack = fit.prior_pack()
    authorities = fit.draws["authorities"]
    deprivation = authorities["deprivation"].values
    assert pack.model.mean_authority_deprivation == pytest.approx(deprivation.mean())
    assert pack.model.moderation_terms == ("log",)
    assert (pack.model.vintage, pack.model.unit, pack.model.centre) == ("IoD2019", 0.1, "authority")
    assert (pack.nation.authorities, pack.nation.areas) == (40, int(authorities["areas"].sum()))
    assert_allclose(pack.nation.deprivation, np.quantile(deprivation, PROBABILITIES), atol=5e-4)
    assert pack.outcomes[0].events == int(authorities["events"].sum())
    assert pack.source.diagnostics_passed


def test_a_pack_tells_of_no_single_authority():
    fit = fit_of()
    text = pack_text(fit.prior_pack())
    authorities = fit.draws["authorities"]
    names = [*authorities["authority"].values, *authorities["name"].values]
    assert not [name for name in names if str(name) in text]
    quantiles = fit.prior_pack().nation.deprivation
    deprivation = authorities["deprivation"].values
    assert quantiles[0] > deprivation.min() + 0.001
    assert quantiles[-1] < deprivation.max() - 0.001
    assert all(round(value, 3) == value for value in quantiles)


def test_national_centring_is_told_by_its_value():
    fit = fit_of("[gradient]\ncentre = 'national'\n", centre="national")
    assert fit.prior_pack().model.centre_value == float(fit.draws["authorities"]["centre"][0])


def test_standardisation_and_knots_are_those_of_the_fit():
    fit = fit_of(
        "[authority]\nmoderation = 'spline'\nmoderators = ['pay']\n"
        "[area]\nmoderators = ['rural']\n",
        moderation="spline",
        covariates=["rural"],
        area_moderators=["rural"],
        authority_moderators=["pay"],
    )
    reference = fit.draws["reference"].to_dataset()
    stored = reference.assign(
        covariate_centre=("area_covariate", [0.2]),
        covariate_scale=("area_covariate", [1.0]),
        moderator_centre=("authority_moderator", [3.0]),
        moderator_scale=("authority_moderator", [2.5]),
        moderation_knots=("moderation_knot", [0.06, 0.13, 0.22]),
        moderation_scale=("moderation_bend", [0.01]),
    ).assign_coords(area_covariate=["rural"], authority_moderator=["pay"])
    pack = GradientFit(fit.spec, with_group(fit.draws, reference=stored), PROVENANCE).prior_pack()
    assert pack.model.moderation_knots == (0.06, 0.13, 0.22)
    assert pack.model.moderation_scale == (0.01,)
    (rural,), (pay,) = pack.area_covariates, pack.authority_moderators
    assert (rural.name, rural.centre, rural.scale) == ("rural", 0.2, 1.0)
    assert (pay.name, pay.centre, pay.scale) == ("pay", 3.0, 2.5)
    assert pack.area_moderators == ("rural",)
    with pytest.raises(FitError, match="an earlier version wrote it"):
        fit.prior_pack()


def of_correlations(size, draws=400, seed=3):
    """Correlation matrices of effects, (draws, size, size), and their lower triangles by rows."""
    rng = np.random.default_rng(seed)
    loadings = rng.normal(size=(draws, size, size))
    whole = loadings @ loadings.transpose(0, 2, 1) + 2 * np.eye(size)
    sd = np.sqrt(np.einsum("dii->di", whole))
    whole /= sd[:, :, None] * sd[:, None, :]
    rows, columns = np.tril_indices(size, -1)
    return whole, whole[:, rows, columns]


def joint_fit(outcomes):
    fit = fit_of(outcomes=outcomes)
    posterior = fit.draws["posterior"].to_dataset()
    whole, packed = of_correlations(2 * len(outcomes))
    shape = posterior["effect_correlation"].shape
    posterior["effect_correlation"] = (
        posterior["effect_correlation"].dims,
        packed.reshape(*shape[:2], -1),
    )
    return GradientFit(fit.spec, with_group(fit.draws, posterior=posterior), PROVENANCE), whole


def test_correlations_of_outcomes_are_told_by_partial_ones():
    fit, whole = joint_fit(("referrals", "plans"))
    pack = fit.prior_pack()
    block = next(b for b in pack.blocks if b.variable == "partial_correlation")
    found = unconstrained(fit.draws["posterior"].to_dataset(), block, ["referrals", "plans"])
    factors = np.array([factor_of(one, 4) for one in found])
    assert_allclose(factors @ factors.transpose(0, 2, 1), whole, atol=1e-12)
    assert_allclose(pack.mean()[block.place], found.mean(axis=0))


def test_some_outcomes_of_a_joint_fit_keep_the_correlations_among_them():
    names = ("referrals", "plans", "care")
    fit, whole = joint_fit(names)
    pack = fit.prior_pack(outcomes=["care", "referrals"])
    assert [outcome.column for outcome in pack.outcomes] == ["referrals", "care"]
    found = partial_correlations(fit.draws["posterior"].to_dataset(), ["referrals", "care"])
    factors = np.array([factor_of(np.arctanh(one), 4) for one in found])
    kept = np.ix_([0, 1, 4, 5], [0, 1, 4, 5])
    expected = np.array([one[kept] for one in whole])
    assert_allclose(factors @ factors.transpose(0, 2, 1), expected, atol=1e-12)
    alone = fit.prior_pack(outcomes=["plans"])
    assert "atanh correlation [plans]" in alone.parameters.names


def test_unknown_outcomes_are_refused():
    with pytest.raises(FitError, match="the fit has no outcome plans"):
        fit_of().prior_pack(outcomes=["plans"])


def test_a_stage_without_the_one_before_is_refused():
    outcomes, forms = ("a", "b"), {"out_of": ("", "a"), "family": ("poisson", "binomial")}
    spec = spec_of("[[outcomes]]\ncolumn = 'b'\nout_of = 'a'\n", outcomes=("a",))
    draws = fabricated_draws(authorities=40, outcomes=outcomes, link=("log", "log"), **forms)
    with pytest.raises(FitError, match="b is out of a, of which the pack would say nothing"):
        GradientFit(spec, draws, PROVENANCE).prior_pack(outcomes=["b"])


def test_failed_diagnostics_withhold_the_pack_unless_insisted_upon():
    fit = fit_of(failed_checks=("max_r_hat",))
    with pytest.raises(DiagnosticsError, match="withheld: the fit failed its diagnostics"):
        fit.prior_pack()
    assert not fit.prior_pack(despite_failed_diagnostics=True).source.diagnostics_passed


def test_few_authorities_are_refused():
    with pytest.raises(FitError, match=f"has {MINIMUM_AUTHORITIES - 1} authorities"):
        fit_of(authorities=MINIMUM_AUTHORITIES - 1).prior_pack()


def test_few_events_are_refused():
    fit = fit_of()
    authorities = fit.draws["authorities"].to_dataset()
    few = authorities.assign(events=xr.full_like(authorities["events"], 24))
    with pytest.raises(FitError, match="referrals: the fit has 960 events"):
        GradientFit(fit.spec, with_group(fit.draws, authorities=few), PROVENANCE).prior_pack()


def test_few_draws_are_refused():
    with pytest.raises(FitError, match="60 draws are too few for the covariance of 8 parameters"):
        fit_of(chains=2, draws=30).prior_pack()


def test_forms_that_a_pack_does_not_hold_are_refused():
    of_strata = fit_of("[strata]\ncolumn = 'sex'\n", strata=("girls", "boys"))
    with pytest.raises(FitError, match="this is a fit of strata"):
        of_strata.prior_pack()
    low_rank = fit_of("[authority]\ncovariance = 'low_rank'\n", outcomes=("a", "b"))
    with pytest.raises(FitError, match="whose covariance is of low rank"):
        low_rank.prior_pack()
    again = fit_of()
    packed = GradientFit(with_pack(again.spec, pack_with()), again.draws, PROVENANCE)
    with pytest.raises(FitError, match="of a prior pack itself"):
        packed.prior_pack()


def test_parameters_that_a_pack_has_no_place_for_are_refused():
    fit = fit_of()
    posterior = fit.draws["posterior"].to_dataset()
    more = posterior.assign(sd_neighbourhood=posterior["sd_slope"])
    draws = with_group(fit.draws, posterior=more)
    with pytest.raises(FitError, match="no place for sd_neighbourhood"):
        GradientFit(fit.spec, draws, PROVENANCE).prior_pack()
