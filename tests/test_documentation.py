"""The documents against the package: what they link to, show and list is there, and all of it."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib

import pytest
import typer

import bayesgrad
from bayesgrad import plots
from bayesgrad.cli.app import app
from bayesgrad.cli.simulate import ScenarioName
from bayesgrad.estimands import TABLES
from bayesgrad.estimands.heterogeneity import NEIGHBOURHOOD_MEASURES
from bayesgrad.estimands.suppressed import COLUMNS as SUPPRESSED
from bayesgrad.inference import diagnostics
from bayesgrad.spec import ModelSpec
from bayesgrad.spec.vocabulary import words
from tests.documents import (
    ROOT,
    anchors,
    blocks,
    documents,
    first_cells,
    links,
    name_of,
    pages,
    read,
    sections,
)
from tests.estimands.test_tables import CONTRACT

DEMO = (
    "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e . "
    "&& .venv/bin/bayesgrad demo\n"
)
TESTS = (
    "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[dev]' "
    "&& .venv/bin/python -m pytest\n"
)
COLUMNS_OF_ALL = {"authority", "name", "outcome", "stratum", "events", "areas", "suppressed"}

each_document = pytest.mark.parametrize("path", documents(), ids=name_of)
each_with_code = pytest.mark.parametrize("path", [ROOT / "README.md", *pages()], ids=name_of)


def test_the_readme_is_short_and_has_the_two_commands():
    text = read(ROOT / "README.md")
    assert len(text.splitlines()) <= 160
    assert {DEMO, TESTS} <= set(blocks(text, "sh"))
    assert TESTS in read(ROOT / ".ci" / "run")


@each_document
def test_every_link_leads_somewhere(path):
    for link in links(read(path)):
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), link
        if anchor:
            assert anchor in anchors(read(there)), link


def test_every_page_is_on_the_list_of_pages():
    listed = {link.partition("#")[0] for link in links(read(ROOT / "docs" / "README.md"))}
    assert {page.name for page in pages()} - listed == {"README.md"}


@each_document
def test_no_document_names_a_host_or_a_folder_of_one_machine(path):
    assert re.findall(r"https?://\S+|/(?:work|root|home|Users)/\S*", read(path)) == []


@each_with_code
def test_every_piece_of_a_spec_has_keys_that_exist(path):
    for text in blocks(read(path), "toml"):
        for key, value in tomllib.loads(text).items():
            assert key in ModelSpec.model_fields
            if isinstance(value, dict):
                fields = keys_of(key)
                assert set(value) <= fields, (key, set(value) - fields)


def keys_of(part: str) -> set[str]:
    """Keys of one part of a spec."""
    kinds = [ModelSpec.model_fields[part].annotation]
    kinds += getattr(kinds[0], "__args__", ())
    return {key for kind in kinds for key in getattr(kind, "model_fields", ())}


def test_the_readme_s_spec_is_whole():
    (text,) = blocks(read(ROOT / "README.md"), "toml")
    spec = ModelSpec.from_toml(text)
    header = "lsoa21_code,la_code,children,income_score,referrals"
    assert f"\n{header}\n" in read(ROOT / "README.md")
    columns = spec.columns
    used = [columns.area, columns.authority, columns.exposure, columns.deprivation]
    assert [*used, spec.outcomes[0].column] == header.split(",")


@each_with_code
def test_every_piece_of_python_uses_names_that_exist(path):
    for text in blocks(read(path), "python"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = {"bg": bayesgrad, "plots": plots}.get(node.value.id)
                assert module is None or hasattr(module, node.attr), node.attr


def commands() -> dict[str, set[str]]:
    """Options of every command of the package, by its name as it is typed."""
    found: dict[str, set[str]] = {}

    def walk(command, name: str) -> None:
        for key, child in getattr(command, "commands", {}).items():
            walk(child, f"{name} {key}".strip())
        if not hasattr(command, "commands"):
            found[name] = {option for item in command.params for option in item.opts}

    walk(typer.main.get_command(app), "")
    return found


def options(command: set[str]) -> set[str]:
    return {option for option in command if option.startswith("--")} - {"--help"}


@each_with_code
def test_every_command_shown_exists_with_its_options(path):
    known = commands() | {"warm-up": set()}
    for line in "\n".join(blocks(read(path), "(?:sh|bat)")).splitlines():
        last = line.rpartition("&&")[2].strip()
        typed = re.match(r"(?:\w+=\S+ )?(?:\S*[\\/])?bayesgrad (.+)", last)
        if typed is None:
            continue
        arguments = shlex.split(typed[1], comments=True)
        shown = {argument for argument in arguments if argument.startswith("--")}
        if arguments[0].startswith("--"):
            continue
        name = arguments[0] if arguments[0] in known else " ".join(arguments[:2])
        assert name in known, line
        assert shown <= known[name] | {"--help"}, line


def test_every_command_and_option_is_in_the_reference():
    written = sections(read(ROOT / "docs" / "commands.md"))
    for name, command in commands().items():
        listed = set(first_cells(written[name]))
        assert options(command) <= listed, name
    assert set(words(ScenarioName)) <= set(first_cells(written["simulate england"]))


def test_every_table_is_in_the_overview():
    listed = list(first_cells(read(ROOT / "docs" / "read-results.md")))
    assert sorted(listed) == sorted(TABLES)


def columns_of(name: str) -> list[str]:
    """All columns that a table can have."""
    if name == "suppressed":
        return list(SUPPRESSED)
    columns = CONTRACT[name].split()
    if name == "heterogeneity":
        columns += [
            f"{measure}{end}"
            for measure in NEIGHBOURHOOD_MEASURES
            for end in ("", "_lower", "_upper")
        ]
    return columns


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_a_table_is_in_the_reference(name):
    written = sections(read(ROOT / "docs" / "table-reference.md"))
    assert sorted(first_cells(written[name])) == sorted(columns_of(name))


def test_every_check_of_a_fit_is_explained():
    checks = re.findall(r'Check\(\s*"(\w+)"', read(ROOT / diagnostics_source()))
    assert len(checks) >= 10
    assert set(checks) <= set(first_cells(read(ROOT / "docs" / "check-the-model.md")))


def diagnostics_source() -> str:
    return f"{diagnostics.__name__.replace('.', '/')}.py"


def test_every_figure_is_listed():
    figures = set(plots.__all__) - {"SUFFIXES", "save_figure", "themed"}
    assert figures <= set(first_cells(read(ROOT / "docs" / "python.md")))
