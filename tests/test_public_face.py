from __future__ import annotations

import subprocess
import sys

import pytest

import bayesgrad

HEAVY = (
    "pandas",
    "numpy",
    "pymc",
    "pytensor",
    "nutpie",
    "xarray",
    "scipy",
    "arviz_stats",
    "altair",
)


def heavy_modules_after(code: str) -> list[str]:
    """Which heavy libraries a fresh Python has loaded after running some code."""
    report = f"{code}\nimport sys; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.splitlines()[-1].split()


def test_importing_the_package_loads_nothing_heavy():
    assert heavy_modules_after("import bayesgrad; dir(bayesgrad); bayesgrad.__version__") == []


def test_the_command_line_s_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['bayesgrad', '--help']\n"
        "from bayesgrad.cli import main\n"
        "try:\n    main()\nexcept SystemExit as exit:\n    assert not exit.code"
    )
    assert heavy_modules_after(code) == []


def test_reading_a_spec_needs_no_sampler(models):
    code = f"import bayesgrad; bayesgrad.ModelSpec.read({str(models / 'referrals.toml')!r})"
    assert not {"pymc", "pytensor", "nutpie"} & set(heavy_modules_after(code))


@pytest.mark.parametrize("name", bayesgrad.__all__)
def test_every_public_name_is_there(name):
    assert getattr(bayesgrad, name).__name__ == name
    assert name in dir(bayesgrad)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'bayesgrad' has no attribute 'fits'"):
        _ = bayesgrad.fits


@pytest.mark.full
def test_fit_is_the_function_whatever_has_been_imported():
    code = (
        "import importlib, pkgutil, bayesgrad\n"
        "for module in pkgutil.walk_packages(bayesgrad.__path__, 'bayesgrad.'):\n"
        "    if not module.name.endswith(('__main__', 'bambi_twin')):\n"
        "        importlib.import_module(module.name)\n"
        "assert callable(bayesgrad.fit) and callable(bayesgrad.load)\n"
        "assert bayesgrad.fit.__module__ == 'bayesgrad.fitting.run', bayesgrad.fit"
    )
    assert "pymc" in heavy_modules_after(code)


def test_every_error_is_of_one_tree_and_says_what_to_do():
    for name in ("DataError", "SpecError", "FitError", "DiagnosticsError"):
        error = getattr(bayesgrad, name)("what is wrong", "what to do")
        assert isinstance(error, bayesgrad.BayesgradError)
        assert (error.what, error.do) == ("what is wrong", "what to do")
        assert str(error) == "what is wrong\nwhat to do"
        assert error.exit_status in (2, 3)
