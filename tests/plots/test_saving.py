import json
import re
import struct

import altair as alt
import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.plots import SUFFIXES, caterpillar, fitted_lines, save_figure
from bayesgrad.plots.saving import figure_bytes
from tests.plots.fits import changed, drawable
from tests.tiers import quick

MAGIC = {
    ".svg": b"<svg",
    ".pdf": b"%PDF-",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".html": b"<!DOCTYPE html>",
}
CRUEL = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def chart() -> alt.LayerChart:
    draws = drawable(authorities=3, draws=10)
    names = [CRUEL, "Ynys Môn", "B & C"]
    return caterpillar(changed(draws, "authorities", name=("authority", names)))


@pytest.mark.parametrize("suffix", quick(SUFFIXES, ".svg", ".pdf", ".png"))
def test_each_suffix_gives_its_format_and_nothing_else(chart, suffix, tmp_path) -> None:
    path = save_figure(chart, tmp_path / f"figure{suffix}")
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert list(tmp_path.iterdir()) == [path]


def test_suffixes_may_be_in_capitals_and_paths_text(chart, tmp_path) -> None:
    path = save_figure(chart, str(tmp_path / "FIGURE.SVG"))
    assert path.read_bytes().startswith(b"<svg")


def test_svg_keeps_its_text_as_text(chart, tmp_path) -> None:
    text = save_figure(chart, tmp_path / "f.svg").read_text(encoding="utf-8")
    for words in ("Social gradient of each authority", "Ynys Môn", "B &amp; C", ">1.5<", "IoD2019"):
        assert words in text
    assert "<script" not in text


def test_pdf_holds_fonts(chart, tmp_path) -> None:
    assert b"/Font" in save_figure(chart, tmp_path / "f.pdf").read_bytes()


def test_png_has_twice_the_size_of_the_figure(chart, tmp_path) -> None:
    svg = save_figure(chart, tmp_path / "f.svg").read_text(encoding="utf-8")
    png = save_figure(chart, tmp_path / "f.png").read_bytes()
    width = float(re.search(r'width="([\d.]+)"', svg)[1])
    assert struct.unpack(">I", png[16:20])[0] == pytest.approx(2 * width, abs=2)


def test_html_needs_no_network_and_no_name_escapes_its_script(chart, tmp_path) -> None:
    page = save_figure(chart, tmp_path / "f.html").read_text(encoding="utf-8")
    assert not re.search(r"<script[^>]*\ssrc", page)
    assert not re.search(r"<link|@import", page)
    assert page.count("<script") == page.count("</script") == 2
    assert CRUEL not in page
    call = page[page.rindex("vegaEmbed(") :]
    spec, end = json.JSONDecoder().raw_decode(call, call.index("{"))
    assert spec == json.loads(json.dumps(chart.to_dict()))
    options, _ = json.JSONDecoder().raw_decode(call, call.index("{", end))
    assert options["actions"]["editor"] is False


def test_html_escapes_its_title(tmp_path) -> None:
    draws = drawable(outcomes=["a<b>&c"], authorities=3, draws=5)
    page = save_figure(caterpillar(draws), tmp_path / "f.html").read_text(encoding="utf-8")
    assert "<title>Social gradient of each authority: a&lt;b&gt;&amp;c</title>" in page


@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.svg.gz"])
def test_a_wrong_suffix_lists_the_right_ones(chart, name, tmp_path) -> None:
    with pytest.raises(FitError, match=re.escape(".svg, .pdf, .png, .html")):
        save_figure(chart, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(chart, tmp_path) -> None:
    with pytest.raises(FitError, match="does not exist"):
        save_figure(chart, tmp_path / "none" / "f.svg")


def test_a_failure_while_writing_leaves_the_old_file(chart, tmp_path, monkeypatch) -> None:
    path = tmp_path / "f.svg"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figure(chart, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", quick((".svg", ".png"), ".svg"))
def test_a_figure_has_the_same_bytes_whatever_was_drawn_before(chart, suffix) -> None:
    other = fitted_lines(drawable(draws=10))
    first = figure_bytes(other, suffix)
    figure_bytes(chart, suffix)
    assert figure_bytes(other, suffix) == first


@pytest.mark.parametrize("suffix", quick(SUFFIXES, ".svg"))
def test_control_characters_of_names_are_left_out(suffix) -> None:
    draws = drawable(authorities=3, draws=10)
    names = ["Ynys\x0bMôn", "B\x00 \x1b[1m", "C\ufffe\x85"]
    odd = caterpillar(changed(draws, "authorities", name=("authority", np.array(names, object))))
    content = figure_bytes(odd, suffix)
    assert content.startswith(MAGIC[suffix])
    if suffix == ".svg":
        text = content.decode()
        assert "YnysMôn" in text
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", text)
