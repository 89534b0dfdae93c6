import numpy as np
import pytest

from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.national import national_table
from bayesgrad.plots import caterpillar
from tests.plots.fits import changed, column, drawable, layer, rows, subtitle


def named(spec: dict) -> list[str]:
    return column(rows(spec, layer(spec, "text", y="name_position")), "name")


def test_rows_are_the_table_of_gradients_steepest_first() -> None:
    draws = drawable(authorities=12)
    spec = caterpillar(draws, level=0.8).to_dict()
    shown = rows(spec, layer(spec, "circle"))
    table = gradients_table(draws, level=0.8).sort_values("gradient", ascending=False)
    assert column(shown, "authority") == table["authority"].tolist()
    for name in ("gradient", "lower", "upper", "reliability", "events", "areas"):
        np.testing.assert_allclose(column(shown, name), table[name])
    assert column(shown, "position") == list(range(1, 13))


def test_intervals_are_drawn_between_their_bounds_on_a_logarithmic_axis() -> None:
    spec = caterpillar(drawable()).to_dict()
    x = layer(spec, "rule", x="lower")["encoding"]
    assert x["x2"]["field"] == "upper"
    assert x["x"]["scale"]["type"] == "log"
    lowest, highest = x["x"]["scale"]["domain"]
    shown = rows(spec, layer(spec, "rule", x="lower"))
    assert lowest < min(1, *column(shown, "lower"))
    assert highest > max(column(shown, "upper"))


def test_the_first_position_is_at_the_top() -> None:
    spec = caterpillar(drawable(authorities=12)).to_dict()
    assert layer(spec, "circle")["encoding"]["y"]["scale"]["domain"] == [12.5, 0.5]


def test_the_national_gradient_has_its_band_and_words() -> None:
    draws = drawable()
    spec = caterpillar(draws, level=0.9).to_dict()
    expected = national_table(draws, level=0.9).query("deprivation_shift == 0").iloc[0]
    (shown,) = rows(spec, layer(spec, "rect"))
    for name in ("gradient", "lower", "upper"):
        assert shown[name] == pytest.approx(expected[name])
    assert f"{expected['gradient']:.2f} ({expected['lower']:.2f} to" in shown["words"]


def test_title_says_what_unit_interval_and_vintage() -> None:
    spec = caterpillar(drawable(unit=0.05), level=0.9).to_dict()
    assert spec["title"]["text"] == "Social gradient of each authority: referrals"
    words = subtitle(spec)
    assert "per +5 percentage points of neighbourhood deprivation (IoD2019)" in words
    assert "90% equal-tailed interval" in words
    assert "not a ranking" in words
    assert "failed" not in words


def test_few_authorities_are_all_named_and_many_only_at_the_ends() -> None:
    few = caterpillar(drawable(authorities=50, draws=5)).to_dict()
    assert len(named(few)) == 50
    draws = drawable(authorities=152, draws=20)
    many = caterpillar(draws).to_dict()
    assert len(named(many)) == 10
    assert len(rows(many, layer(many, "circle"))) == 152
    assert many["height"] == 152 * 5


def test_names_stand_a_line_apart_within_the_figure() -> None:
    draws = drawable(authorities=152, draws=20)
    spec = caterpillar(draws).to_dict()
    placed = column(rows(spec, layer(spec, "text", y="name_position")), "name_position")
    pixels = spec["height"] / 152
    assert min(np.diff(placed)) * pixels >= 14 - 1e-9
    assert placed[0] - 0.5 >= 7 / pixels - 1e-9
    assert 152.5 - placed[-1] >= 7 / pixels - 1e-9


def test_highlighted_authorities_are_named_and_coloured() -> None:
    draws = drawable(authorities=152, draws=20)
    middle = gradients_table(draws).sort_values("gradient")["authority"].iloc[76]
    spec = caterpillar(draws, highlight=[middle]).to_dict()
    placed = rows(spec, layer(spec, "text", y="name_position"))
    assert [row["authority"] for row in placed if row["highlighted"]] == [middle]
    assert len(placed) == 11
    colour = layer(spec, "circle")["encoding"]["color"]
    (condition,) = colour["condition"]
    assert condition["test"] == "datum.highlighted"
    assert condition["value"] != colour["value"]


def test_the_figure_grows_until_all_highlighted_names_fit() -> None:
    draws = drawable(authorities=100, draws=5)
    everyone = draws["authorities"]["authority"].values.tolist()
    spec = caterpillar(draws, highlight=everyone).to_dict()
    assert spec["height"] == 1400
    placed = rows(spec, layer(spec, "text", y="name_position"))
    np.testing.assert_allclose(column(placed, "name_position"), np.arange(1, 101))


def test_names_stay_as_they_are() -> None:
    draws = drawable(authorities=3)
    names = ["a:b.c[d]", "</script><b>", "datum.x \\ 'y' \"z\""]
    spec = caterpillar(changed(draws, "authorities", name=("authority", names))).to_dict()
    assert sorted(named(spec)) == sorted(names)


def test_failed_diagnostics_withhold_the_figure() -> None:
    draws = drawable(failed_checks=["max_r_hat"])
    with pytest.raises(DiagnosticsError, match=r"withheld.*max_r_hat"):
        caterpillar(draws)
    spec = caterpillar(draws, despite_failed_diagnostics=True).to_dict()
    assert "Diagnostics failed (max_r_hat)" in subtitle(spec)


def test_an_unknown_code_and_a_percentage_as_level_are_refused() -> None:
    with pytest.raises(FitError, match=r"code 'E1', 'E2'"):
        caterpillar(drawable(), highlight=["E1", "E2"])
    with pytest.raises(FitError, match="level 95"):
        caterpillar(drawable(), level=95)


def test_the_axis_reaches_to_the_national_interval() -> None:
    draws = drawable(draws=20)
    slope = draws["posterior"]["slope"] + np.log(4)
    spec = caterpillar(changed(draws, "posterior", slope=slope)).to_dict()
    (national,) = rows(spec, layer(spec, "rect"))
    assert national["upper"] < layer(spec, "rect")["encoding"]["x"]["scale"]["domain"][1]
