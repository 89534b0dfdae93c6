"""The public documents, and what is in them: links, headings, tables and code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

FRONT = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md")
REFERENCES = ("models/README.md", "benchmarks/README.md")


def documents() -> list[Path]:
    """Every public document in Markdown."""
    named = [ROOT / name for name in (*FRONT, *REFERENCES)]
    return [*named, *pages()]


def pages() -> list[Path]:
    """The pages of the documentation."""
    return sorted((ROOT / "docs").glob("*.md"))


def read(path: Path) -> str:
    """Text of a document."""
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    """Path of a document from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()


def without_code(text: str) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    """Blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """Targets of links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", without_code(text))


def anchors(text: str) -> set[str]:
    """Names of the headings, as links write them."""
    headings = re.findall(r"^#+ (.+)$", without_code(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sections(text: str) -> dict[str, str]:
    """What stands under each heading of the second level that is code, by that code."""
    parts = re.split(r"^## `([^`]+)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def first_cells(text: str) -> Iterator[str]:
    """Code in the first cells of tables, cell by cell, in order."""
    for row in re.findall(r"^\| (.+?) \|", text, flags=re.MULTILINE):
        yield from re.findall(r"`([^`]+)`", row)
