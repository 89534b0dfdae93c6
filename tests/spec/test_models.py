"""The specs that come with the package, and the account of the grammar beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from bayesgrad.spec import ModelSpec, Outcome, Priors
from bayesgrad.spec import vocabulary as vocabulary_module
from bayesgrad.spec.model_spec import (
    Area,
    Authority,
    Columns,
    Gradient,
    Likelihood,
    Rows,
    Sampling,
    Strata,
    Suppressed,
)
from bayesgrad.spec.priors import PARAMETERS

PARTS: dict[str, type[BaseModel]] = {
    "[columns]": Columns,
    "[[outcomes]]": Outcome,
    "[gradient]": Gradient,
    "[authority]": Authority,
    "[area]": Area,
    "[strata]": Strata,
    "[likelihood]": Likelihood,
    "[rows]": Rows,
    "[sampling]": Sampling,
    "[priors]": Priors,
}


SHIPPED = (
    "age",
    "duration",
    "ethnicity",
    "factors",
    "moderators",
    "plan_categories",
    "re_referral",
    "referrals",
    "rural",
    "sex",
    "stages",
    "stroke_admissions",
    "thresholds",
)


@pytest.mark.parametrize("name", SHIPPED)
def test_specs_that_come_with_the_package_are_read(models, name):
    spec = ModelSpec.read(models / f"{name}.toml")
    assert spec.columns.vintage == "IoD2019"
    assert f"| `{name}.toml` |" in (models / "README.md").read_text(encoding="utf-8")


def test_every_spec_in_the_folder_is_tested(models):
    assert sorted(path.stem for path in models.glob("*.toml")) == list(SHIPPED)


def test_forms_of_the_shipped_specs(models):
    thresholds = ModelSpec.read(models / "thresholds.toml")
    assert [outcome.column for outcome in thresholds.outcomes] == [
        "referrals",
        "assessments",
        "section_47",
        "plan_starts",
        "care_starts",
    ]
    assert thresholds.authority.covariance == "full"
    stages = ModelSpec.read(models / "stages.toml")
    assert [outcome.out_of for outcome in stages.outcomes] == [None, "referrals", "section_47"]
    assert [stages.link_of(outcome) for outcome in stages.outcomes] == ["log"] * 3
    re_referral = ModelSpec.read(models / "re_referral.toml")
    assert re_referral.link_of(re_referral.outcomes[0]) == "logit"
    duration = ModelSpec.read(models / "duration.toml")
    assert duration.columns.at_risk == "time"
    assert duration.strata.gradients == "common"
    age = ModelSpec.read(models / "age.toml")
    assert (age.sampling.draws, age.sampling.tune, age.sampling.chains) == (1000, 200, 2)


def sections(text: str) -> dict[str, str]:
    """Text under each heading of the grammar, by the key in the heading."""
    parts = re.split(r"^## `([^`]+)`", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows_of(section: str) -> dict[str, list[str]]:
    """Rows of the tables of a section: key -> its other cells."""
    rows = (line.strip("| ").split(" | ") for line in section.splitlines() if line[:3] == "| `")
    return {cells[0].strip("`"): cells[1:] for cells in rows}


def default_in_words(value: Any) -> Any:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return "`[]`" if value == () else value


def documented(models) -> Iterator[tuple[str, str, Any, list[str]]]:
    text = (models / "README.md").read_text(encoding="utf-8")
    for heading, part in PARTS.items():
        rows = rows_of(sections(text)[heading])
        fields = dict(part.model_fields)
        if part is Likelihood:
            fields |= Suppressed.model_fields
        if part is Priors:
            rows = {key: cells for key, cells in rows.items() if key not in PARAMETERS}
        assert list(rows) == list(fields), heading
        for key, field in fields.items():
            yield heading, key, field, rows[key]


def test_every_key_is_documented_with_its_default(models):
    for heading, key, field, cells in documented(models):
        if heading == "[priors]":
            expected = str(getattr(Priors(), key)).replace("None", "by moderation")
            assert cells[0] == expected, key
            continue
        expected = "required" if field.is_required() else default_in_words(field.default)
        written = cells[1]
        if isinstance(expected, int | float):
            assert float(written.strip("`")) == expected, key
        else:
            assert written == expected, (heading, key)


def test_every_part_of_a_spec_has_a_heading(models):
    headings = {heading.strip("[]") for heading in PARTS}
    assert headings | {"title"} == set(ModelSpec.model_fields)
    assert "| `title` |" in (models / "README.md").read_text(encoding="utf-8")


def test_every_allowed_word_and_distribution_is_documented(models):
    text = (models / "README.md").read_text(encoding="utf-8")
    for name in ("Family", "Curvature", "Moderation", "Centre", "Engine", "Parameterisation"):
        for word in vocabulary_module.words(getattr(vocabulary_module, name)):
            assert f'`"{word}"`' in text
    for word in ("drop", "refuse", "keep"):
        assert f'`"{word}"`' in text
    for distribution, parameters in PARAMETERS.items():
        cells = rows_of(sections(text)["[priors]"])[distribution]
        assert cells[0] == ", ".join(f"`{name}`" for name in parameters)
