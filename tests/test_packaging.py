"""What pyproject.toml promises, against the files and the installation that it speaks of."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import resources

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import bayesgrad
from tests.documents import ROOT, read

PROJECT = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
DEPENDENCIES = {
    canonicalize_name(need.name): need for need in map(Requirement, PROJECT["dependencies"])
}
PRIVATE = {"arviz-stats", "llvmlite", "numba", "nutpie", "pymc", "pytensor"}
"""Those whose private parts are used."""


def pins(name: str) -> dict[str, str]:
    """Versions of a file of constraints, every line of which is plain."""
    lines = [line for line in read(ROOT / name).splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    return {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines}


def test_the_lowest_versions_are_those_promised():
    lowest = {
        name: specifier.version
        for name, need in DEPENDENCIES.items()
        for specifier in need.specifier
        if specifier.operator == ">="
    }
    pinned = pins("constraints-lowest.txt")
    assert set(pinned) == set(lowest)
    for name, version in pinned.items():
        assert Version(version) == Version(lowest[name]), name


def test_the_versions_tested_together_are_allowed():
    tested = pins("constraints.txt")
    for name, need in DEPENDENCIES.items():
        assert need.specifier.contains(tested[name]), name


@pytest.mark.parametrize("name", sorted(PRIVATE))
def test_what_is_used_privately_has_an_upper_bound(name):
    assert any(specifier.operator == "<" for specifier in DEPENDENCIES[name].specifier)


def test_every_library_imported_is_declared():
    declared = {name.replace("-", "_").removesuffix("_python") for name in DEPENDENCIES}
    assert imported() - declared == {"bayesgrad", "bambi"}


def imported() -> set[str]:
    """Top-level modules, not of the standard library, that the package imports."""
    found: set[str] = set()
    for path in (ROOT / "bayesgrad").rglob("*.py"):
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


def test_one_version_everywhere():
    assert PROJECT["version"] == bayesgrad.__version__
    assert f"\nversion: {bayesgrad.__version__}\n" in read(ROOT / "CITATION.cff")
    assert f"\n## {bayesgrad.__version__}" in read(ROOT / "CHANGELOG.md")


def test_type_checkers_are_told_of_the_annotations():
    assert resources.files("bayesgrad").joinpath("py.typed").is_file()


def test_hooks_fetch_nothing():
    hooks = read(ROOT / ".pre-commit-config.yaml")
    assert re.findall(r"repo: (\S+)", hooks) == ["local"]
    assert set(re.findall(r"language: (\S+)", hooks)) == {"system"}


def test_every_folder_of_the_package_is_on_the_map():
    written = read(ROOT / "ARCHITECTURE.md")
    folders = {path.parent.name for path in (ROOT / "bayesgrad").glob("*/__init__.py")}
    assert [name for name in sorted(folders) if f"`bayesgrad/{name}/`" not in written] == []
