from __future__ import annotations

import io
import sys
from dataclasses import dataclass

from bayesgrad.inference.progress import PlainProgress, has_bar


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
