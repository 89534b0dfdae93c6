from __future__ import annotations

import numpy as np
import pytest

import bayesgrad
from bayesgrad.auditing import running
from bayesgrad.errors import DataError, FitError, SpecError
from bayesgrad.simulate import simulate_scenario
from bayesgrad.spec import ModelSpec

SHORT = {"draws": 50, "progress": False}
running_forms = running.forms_of


@pytest.fixture(scope="module")
def world():
    return simulate_scenario("audit-log", seed=1, authorities=16, areas=400)


@pytest.fixture(scope="module")
def spec(world) -> ModelSpec:
    return ModelSpec.from_toml(world.spec.replace('"turnover"', ""))


def of_turnover(world) -> ModelSpec:
    return ModelSpec.from_toml(world.spec)


@pytest.fixture(scope="module")
def audited(world, spec):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "forms_of", lambda spec: running_forms(spec)[:3])
        return bayesgrad.audit(spec, world.areas, engine="laplace", **SHORT)


def test_forms_are_fitted_scored_and_weighed(audited):
    (one,) = audited.outcomes
    assert all(fitted.quantities is not None for fitted in one.forms)
    assert {fitted.engine for fitted in one.forms} == {"laplace"}
    assert one.elpd.shape == (3, one.authorities)
    assert np.isfinite(one.elpd).all()
    assert one.weighed_by == "evidence"
    assert one.weights.sum() == pytest.approx(1.0)


def test_so_few_authorities_are_not_judged(audited):
    assert "cannot tell" in audited.verdict
    assert "**slope: survives**" not in audited.verdict


@pytest.mark.full
def test_the_interaction_of_a_form_is_that_of_a_fit(audited, world, spec):
    fit = bayesgrad.fit(spec, world.areas, engine="laplace", **SHORT)
    mean = float(fit.draws["reference"]["mean_authority_deprivation"])
    expected = fit.interaction()["mean"].item() * 0.1 / mean
    table = audited.table().query("quantity == 'interaction' and moderation == 'log'")
    assert table["mean"].item() == pytest.approx(expected)


def test_progress_has_a_line_for_each_form(world, spec, capsys, monkeypatch):
    def refuse(*_):
        raise FitError("k-hat is high", "Use NUTS.")

    monkeypatch.setattr(running, "_sampled", refuse)
    with pytest.raises(FitError, match="no form of the model could be fitted; the first: k-hat"):
        bayesgrad.audit(spec, world.areas, engine="laplace", draws=50)
    assert len(capsys.readouterr().err.splitlines()) == 10


def test_nuts_takes_the_place_of_laplace_where_that_refuses(world, spec, monkeypatch):
    tried = []
    real = running._sampled

    def once(form_spec, design):
        tried.append(form_spec.sampling.fitting_engine)
        if form_spec.sampling.fitting_engine == "laplace":
            raise FitError("k-hat is high", "Use NUTS.")
        laplace = form_spec.sampling.model_copy(update={"engine": "laplace"})
        return real(form_spec.model_copy(update={"sampling": laplace}), design)

    monkeypatch.setattr(running, "_sampled", once)
    monkeypatch.setattr(running, "CHECKS", dict.fromkeys(("laplace", "nuts"), lambda _: ()))
    monkeypatch.setattr(running, "forms_of", lambda spec: running_forms(spec)[2:4])
    audited = bayesgrad.audit(spec, world.areas, **SHORT)
    assert sorted(tried) == ["laplace"] * 2 + ["nuts"] * 2
    assert {fitted.engine for fitted in audited.outcomes[0].forms} == {"nuts"}
    assert "by NUTS, as Laplace was refused: log moderation: k-hat is high" in audited.verdict


