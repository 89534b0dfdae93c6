from __future__ import annotations

import ctypes
import io
import sys
import time
from dataclasses import dataclass

import pytest

from bayesgrad.inference import progress as module
from bayesgrad.inference.interrupts import interrupts_heard
from bayesgrad.inference.progress import PlainProgress, has_bar, stage, tell


@dataclass
class Chain:
    finished_draws: int
    total_draws: int = 100
    divergences: int = 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_is_printed_at_each_tenth_and_no_more():
    stream = io.StringIO()
    progress = PlainProgress(stream)
    for done in range(0, 101, 2):
        progress([Chain(done), Chain(done)])
        progress([Chain(done), Chain(done)])
    expected = [f"sampling: {tenth}%" for tenth in range(10, 101, 10)]
    assert stream.getvalue().splitlines() == expected


def test_tenths_that_pass_between_two_calls_are_one_line():
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress([Chain(5), Chain(10)])
    progress([Chain(80), Chain(90)])
    progress([Chain(100), Chain(100)])
    assert stream.getvalue().splitlines() == ["sampling: 80%", "sampling: 100%"]


def test_divergences_are_told():
    stream = io.StringIO()
    PlainProgress(stream)([Chain(50, divergences=2), Chain(50, divergences=1)])
    assert stream.getvalue() == "sampling: 50%, 3 divergences\n"


def test_nothing_to_do_prints_nothing():
    stream = io.StringIO()
    PlainProgress(stream)([])
    assert stream.getvalue() == ""


def test_lines_go_to_standard_error_by_default(capsys):
    PlainProgress()([Chain(100)])
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "sampling: 100%\n")


def test_a_bar_is_for_terminals_and_notebooks(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert has_bar(Terminal())
    assert not has_bar(io.StringIO())
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    assert has_bar(io.StringIO())


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize("stream", [Closed(), None], ids=["gone", "none"])
def test_nobody_need_listen(stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert not has_bar()
    tell("a line")
    PlainProgress()([Chain(100)])
    with stage("reading", progress=True):
        pass


def test_a_closed_stream_is_no_terminal(monkeypatch):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    stream = io.StringIO()
    stream.close()
    assert not has_bar(stream)


def test_a_stage_is_named_and_on_a_terminal_gives_signs_of_life(monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.01)
    plain, terminal = io.StringIO(), Terminal()
    with stage("reading areas.csv", progress=True, stream=plain):
        pass
    assert plain.getvalue() == "reading areas.csv ...\n"
    with stage("reading areas.csv", progress=True, stream=terminal):
        time.sleep(0.2)
    assert terminal.getvalue().startswith(f"reading areas.csv ...\n{module.CLEARED}  0 s")
    assert terminal.getvalue().endswith(module.CLEARED)


def test_a_stage_without_progress_is_silent(capsys):
    with stage("reading", progress=False):
        pass
    assert capsys.readouterr() == ("", "")


def test_an_interruption_inside_a_call_from_c_is_heard():
    @ctypes.CFUNCTYPE(None)
    def interrupted() -> None:
        raise KeyboardInterrupt

    def run_on() -> None:
        interrupted()
        time.sleep(5.0)

    begun = time.monotonic()
    with interrupts_heard(), pytest.raises(KeyboardInterrupt):
        run_on()
    assert time.monotonic() - begun < 4.0
