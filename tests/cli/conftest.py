from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from bayesgrad.cli import main
from bayesgrad.fitting.gradient_fit import GradientFit
from tests.fabricate import fabricated_draws
from tests.small import spec_of


class Outcome(NamedTuple):
    """What a command leaves behind."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def bayesgrad(monkeypatch, capfd) -> Command:
    """Run a command in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["bayesgrad", *map(str, arguments)])
        try:
            main()
            status: object = 0
        except SystemExit as stop:
            status = stop.code
        written = capfd.readouterr()
        return Outcome(int(str(status or 0)), written.out, written.err)

    return run


@pytest.fixture(scope="session")
def spec_file(england_folder) -> Path:
    return england_folder / "synthetic_england.toml"


@pytest.fixture(scope="session")
def table_file(england_folder) -> Path:
    return england_folder / "synthetic_england_areas.csv"


@pytest.fixture(scope="session")
def passed_fit() -> GradientFit:
    """A fit that passed its diagnostics."""
    return GradientFit(spec_of(), fabricated_draws(), {"engine": "nuts", "seed": 7})


@pytest.fixture(scope="session")
def fit_file(passed_fit, tmp_path_factory) -> Path:
    """Its file."""
    return passed_fit.save(tmp_path_factory.mktemp("fit") / "fit.nc")


@pytest.fixture(scope="session")
def failed_file(tmp_path_factory) -> Path:
    """A saved fit that failed them."""
    draws = fabricated_draws(failed_checks=("max_r_hat",))
    fit = GradientFit(spec_of(), draws, {"engine": "nuts", "seed": 7})
    return fit.save(tmp_path_factory.mktemp("failed") / "fit.nc")
