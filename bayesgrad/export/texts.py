"""Texts of users in the files of an export: they stay text in CSV, Markdown and JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pandas as pd

from bayesgrad.errors import shortened
from bayesgrad.files import FORMULA_STARTS, csv_text

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~^$:/@])")
LONGEST = 120
"""Characters of a text in a sentence."""


def csv_bytes(table: pd.DataFrame) -> bytes:
    r"""Table as CSV in UTF-8, its headings neutralised like its cells.

    >>> csv_bytes(pd.DataFrame({"=cmd": ["+1"]}))
    b"'=cmd\n'+1\n"
    """
    headings = [f"'{name}" if str(name).startswith(FORMULA_STARTS) else str(name) for name in table]
    return csv_text(table.set_axis(headings, axis=1)).encode()


def json_bytes(content: Any) -> bytes:
    r"""Plain data as JSON in ASCII, which every encoding reads alike; no NaN.

    >>> json_bytes({"a": "ŵ"})
    b'{\n "a": "\\u0175"\n}\n'
    """
    text = json.dumps(content, indent=1, ensure_ascii=True, allow_nan=False)
    return f"{text}\n".encode()


def md(text: object) -> str:
    r"""Text of a user within a line of Markdown: neither markup, nor HTML, nor another direction.

    >>> md("a|b <i> *c*")
    'a\\|b &lt;i&gt; \\*c\\*'
    """
    plain = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
        for c in str(text)
        # Format characters, such as those that turn the direction of writing.
        if unicodedata.category(c) != "Cf"
    )
    safe = shortened(" ".join(plain.split()), LONGEST)
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        safe = safe.replace(letter, entity)
    return _MARKS.sub(r"\\\1", safe)
