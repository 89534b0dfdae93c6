"""Changed specs: by keys in Python and on the command line, and written as TOML."""

from __future__ import annotations

import numpy as np
import pytest

from bayesgrad.errors import SpecError
from bayesgrad.fitting.run import with_sampling
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.changes import settings_of
from bayesgrad.spec.parts import Spatial
from bayesgrad.spec.shipped import shipped_specs
from tests.packs import pack_with
from tests.small import SPEC, spec_of

FULL = """
[gradient]
unit = 0.05
centre = 0.2
[priors]
slope = { distribution = "StudentT", nu = 4, mu = 0.4, sigma = 0.3 }
interaction = { mu = 0, sigma = 1e-7 }
[likelihood]
family = "poisson"
suppressed = { symbol = "c", lower = 1, upper = 5 }
[strata]
column = "a \\"quoted\\\\ name\\u007f"
order = ["5-9", "Ynys Môn\\t", "c"]
crossed_with = { column = "sex" }
"""


@pytest.mark.parametrize("name", sorted(set(shipped_specs()) - {"one_authority"}))
def test_every_spec_reads_back_from_its_toml(name):
    spec = ModelSpec.read(shipped_specs()[name])
    assert ModelSpec.from_toml(spec.to_toml()) == spec


def test_every_kind_of_value_reads_back():
    spec = spec_of(FULL, outcomes=("referrals", "plans"))
    assert ModelSpec.from_toml(spec.to_toml()) == spec
    neighbours = Spatial(adjacency=Adjacency.of([("b", "a")], alone=["c"]))
    spec = spec.model_copy(update={"spatial": neighbours})
    assert ModelSpec.from_toml(spec.to_toml()) == spec


def test_a_prior_pack_reads_back_to_the_last_digit():
    with_pack = spec_of().model_copy(update={"prior_pack": pack_with()})
    assert ModelSpec.from_toml(with_pack.to_toml()).prior_pack == with_pack.prior_pack


def test_defaults_are_left_out():
    assert ModelSpec.from_toml(spec_of().to_toml()) == spec_of()
    assert "[sampling]" not in spec_of().to_toml()


def test_keys_are_changed_and_the_others_stay():
    spec = spec_of("[sampling]\ndraws = 900\nseed = 3\n", outcomes=("referrals", "plans"))
    found = spec.with_(
        {"authority.moderation": "linear", "outcomes.plans.family": "poisson"},
        sampling={"seed": np.int64(4)},
        area={"covariates": ["rural"]},
    )
    assert (found.authority.moderation, found.sampling.seed) == ("linear", 4)
    assert found.sampling.draws == 900
    assert found.area.covariates == ("rural",)
    assert [outcome.family for outcome in found.outcomes] == [None, "poisson"]
    assert found.with_({"sampling.draws": None}).sampling.draws == 1500
    assert spec.authority.moderation == "log"
    assert spec.with_() == spec


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"authority.moderaton": "log"}, "did you mean moderation?"),
        ({"authority.moderation": "cubic"}, "[authority] moderation = 'cubic' is not allowed"),
        ({"sampling": 3}, "sampling = 3: should be a table of keys"),
        ({"title.x": 1}, "title is not a table of keys"),
        ({"title": None}, "title is missing"),
        ({"outcomes.plan.family": "poisson"}, "the outcomes are referrals"),
        ({"sampling.seed": True}, "seed = true: should be a whole number"),
        ({"authority.rank": 0}, "should be greater than or equal to 1"),
    ],
)
def test_changes_are_checked_as_a_file_is(changes, told):
    with pytest.raises(SpecError) as caught:
        spec_of().with_(changes)
    assert caught.value.what.startswith("spec as changed: ")
    assert told in caught.value.what


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"authority": {"moderation": "cubic"}}, "[authority] moderation = 'cubic'"),
        ({"authority": 3}, "authority = 3: should be a table of keys"),
        ({"autority": None}, "did you mean authority?"),
        ({"sampling": spec_of().gradient}, "should be a table of keys"),
        ({"outcomes": ()}, "should have at least one item"),
        ({"strata": {"column": "lsoa"}}, "is the column of areas"),
    ],
)
def test_a_copy_with_a_bad_part_is_refused_at_once(update, told):
    with pytest.raises(SpecError) as caught:
        spec_of().model_copy(update=update)
    assert told in caught.value.what


def test_a_path_that_is_set_is_read_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"none\.toml: there is no such prior pack"):
        spec_of().with_(prior_pack="none.toml")
    pack_with().write(tmp_path / "prior.toml")
    found = spec_of().with_(prior_pack="prior.toml")
    assert found.prior_pack.nation == pack_with().nation
    assert found.with_(prior_pack=None) == spec_of()


def test_a_part_is_checked_when_it_is_copied():
    settings = spec_of().sampling
    assert settings.model_copy(update={"draws": np.int32(60)}).draws == 60
    with pytest.raises(SpecError, match="draws = 3"):
        settings.model_copy(update={"draws": 3})


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, int])
@pytest.mark.parametrize("name", ["draws", "tune", "chains", "seed"])
def test_whole_numbers_of_numpy_are_whole_numbers(kind, name):
    found = getattr(with_sampling(spec_of(), {name: kind(60)}).sampling, name)
    assert (found, type(found)) == (60, int)


@pytest.mark.parametrize("value", [True, np.bool_(True), 60.0, np.float64(60), "60", 2**32])
def test_what_is_no_whole_number_in_range_is_no_seed(value):
    with pytest.raises(SpecError, match="sampling setting seed"):
        with_sampling(spec_of(), {"seed": value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gradient.unit=0.05", {"gradient.unit": 0.05}),
        ("authority.moderation=linear", {"authority.moderation": "linear"}),
        ("authority.moderation = 'linear'", {"authority.moderation": "linear"}),
        ("strata.ordered=true", {"strata.ordered": True}),
        ('area.covariates=["a", "b=c"]', {"area.covariates": ["a", "b=c"]}),
        ("title=a=b # c", {"title": "a=b # c"}),
        ("title=\nx", {"title": "x"}),
        ("priors.slope={ mu = 0, sigma = 1 }", {"priors.slope": {"mu": 0, "sigma": 1}}),
    ],
)
def test_settings_are_read_as_toml_or_as_text(text, expected):
    assert settings_of([text]) == expected


@pytest.mark.parametrize("text", ["draws", "=3", "area.covariates=[rural]"])
def test_a_setting_that_is_no_key_and_value_is_refused(text):
    with pytest.raises(SpecError, match="--set"):
        settings_of([text])


def test_a_quoted_column_with_dots_is_one_key():
    spec = ModelSpec.from_toml(SPEC + '[[outcomes]]\ncolumn = "a.b"\n')
    changed = spec.with_({'outcomes."a.b".label': "A"})
    assert changed.outcomes[0].label == "A"
