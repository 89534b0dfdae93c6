"""Examples in the docstrings of the export run, and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import bayesgrad.export

MODULES = [
    module.name
    for module in pkgutil.walk_packages(bayesgrad.export.__path__, "bayesgrad.export.")
    if not module.ispkg
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
