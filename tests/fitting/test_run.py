from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

import bayesgrad as bg
from bayesgrad.errors import DataError, FitError, SpecError
from bayesgrad.fitting.draws import assemble_draws
from bayesgrad.fitting.known import SHIFTS
from bayesgrad.fitting.provenance import PACKAGES
from bayesgrad.fitting.run import with_sampling
from bayesgrad.spec import ModelSpec
from tests.predictive.cases import drawn_posterior
from tests.small import drawn_design, drawn_table, spec_of

SHORT = {"draws": 40, "tune": 60, "chains": 2, "cores": 2, "progress": False}


def posterior_of(fit: bg.GradientFit) -> xr.Dataset:
    return fit.draws["posterior"].to_dataset()


def short_fit(spec, table, **more) -> bg.GradientFit:
    return bg.fit(spec, table, **{**SHORT, **more})


@pytest.fixture(scope="module")
def short(england, england_spec, england_sampler) -> bg.GradientFit:
    from tests.conftest import reuse

    with pytest.MonkeyPatch.context() as patch:
        reuse(patch, england_sampler)
        return short_fit(england_spec, england.areas)


def test_the_small_england_fits_and_passes(england_fit):
    assert england_fit.passed, england_fit.diagnostics()


def test_the_truth_lies_where_the_posterior_says(england, england_fit):
    # The gradient of 20 authorities in intervals of 99.9%: a false alarm in 50.
    truth = england.authorities.set_index("authority")["gradient"]
    found = england_fit.gradients(level=0.999).set_index("authority")
    assert (found["lower"].lt(truth) & found["upper"].gt(truth)).all()
    known = england.truth.set_index("parameter")["value"]
    parameters = england_fit.parameters(level=0.9999).set_index("parameter")
    for name in ("slope", "interaction", "sd_intercept", "alpha"):
        assert parameters.loc[name, "lower"] < known[name] < parameters.loc[name, "upper"]


def test_files_and_their_content_give_the_same_fit(compiled, england_folder, england, short):
    spec = england_folder / "synthetic_england.toml"
    from_files = short_fit(spec, str(england_folder / "synthetic_england_areas.csv"))
    assert posterior_of(from_files).equals(posterior_of(short))
    assert from_files.spec == short.spec


def test_reversing_the_rows_of_the_table_changes_no_draw(
    compiled, england, england_spec, england_fit, short
):
    # The design is identical, so the draws are, to the last bit.
    backwards = short_fit(england_spec, england.areas.iloc[::-1])
    assert posterior_of(backwards).equals(posterior_of(short))
    assert backwards.draws["inequality"].to_dataset().equals(short.draws["inequality"].to_dataset())


def test_other_names_of_authorities_change_no_draw(compiled, england, england_spec, short):
    renamed = england.areas.assign(authority_name="The " + england.areas["authority_name"])
    fit = short_fit(england_spec, renamed)
    assert posterior_of(fit).equals(posterior_of(short))
    assert fit.gradients()["name"].str.startswith("The ").all()


@pytest.mark.ci
@pytest.mark.slow
def test_a_relabelled_authority_keeps_its_own_estimate(
    compiled, england, england_spec, england_fit
):
    # Codes in reverse order: the same model with its authorities in another order. The sampler's
    # random numbers fall on other authorities, so the draws agree within Monte Carlo error only:
    # 40 means at 5 standard errors give a false alarm in 20,000.
    codes = sorted(england.areas["authority"].unique())
    reverse = dict(zip(codes, codes[::-1], strict=True))
    relabelled = england.areas.assign(authority=england.areas["authority"].map(reverse))
    fit = bg.fit(england_spec, relabelled, progress=False)
    for name in ("authority_intercept", "authority_slope"):
        one = posterior_of(england_fit)[name]
        other = posterior_of(fit)[name].sel(authority=codes[::-1])
        error = np.sqrt((one.var(("chain", "draw")) / 400) * 2)  # at least 400 effective draws
        difference = other.mean(("chain", "draw")).values - one.mean(("chain", "draw")).values
        assert (np.abs(difference) < 5 * error.values).all()


