"""The specs that come with the package, and the account of the grammar beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, get_origin

import pytest
from pydantic import BaseModel

from bayesgrad.spec import ModelSpec, Outcome, Priors
from bayesgrad.spec import vocabulary as vocabulary_module
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.default_priors import PER_STATED_UNIT
from bayesgrad.spec.naming import ratio_name
from bayesgrad.spec.parts import (
    Area,
    Authority,
    Columns,
    Crossed,
    Gradient,
    Likelihood,
    Rows,
    Sampling,
    Spatial,
    Strata,
    Suppressed,
    Years,
)
from bayesgrad.spec.priors import PARAMETERS
from bayesgrad.spec.support import refuse_unsupported
from tests.packs import pack_with

PARTS: dict[str, type[BaseModel]] = {
    "[columns]": Columns,
    "[[outcomes]]": Outcome,
    "[gradient]": Gradient,
    "[authority]": Authority,
    "[area]": Area,
    "[strata]": Strata,
    "[years]": Years,
    "[spatial]": Spatial,
    "[likelihood]": Likelihood,
    "[rows]": Rows,
    "[sampling]": Sampling,
    "[priors]": Priors,
}
NESTED: dict[str, tuple[str, type[BaseModel]]] = {
    "[strata]": ("crossed_with", Crossed),
    "[likelihood]": ("suppressed", Suppressed),
}
"""The table inside a table, by its heading: its key, and what it holds."""


SHIPPED = (
    "age",
    "audit",
    "duration",
    "ethnicity",
    "factors",
    "moderators",
    "neighbourhoods",
    "one_authority",
    "plan_categories",
    "re_referral",
    "referrals",
    "rural",
    "sex",
    "spatial",
    "stages",
    "stroke_admissions",
    "suppressed",
    "thresholds",
    "years",
)


@pytest.mark.parametrize("name", SHIPPED)
def test_specs_that_come_with_the_package_are_read(models, tmp_path, name):
    path = models / f"{name}.toml"
    if name == "one_authority":
        pack_with(deprivation="income_score").write(tmp_path / "prior.toml")
        path = tmp_path / "one_authority.toml"
        path.write_bytes((models / "one_authority.toml").read_bytes())
    spec = ModelSpec.read(path)
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
    assert (age.sampling.draws, age.sampling.tune, age.sampling.chains) == (2000, 200, 2)


def sections(text: str) -> dict[str, str]:
    """Text under each heading of the grammar, by the key in the heading."""
    parts = re.split(r"^## `([^`]+)`", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def tables_of(section: str) -> list[dict[str, list[str]]]:
    """Rows of each table of a section: key -> its other cells."""
    tables: list[dict[str, list[str]]] = []
    for line in section.splitlines():
        if line.startswith("|---"):
            tables.append({})
        elif line.startswith("| `"):
            key, *cells = line.strip("| ").split(" | ")
            tables[-1][key.strip("`")] = cells
    return tables


def default_in_words(value: Any) -> Any:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return f'`"{value}"`'
    return "`[]`" if value == () else value


def documented(models) -> Iterator[tuple[str, str, Any, list[str]]]:
    """Every key of a spec: its heading, its name, its field and its cells."""
    text = (models / "README.md").read_text(encoding="utf-8")
    for heading, part in PARTS.items():
        rows, *others = tables_of(sections(text)[heading])
        parts = [(heading, part, rows)]
        if heading in NESTED:
            key, nested = NESTED[heading]
            parts.append((f"{heading} {key}", nested, others[0]))
        for where, fields, cells in parts:
            assert list(cells) == list(fields.model_fields), where
            yield from (
                (where, key, field, cells[key]) for key, field in fields.model_fields.items()
            )


def nested_in(part: type[BaseModel]) -> set[str]:
    """Keys of a part that take a table of keys; not those that name a file of the content."""
    return {
        key
        for key, field in part.model_fields.items()
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ()))
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not Adjacency
    }


def test_every_table_within_a_table_is_documented():
    found = {heading: nested_in(part) for heading, part in PARTS.items() if part is not Priors}
    assert {heading: keys for heading, keys in found.items() if keys} == {
        heading: {key} for heading, (key, _) in NESTED.items()
    }


def test_every_key_is_documented_with_its_default(models):
    for heading, key, field, cells in documented(models):
        if heading == "[priors]":
            named = getattr(Priors(), key)
            stated = f"{PER_STATED_UNIT[key]} per 0.10" if named is None else str(named)
            assert cells[0] == ("by moderation" if key in ("between", "interaction") else stated)
            continue
        expected = "required" if field.is_required() else default_in_words(field.default)
        written = cells[1]
        if isinstance(expected, int | float):
            assert float(written.strip("`")) == expected, key
        else:
            assert written == expected, (heading, key)


def test_every_part_of_a_spec_has_a_heading(models):
    headings = {heading.strip("[]") for heading in PARTS}
    alone = {"title", "prior_pack"}
    assert headings | alone == set(ModelSpec.model_fields)
    text = (models / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{key}` |" in text for key in alone)


def test_every_allowed_word_and_distribution_is_documented(models):
    text = (models / "README.md").read_text(encoding="utf-8")
    vocabularies = [
        thing for thing in vars(vocabulary_module).values() if get_origin(thing) is Literal
    ]
    assert len(vocabularies) >= 12
    for vocabulary in vocabularies:
        for word in vocabulary_module.words(vocabulary):
            assert f'`"{word}"`' in text
    for distribution, parameters in PARAMETERS.items():
        cells = tables_of(sections(text)["[priors]"])[1][distribution]
        assert cells[0] == ", ".join(f"`{name}`" for name in parameters)


def examples(models) -> dict[str, list[str]]:
    """TOML of each example of the grammar, by its heading."""
    text = (models / "README.md").read_text(encoding="utf-8").partition("## Examples")[2]
    parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)
    return {
        heading: re.findall(r"```toml\n(.+?)```", body, flags=re.DOTALL)
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


COLUMNS = """
[columns]
area = "lsoa11_code"
authority = "utla19_code"
exposure = "children"
deprivation = "income_score"
vintage = "IoD2019"
"""


def ratios_of(text: str) -> list[str]:
    """What the gradient of each outcome of an example is called."""
    columns = "" if "[columns]" in text else COLUMNS
    spec = ModelSpec.from_toml(f'title = "Example"\n{columns}{text}')
    refuse_unsupported(spec)
    return [
        ratio_name(spec.link_of(outcome), spec.family_of(outcome), spec.columns.at_risk)
        for outcome in spec.outcomes
    ]


def test_every_example_of_the_grammar_is_a_spec_of_what_it_says(models):
    found = {
        heading: [ratios_of(text) for text in texts] for heading, texts in examples(models).items()
    }
    assert found == {
        "Joint thresholds": [["rate ratio"] * 3],
        "Stages": [["rate ratio", "risk ratio", "risk ratio"]],
        "Strata": [["rate ratio"], ["rate ratio"]],
        "Years": [["rate ratio"]],
        "Crossed strata": [["rate ratio"]],
        "Suppressed counts": [["rate ratio"]],
        "Cases": [["odds ratio"]],
        "Durations": [["hazard ratio"]],
    }
