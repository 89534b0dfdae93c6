import altair as alt
import pytest

from bayesgrad.plots import caterpillar, fitted_lines, interaction, strata, thresholds
from bayesgrad.plots.theme import FONT
from tests.plots.fits import drawable

SEVERAL = {strata: {"strata": ("a", "b")}, thresholds: {"outcomes": ("a", "b")}}


@pytest.mark.parametrize("figure", [caterpillar, fitted_lines, interaction, strata, thresholds])
def test_each_figure_carries_the_theme_and_changes_nothing_global(figure) -> None:
    before = alt.theme.active
    config = figure(drawable(draws=5, **SEVERAL.get(figure, {}))).to_dict()["config"]
    assert config["font"] == FONT
    assert config["view"]["stroke"] is None
    assert alt.theme.active == before


def test_fonts_end_with_a_generic_family() -> None:
    assert FONT.endswith(", sans-serif")