def test_overrides_are_used_and_recorded(short):
    assert dict(posterior_of(short).sizes)["draw"] == 40
    assert (short.spec.sampling.draws, short.spec.sampling.chains) == (40, 2)
    assert short.provenance["seed"] == short.spec.sampling.seed == 7


def test_a_seed_of_the_call_replaces_that_of_the_spec(compiled, england, england_spec, short):
    other = short_fit(england_spec, england.areas, seed=8)
    assert other.provenance["seed"] == 8
    assert not posterior_of(other).equals(posterior_of(short))


def test_provenance_says_where_a_fit_came_from(short):
    provenance = short.provenance
    assert set(provenance["versions"]) == {"python", *PACKAGES}
    assert provenance["table"]["of"] == "data frame"
    assert provenance["engine"] == "nuts"
    assert provenance["rows"]["rows_kept"] == 600
    kept = [run for run in provenance["runs"] if run["kept"]]
    assert sum(run["chains"] for run in kept) == short.draws["posterior"].sizes["chain"]
    assert kept[0]["seed"] == 7
    assert set(provenance["seconds"]) == {"data", "compile", "sample", "summarise"}


def test_a_file_that_changes_while_it_is_fitted_is_known_by_what_was_read(
    compiled, monkeypatch, england_folder, england_spec, england_sampler, tmp_path
):
    content = (england_folder / "synthetic_england_areas.csv").read_bytes()
    table = tmp_path / "areas.csv"
    table.write_bytes(content)
    sample = type(england_sampler).sample

    def slowly(self, *args, **options):
        table.unlink()
        return sample(self, *args, **options)

    monkeypatch.setattr(type(england_sampler), "sample", slowly)
    fit = short_fit(england_spec, table)
    assert fit.provenance["table"]["of"] == "file areas.csv"


def test_a_fault_of_the_table_names_its_file(england_spec, england, tmp_path):
    path = tmp_path / "areas.csv"
    england.areas.assign(referrals=-1).to_csv(path, index=False)
    with pytest.raises(DataError) as caught:
        bg.fit(england_spec, path)
    assert caught.value.what.startswith(f"{path}: column referrals")


def test_no_area_is_kept_unless_asked(short):
    assert "areas" not in short.draws.children
    for node in short.draws.children.values():
        assert 600 not in node.to_dataset().sizes.values()


def test_areas_are_kept_when_asked(compiled, england, england_spec, tmp_path):
    fit = short_fit(england_spec, england.areas, store_data=True)
    loaded = bg.load(fit.save(tmp_path / "fit.nc"))
    areas = loaded.draws["areas"].to_dataset().to_dataframe().reset_index()
    merged = areas.merge(england.areas, on="area", validate="one_to_one")
    assert len(merged) == 600
    assert_array_equal(merged["count"], merged["referrals"])
    assert_array_equal(merged["deprivation"], merged["income_score"])


def test_areas_are_kept_with_covariates_whatever_their_names():
    from bayesgrad.fitting.run import _areas

    table = drawn_table(covariates=("exposure", "rural"))
    kept = _areas(table)
    assert kept["exposure"].dims == ("row",)
    assert_array_equal(kept["exposure"], table.rows["exposure"])
    assert_array_equal(
        kept["covariate"].sel(area_covariate="exposure"), table.covariates["exposure"]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("draws", 3),
        ("draws", 10.5),
        ("tune", -1),
        ("chains", 0),
        ("seed", -1),
        ("engine", "stan"),
        ("chains", "four"),
    ],
)
def test_impossible_sampling_settings_are_refused_by_name(name, value):
    with pytest.raises(SpecError) as caught:
        with_sampling(spec_of(), {name: value})
    assert caught.value.what.startswith(f"sampling setting {name} = {value!r}")