@pytest.mark.parametrize(("asked", "drawn"), [(None, {500, 1200}), (70, {70})])
def test_nuts_draws_as_many_as_its_spec_says(world, spec, monkeypatch, asked, drawn):
    settings = spec.sampling.model_copy(update={"draws": 1200})
    found = set()

    def refuse(form_spec, _):
        found.add(form_spec.sampling.draws)
        raise FitError("k-hat is high", "Use NUTS.")

    real = running._Runner._by

    def refuse_laplace_alone(self, form_spec, design, form):
        if form_spec.sampling.fitting_engine == "laplace":
            return real(self, form_spec, design, form)
        found.add(form_spec.sampling.draws)
        return running.FittedForm(form, "nuts", "not fitted here")

    monkeypatch.setattr(running, "_sampled", refuse)
    monkeypatch.setattr(running._Runner, "_by", refuse_laplace_alone)
    with pytest.raises(FitError, match="no form of the model could be fitted"):
        bayesgrad.audit(
            spec.model_copy(update={"sampling": settings}), world.areas, draws=asked, progress=False
        )
    assert found == drawn


def test_a_moderator_that_is_deprivation_is_refused(world):
    deprivation = world.population.geography.deprivation
    codes = world.areas["authority"].astype("category").cat.codes
    table = world.areas.assign(turnover=np.log(deprivation)[codes])
    with pytest.raises(DataError, match="turnover exactly repeats the deprivation of authorities"):
        bayesgrad.audit(of_turnover(world), table, **SHORT)


@pytest.mark.parametrize("where", ["authority", "area"])
def test_a_moderator_that_is_another_one_s_multiple_is_refused(world, where):
    table = world.areas.assign(staff=lambda t: 3.0 - 2.0 * t["turnover"])
    spec = of_turnover(world)
    if where == "authority":
        spec = spec.with_(authority={"moderators": ["turnover", "staff"]})
    else:
        spec = spec.with_(area={"covariates": ["staff"]})
    with pytest.raises(DataError, match="column staff exactly repeats turnover"):
        bayesgrad.audit(spec, table, **SHORT)


def test_a_moderator_that_is_constant_is_refused(world):
    with pytest.raises(DataError, match="turnover"):
        bayesgrad.audit(of_turnover(world), world.areas.assign(turnover=0.1), **SHORT)


def test_an_unknown_engine_is_refused(world, spec):
    with pytest.raises(SpecError, match="'stan' is not one of auto, laplace, nuts"):
        bayesgrad.audit(spec, world.areas, engine="stan")


def test_too_few_authorities_for_a_spline_are_said(monkeypatch):
    world = simulate_scenario("audit-log", seed=1, authorities=3, areas=90)
    spec = ModelSpec.from_toml(world.spec.replace('"turnover"', ""))
    monkeypatch.setattr(running, "forms_of", lambda spec: running_forms(spec)[3:5])
    audited = bayesgrad.audit(spec, world.areas, engine="laplace", scores=False, **SHORT)
    (form,) = [f for f in audited.outcomes[0].forms if f.form.moderation == "spline"]
    assert "a spline of authority deprivation needs at least 4 distinct values" in form.reason
    assert "not fitted: spline moderation" in audited.verdict


def test_each_outcome_and_strata_are_audited(monkeypatch):
    world = simulate_scenario("stages", seed=1, authorities=12, areas=240)
    spec = ModelSpec.from_toml(world.spec)
    monkeypatch.setattr(running, "forms_of", lambda spec: running_forms(spec)[2:3])
    seen = []

    def stop(form_spec, design):
        seen.append((design.outcomes, design.forms[0].of_cases))
        raise FitError("stop", "stop")

    monkeypatch.setattr(running, "_sampled", stop)
    monkeypatch.setattr(running, "refuse_unsupported", lambda _: None)
    for outcome in spec.outcomes:
        with pytest.raises(FitError, match=f"{outcome.title}: no form"):
            bayesgrad.audit(
                spec.model_copy(update={"outcomes": _with_column(spec, outcome)}),
                world.areas,
                engine="laplace",
                **SHORT,
            )
    assert [of_cases for _, of_cases in seen] == [False, True, True]
    sex = simulate_scenario("sex", seed=1, authorities=12, areas=240)
    of_sex = ModelSpec.from_toml(sex.spec)
    with pytest.raises(FitError, match="no form"):
        bayesgrad.audit(of_sex, sex.areas, engine="laplace", **SHORT)


def _with_column(spec, outcome):
    """The outcome first, so that the audit stops there."""
    from bayesgrad.auditing.forms import spec_of_outcome

    return spec_of_outcome(spec, outcome).outcomes
