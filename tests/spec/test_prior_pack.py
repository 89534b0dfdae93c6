"""Prior packs: their layout, their files, and every way in which they can be at fault."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from numpy.testing import assert_allclose
from pydantic import ValidationError

from bayesgrad.errors import SpecError
from bayesgrad.model.pairs import effect_pairs, pair_label
from bayesgrad.spec import ModelSpec, PriorPack
from tests.packs import pack_content, pack_with, with_pack
from tests.small import SPEC, spec_of

MARK = "# bayesgrad-sha256="


@pytest.fixture
def file(tmp_path):
    return pack_with().write(tmp_path / "prior.toml")


def sealed(text):
    """The text of a pack, changed by hand, with the closing line that it would have."""
    body = text.partition(MARK)[0]
    return f"{body}{MARK}{hashlib.sha256(body.encode()).hexdigest()}\n"


def test_parameters_of_one_outcome_in_order():
    assert pack_with().parameters.names == (
        "intercept [referrals]",
        "slope [referrals]",
        "between [referrals, log]",
        "interaction [referrals, log]",
        "log sd_intercept [referrals]",
        "log sd_slope [referrals]",
        "atanh correlation [referrals]",
        "log overdispersion [referrals]",
    )


def test_correlations_of_several_outcomes_are_in_the_order_of_the_model():
    outcomes = ("referrals", "plans", "care")
    pack = pack_with(outcomes=outcomes, family="poisson")
    block = next(b for b in pack.blocks if b.variable == "partial_correlation")
    assert block.labels[0] == tuple(pair_label(pair) for pair in effect_pairs(outcomes))
    assert pack.blocks[-1] is block
    assert block.place.stop == len(pack.parameters.names) == 3 * 6 + 15


def test_outcomes_without_shared_covariance_have_their_own_correlation_or_none():
    names = {
        covariance: [
            b.variable for b in pack_with(outcomes=("a", "b"), covariance=covariance).blocks
        ]
        for covariance in ("by_outcome", "diagonal")
    }
    assert "correlation" in names["by_outcome"]
    assert "partial_correlation" not in names["by_outcome"]
    assert "correlation" not in names["diagonal"]


def test_a_pack_is_read_as_it_was_written(tmp_path):
    pack = pack_with(
        outcomes=("referrals", "plans"),
        area_covariates=[{"name": 'rural "and" sparse', "centre": 0.2, "scale": 1.0}],
        area_moderators=['rural "and" sparse'],
        authority_moderators=[{"name": "spending", "centre": 3.0, "scale": 2.5}],
    )
    read = PriorPack.read(pack.write(tmp_path / "prior.toml"))
    assert read.model_dump(exclude={"parameters"}) == pack.model_dump(exclude={"parameters"})
    assert read.parameters.names == pack.parameters.names
    assert_allclose(read.mean(), pack.mean(), rtol=1e-11)
    assert_allclose(read.covariance(), pack.covariance(), rtol=1e-10, atol=1e-15)


def test_a_pack_says_what_it_is_and_that_it_tells_of_no_authority(file):
    text = file.read_text(encoding="utf-8")
    assert "national parameters only" in text
    assert "nothing of any one authority, area or\n# child" in text
    assert 'prior_pack = "THIS FILE"' in text


def test_line_ends_of_another_system_do_no_harm(file):
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert PriorPack.read(file).parameters.names == pack_with().parameters.names


def refused(path):
    with pytest.raises(SpecError) as caught:
        PriorPack.read(path)
    assert str(path) in caught.value.what
    return caught.value


def test_a_missing_file_is_refused(tmp_path):
    error = refused(tmp_path / "none.toml")
    assert "there is no such prior pack" in error.what
    assert "bayesgrad prior" in error.do


def test_a_folder_is_refused(tmp_path):
    assert "is a folder" in refused(tmp_path).what


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xfe\x00", "is not text"),
        (b"format = ", "not valid TOML"),
        (b'title = "A spec"\n', "is not a prior pack"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, content, what):
    path = tmp_path / "prior.toml"
    path.write_bytes(content)
    assert what in refused(path).what


def test_a_changed_file_is_refused(file):
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("unit = 0.1\n", "unit = 0.2\n"), encoding="utf-8")
    assert "was changed or damaged" in refused(file).what


def test_a_file_without_its_last_line_is_refused(file):
    text = file.read_text(encoding="utf-8")
    file.write_text(text.partition(MARK)[0], encoding="utf-8")
    assert "not a whole prior pack" in refused(file).what


def test_another_format_is_refused_before_anything_else(file):
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("format = 2", "format = 3"), encoding="utf-8")
    error = refused(file)
    assert "has format 3; this version reads 2" in error.what
    assert error.do == "Update bayesgrad."


def test_a_whole_file_of_impossible_content_is_refused_by_its_key(file):
    text = file.read_text(encoding="utf-8")
    file.write_text(sealed(text.replace("unit = 0.1\n", "unit = -0.1\n")), encoding="utf-8")
    assert "model.unit: should be greater than 0" in refused(file).what


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SpecError, match="does not exist"):
        pack_with().write(tmp_path / "none" / "prior.toml")


def test_a_covariance_that_is_none_is_refused():
    content = pack_content()
    rows = content["parameters"]["covariance"]
    rows[0][1] = rows[1][0] = 1.01 * np.sqrt(rows[0][0] * rows[1][1])
    with pytest.raises(ValidationError, match="covariance is not positive definite"):
        PriorPack.model_validate(content)
    content = pack_content()
    content["parameters"]["covariance"][0][1] += 1e-3
    with pytest.raises(ValidationError, match="covariance is not symmetric"):
        PriorPack.model_validate(content)
    content = pack_content()
    content["parameters"]["covariance"][3][3] = 0.0
    with pytest.raises(ValidationError, match=r"variance of interaction \[referrals, log\]"):
        PriorPack.model_validate(content)


def test_names_that_are_not_those_of_the_model_are_refused():
    content = pack_content()
    content["parameters"]["names"][1] = "slope [plans]"
    with pytest.raises(ValidationError, match=r"slope \[plans\], slope \[referrals\]"):
        PriorPack.model_validate(content)
    content = pack_content()
    names = content["parameters"]["names"]
    names[0], names[1] = names[1], names[0]
    with pytest.raises(ValidationError, match="not in the order"):
        PriorPack.model_validate(content)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("parameters", {"mean": [0.0]}, "mean or covariance is not of the 8 names"),
        ("nation", {"deprivation": [0.2] * 8 + [0.1]}, "deprivation does not rise"),
        ("nation", {"probabilities": [0.5, 0.6]}, "differ in length"),
        ("nation", {"probabilities": [0.5] * 9}, "probabilities do not rise"),
        ("model", {"centre": "national"}, "centre_value"),
        ("model", {"moderation_knots": [0.1, 0.2, 0.3]}, "do not make a spline"),
        ("model", {"curvature": "spline"}, "do not make a spline"),
    ],
)
def test_parts_that_contradict_themselves_are_refused(part, change, message):
    content = pack_content()
    content[part] |= change
    with pytest.raises(ValidationError, match=message):
        PriorPack.model_validate(content)


def test_a_spec_takes_the_path_from_its_own_folder(file, tmp_path, monkeypatch):
    text = f'prior_pack = "prior.toml"\n{SPEC}[[outcomes]]\ncolumn = "referrals"\n'
    spec_file = tmp_path / "one.toml"
    spec_file.write_text(text, encoding="utf-8")
    pack = PriorPack.read(file)
    assert ModelSpec.read(spec_file).prior_pack == pack
    monkeypatch.chdir(tmp_path)
    assert ModelSpec.from_toml(text).prior_pack == pack
    monkeypatch.chdir(tmp_path.parent)
    with pytest.raises(SpecError, match="there is no such prior pack"):
        ModelSpec.from_toml(text)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("prior_pack = 3\n", "prior_pack should be the path of a file"),
        ("[prior_pack]\nformat = 1\n", r"\[prior_pack\] parameters is missing"),
    ],
)
def test_a_spec_whose_pack_is_no_path_and_no_pack_is_refused(key, told):
    outcome = "[[outcomes]]\ncolumn = 'referrals'\n"
    text = f"{SPEC}{outcome}{key}" if key.startswith("[") else f"{key}{SPEC}{outcome}"
    with pytest.raises(SpecError, match=told):
        ModelSpec.from_toml(text)


def test_a_spec_holds_its_pack_and_no_path():
    spec = with_pack(spec_of(), pack_with())
    again = ModelSpec.model_validate_json(spec.model_dump_json())
    assert again == spec
    assert again.prior_pack.parameters == spec.prior_pack.parameters


CONTRADICTIONS = [
    ({"vintage": "IoD2015"}, "", "[columns] vintage = 'IoD2019', but the prior_pack has 'IoD2015'"),
    ({"unit": 0.05}, "", "[gradient] unit = 0.1, but the prior_pack has 0.05"),
    (
        {"centre": "national", "centre_value": 0.14},
        "",
        "[gradient] centre = 'authority', but the prior_pack has 'national'",
    ),
    ({}, "[gradient]\ncentre = 0.1\n", "[gradient] centre = 0.1, but"),
    ({}, "[gradient]\ncurvature = 'quadratic'\n", "[gradient] curvature = 'quadratic', but"),
    ({}, "[authority]\nmoderation = 'linear'\n", "[authority] moderation = 'linear', but"),
    ({}, "[authority]\ndeprivation = 'd'\n", "[authority] deprivation = 'd', but"),
    ({}, "[authority]\ncovariance = 'diagonal'\n", "[authority] covariance = 'diagonal', but"),
    ({"family": "poisson"}, "", "[[outcomes]] 1 family = 'negative_binomial', but"),
    ({"at_risk": "time"}, "", "[columns] at_risk = 'people', but the prior_pack has 'time'"),
    ({"outcomes": ("plans",)}, "", "[[outcomes]] are referrals, but the prior_pack is of plans"),
    ({}, "[strata]\ncolumn = 'age'\n", "[strata] do not go with a prior_pack"),
    ({}, "[years]\ncolumn = 'year'\n", "[years] do not go with a prior_pack"),
    ({}, "[area]\ncovariates = ['rural']\n", "[area] covariates rural: the prior_pack knows"),
    ({}, "[area]\nmoderators = ['rural']\n", "[area] moderators rural: the prior_pack knows"),
    ({}, "[authority]\nmoderators = ['pay']\n", "[authority] moderators pay: the prior_pack knows"),
    (
        {"area_covariates": [{"name": "rural", "centre": 0.0, "scale": 1.0}]},
        "",
        "[area] covariates lacks rural, which the prior_pack has",
    ),
    (
        {},
        "[priors]\nslope = { distribution = 'Normal', mu = 0.0, sigma = 1.0 }\n",
        "[priors] slope: a spec with a prior_pack takes all its priors from the pack",
    ),
]


@pytest.mark.parametrize(("settings", "text", "message"), CONTRADICTIONS)
def test_a_spec_that_contradicts_its_pack_is_refused(file, settings, text, message):
    file.unlink()
    pack_with(**settings).write(file)
    whole = f"{SPEC}[[outcomes]]\ncolumn = 'referrals'\n{text}"
    with pytest.raises(SpecError) as caught:
        ModelSpec.from_toml(f"prior_pack = '{file}'\n{whole}")
    assert message in caught.value.what


def test_links_and_stages_that_differ_are_refused():
    odds = pack_content(family="binomial")
    spec = spec_of("[likelihood]\nfamily = 'binomial'\nlink = 'log'\n")
    with pytest.raises(ValidationError, match="link = 'log', but the prior_pack has 'logit'"):
        with_pack(spec, PriorPack.model_validate(odds))
    staged = pack_content(outcomes=("a", "b"))
    staged["outcomes"][1]["out_of"] = "a"
    with pytest.raises(ValidationError, match="2 out_of = '', but the prior_pack has 'a'"):
        with_pack(spec_of(outcomes=("a", "b")), PriorPack.model_validate(staged))


def test_a_single_outcome_has_one_covariance_by_either_name():
    pack = pack_with(covariance="by_outcome")
    assert with_pack(spec_of(), pack).prior_pack == pack


def test_the_laplace_engine_refuses_a_pack():
    from bayesgrad.spec.support import refuse_unsupported

    spec = with_pack(spec_of("[sampling]\nengine = 'laplace'\n"), pack_with())
    with pytest.raises(SpecError, match="prior_pack: the Laplace engine"):
        refuse_unsupported(spec)