def test_settings_that_are_not_given_stay():
    spec = spec_of("[sampling]\ndraws = 77\nseed = 5")
    changed = with_sampling(spec, {"draws": None, "seed": 0, "tune": None})
    assert (changed.sampling.draws, changed.sampling.seed) == (77, 0)
    assert (spec.sampling.draws, spec.sampling.seed) == (77, 5)


def test_what_cannot_be_fitted_is_refused_before_anything_is_read():
    text = '[likelihood]\nfamily = "beta_binomial"\n[sampling]\nengine = "laplace"'
    with pytest.raises(SpecError, match="'beta_binomial' of referrals: the Laplace engine"):
        bg.fit(spec_of(text), "no such table.csv")


def made_up_fit(spec: ModelSpec, **settings) -> tuple:
    """Assembled draws of a posterior that was never sampled."""
    design = drawn_design(spec, **settings)
    posterior = drawn_posterior(design, draws=15)
    rng = np.random.default_rng(1)
    dims, shape = ("chain", "draw"), (2, 15)
    statistics = {
        "diverging": (dims, np.zeros(shape, dtype=bool)),
        "maxdepth_reached": (dims, np.zeros(shape, dtype=bool)),
        "energy": (dims, rng.normal(size=shape)),
    }
    sampled = xr.DataTree.from_dict(
        {"posterior": posterior, "sample_stats": xr.Dataset(statistics)}
    )
    return design, assemble_draws(spec, design, sampled)


def test_what_is_known_of_authorities_by_hand():
    design, tree = made_up_fit(spec_of('[authority]\nmoderators = ["spend"]'))
    authorities = tree["authorities"].to_dataset()
    rows, authority = design.rows, design.cell_authority[design.rows.cell]
    for j, code in enumerate(design.authorities.codes):
        mine = authorities.sel(authority=code)
        inside = authority == j
        deprivation, exposure = rows.deprivation[inside], rows.exposure[inside]
        mean = np.average(deprivation, weights=exposure)
        assert str(mine["name"].values) == f"Name of {code}"
        assert int(mine["events"].sum()) == rows.count[inside].sum()
        assert int(mine["areas"].sum()) == inside.sum()
        assert_allclose(mine["exposure"].sum(), exposure.sum())
        assert_allclose(mine["deprivation"], mean)
        assert_allclose(mine["deprivation_min"], deprivation.min())
        assert_allclose(mine["deprivation_max"], deprivation.max())
        variance = np.average((deprivation - mean) ** 2, weights=exposure)
        assert_allclose(mine["deprivation_sd"], np.sqrt(variance))
        assert_allclose(mine["moderator"], design.authorities.moderators.values[j])


def test_reference_values_by_hand():
    design, tree = made_up_fit(spec_of())
    reference, rows = tree["reference"].to_dataset(), design.rows
    mean = design.authorities.deprivation.mean()
    assert_allclose(reference["mean_authority_deprivation"], mean)
    assert_allclose(reference["shift_basis"][:, 0], np.log((mean + np.array(SHIFTS)) / mean))
    assert_allclose(reference["moderation_derivative"], [0.1 / mean])
    levels = reference["level_deprivation"]
    assert_allclose(levels.sel(level="mean"), np.average(rows.deprivation, weights=rows.exposure))
    assert_allclose(levels.sel(level="p10"), np.quantile(rows.deprivation, 0.1))
    assert_allclose(reference["mean_exposure"], [rows.exposure.mean()])
    assert reference.attrs["vintage"] == "IoD2019"


@pytest.mark.parametrize("form", ["none", "linear", "log", "spline"])
def test_every_form_of_moderation_assembles_to_draws_with_tables(form):
    _, tree = made_up_fit(spec_of(f'[authority]\nmoderation = "{form}"'))
    assert tree["reference"].sizes["shift"] == 3
    assert not tree["diagnostics"]["passed"].all()  # 30 draws are too few to pass


def test_an_unknown_authority_is_refused(england_fit):
    with pytest.raises(FitError, match="E99"):
        england_fit.compare(["E99", "S-A001"])
