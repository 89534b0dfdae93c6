from __future__ import annotations

from bayesgrad.data.listing import close_to, counted, listed


def test_words_of_messages():
    assert listed(["a", "b"]) == "a, b"
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
    assert listed(["x" * 500]) == f"{'x' * 37} ... {'x' * 37}"
    assert counted(1, "authority", "authorities") == "1 authority"
    assert counted(1302, "area") == "1,302 areas"
    assert close_to("Childern", ["children", "area"]) == "; did you mean children?"
    assert close_to("x", ["children"]) == ""
