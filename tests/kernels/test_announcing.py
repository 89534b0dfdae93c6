from __future__ import annotations

from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from bayesgrad.kernels import announcing
from bayesgrad.kernels.announcing import EXPECT, IN_VAIN, Announcer
from bayesgrad.kernels.cache import Place


def begun(module: str, name: str = "function") -> SimpleNamespace:
    function = SimpleNamespace(__module__=module, __name__=name)
    return SimpleNamespace(data={"dispatcher": SimpleNamespace(py_func=function)})


def told(monkeypatch, place: Place, *events: SimpleNamespace) -> str:
    monkeypatch.setattr(announcing, "place", lambda: place)
    stream = StringIO()
    announcer = Announcer(stream)
    for one in events:
        announcer.on_start(one)
        announcer.on_end(one)
    return stream.getvalue()


LASTING = Place(Path("code"), lasting=True)
KERNEL = begun("bayesgrad.kernels.likelihood.loglik")


@pytest.mark.parametrize("one", [KERNEL, begun("None", announcing.GRAPH)])
def test_what_to_expect_is_said_once(monkeypatch, one):
    assert told(monkeypatch, LASTING, one, one) == f"{EXPECT}\n"


def test_a_function_of_others_is_not_announced(monkeypatch):
    assert told(monkeypatch, LASTING, begun("pytensor.link.numba.dispatch.linalg")) == ""


def test_where_nothing_can_be_kept_it_says_why_and_what_to_do(monkeypatch):
    place = Place(Path("code"), lasting=False, reason="no home")
    assert told(monkeypatch, place, KERNEL) == f"{IN_VAIN} (no home)\n"
