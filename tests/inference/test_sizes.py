"""One compiled model serves any sizes of a form: a fit of other sizes compiles nothing."""

from __future__ import annotations

import pytest
from numba.core import event

from bayesgrad.inference.nuts import Sampler
from tests.model.forms import FORMS, PARTIAL, spec_named
from tests.small import drawn_design, in_neighbourhoods

pytestmark = pytest.mark.full


class Names(event.Listener):
    """Of what is compiled meanwhile."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, begun) -> None:
        self.names.append(begun.data["dispatcher"].py_func.__qualname__)

    def on_end(self, ended) -> None:
        pass


def compile_form(form: str, *, authorities: int) -> None:
    spec = spec_named(form, PARTIAL)
    design = drawn_design(spec, authorities=authorities)
    if form.startswith("neighbourhoods"):
        design = in_neighbourhoods(design)
    Sampler.compile(spec, design)


@pytest.mark.parametrize("form", FORMS)
def test_other_numbers_of_authorities_compile_nothing(form):
    compile_form(form, authorities=9)
    listener = Names()
    with event.install_listener("numba:compile", listener):
        compile_form(form, authorities=13)
    assert listener.names == []
