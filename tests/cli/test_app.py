from __future__ import annotations

import io
import subprocess
import sys

import pytest

import bayesgrad as bg
from bayesgrad.fitting import GradientFit, store
from tests.fabricate import with_group

VERBS = ("demo", "check", "fit", "table", "compare", "models", "simulate")


def two_lines(err: str) -> tuple[str, str]:
    """What was wrong, and what to do: all that an error may print."""
    what, do = err.splitlines()
    assert what.startswith("error: ")
    assert do.startswith("  ")
    assert do.strip()
    return what.removeprefix("error: "), do.strip()


def test_the_module_answers_help():
    done = subprocess.run(
        [sys.executable, "-m", "bayesgrad", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert all(verb in done.stdout for verb in VERBS)
    assert done.stderr == ""


def test_the_version_is_printed(bayesgrad):
    assert bayesgrad("--version") == (0, f"bayesgrad {bg.__version__}\n", "")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_answers_help(bayesgrad, verb):
    result = bayesgrad(verb, "--help")
    assert result.status == 0
    assert "Usage: " in result.out


@pytest.mark.parametrize("arguments", [("nonsense",), ("fit",), ("table", "fit.nc", "x", "--y")])
def test_a_command_that_cannot_be_understood_exits_2(bayesgrad, arguments):
    result = bayesgrad(*arguments)
    assert result.status == 2
    assert "Traceback" not in result.err


def test_a_fault_of_the_input_exits_2_in_two_lines(bayesgrad, tmp_path):
    result = bayesgrad("compare", tmp_path / "none.nc", "A", "B")
    what, do = two_lines(result.err)
    assert (result.status, result.out) == (2, "")
    assert what == f"{tmp_path / 'none.nc'}: there is no such file"
    assert do == "Give the path of a fit file (.nc)."


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_shows_the_traceback_wherever_it_stands(bayesgrad, tmp_path, place):
    command = ["compare", tmp_path / "none.nc", "A", "B"]
    result = bayesgrad(*(["--debug", *command] if place == "before" else [*command, "--debug"]))
    assert result.status == 2
    assert "Traceback" in result.err
    assert "FitError" in result.err
    two_lines("\n".join(result.err.splitlines()[-2:]))


def test_a_stream_that_ends_early_is_a_fault_like_others(bayesgrad, fit_file, monkeypatch):
    def broken(*_):
        raise EOFError

    monkeypatch.setattr(store, "_verify", broken)
    result = bayesgrad("table", fit_file, "gradients")
    what, _ = two_lines(result.err)
    assert (result.status, result.out) == (1, "")
    assert what == "a fault of bayesgrad itself: EOFError: something ended before its end"


def test_too_little_memory_is_no_fault_of_the_package(bayesgrad, fit_file, monkeypatch):
    def large(*_):
        raise MemoryError

    monkeypatch.setattr(store, "_verify", large)
    result = bayesgrad("table", fit_file, "gradients")
    assert (result.status, result.out) == (2, "")
    assert two_lines(result.err)[0] == "there is not enough memory for this"


@pytest.fixture(scope="module")
def welsh_file(passed_fit, tmp_path_factory):
    """A fit of an authority with a letter that Western code pages lack."""
    draws = passed_fit.draws
    authorities = draws["authorities"].to_dataset()
    names = authorities["name"].values.astype("U30")
    names[0] = "Llanŵyr Ŷnys"
    authorities["name"] = (authorities["name"].dims, names)
    welsh = GradientFit(passed_fit.spec, with_group(draws, authorities=authorities), {})
    return welsh.save(tmp_path_factory.mktemp("welsh") / "fit.nc")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp850", "ascii", "utf-8"])
def test_a_letter_that_a_code_page_lacks_loses_no_table(
    bayesgrad, welsh_file, monkeypatch, encoding
):
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding, write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    result = bayesgrad("table", welsh_file, "gradients")
    assert (result.status, "Aborted" in result.err) == (0, False)
    # Typer writes UTF-8 where a terminal would take ASCII alone.
    text = written.getvalue().decode("utf-8" if encoding == "ascii" else encoding)
    rows = text.splitlines()
    assert rows[0].startswith("authority,name,outcome")
    whole = "Llanŵyr Ŷnys" in text
    assert whole == (encoding in ("ascii", "utf-8"))
    assert whole or "Llan\\u0175yr \\u0176nys" in text
    assert ("lacks 2 of the letters" in result.err) != whole
    assert len(rows) == len(bg.load(welsh_file).gradients()) + 1


def test_a_fault_of_ours_exits_1_in_two_lines(bayesgrad, fit_file, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(store, "_verify", broken)
    result = bayesgrad("table", fit_file, "gradients")
    what, do = two_lines(result.err)
    assert result.status == 1
    assert what == "a fault of bayesgrad itself: ZeroDivisionError: division by zero"
    assert "--debug" in do


def test_debug_shows_the_traceback_of_a_fault_of_ours(bayesgrad, fit_file, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(store, "_verify", broken)
    result = bayesgrad("--debug", "table", fit_file, "gradients")
    assert result.status == 1
    assert "Traceback" in result.err
    assert "broken" in result.err


def test_an_interruption_does_not_exit_0(bayesgrad, fit_file, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_verify", interrupted)
    result = bayesgrad("table", fit_file, "gradients")
    assert result.status not in (0, 2, 3)
    assert "Traceback" not in result.err


def test_a_fault_of_the_disk_is_told_with_its_path(bayesgrad, fit_file, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "fit.nc")

    monkeypatch.setattr(store, "_verify", full)
    result = bayesgrad("table", fit_file, "gradients")
    assert result.status == 2
    assert two_lines(result.err)[0] == "fit.nc: No space left on device"
