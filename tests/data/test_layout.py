from __future__ import annotations

import pytest

from bayesgrad.data.listing import close_to, counted, listed
from bayesgrad.data.strata import natural_order


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "9", "9", "0"], ("0", "9", "10")),
        (["10-14", "5-9", "0-4"], ("0-4", "5-9", "10-14")),
        (["White", "Black", "2+ groups"], ("2+ groups", "Black", "White")),
        ([""], ("",)),
    ],
)
def test_natural_order(labels, expected):
    assert natural_order(labels) == expected


def test_words_of_messages():
    assert listed(["a", "b"]) == "a, b"
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
    assert counted(1, "authority", "authorities") == "1 authority"
    assert counted(1302, "area") == "1,302 areas"
    assert close_to("Childern", ["children", "area"]) == "; did you mean children?"
    assert close_to("x", ["children"]) == ""
