import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.plots import caterpillar, fitted_lines, interaction
from bayesgrad.plots.subject import subject_of
from tests.plots.fits import column, drawable, layer, rows, subtitle

FIGURES = [caterpillar, fitted_lines, interaction]
AXES = {caterpillar: {"x": "gradient"}, interaction: {"y": "gradient"}}


@pytest.mark.parametrize("figure", FIGURES)
def test_of_several_outcomes_one_must_be_named(figure) -> None:
    draws = drawable(outcomes=["referrals", "plans"], draws=10)
    with pytest.raises(FitError, match=r"2 outcomes(.|\n)*outcome=(.|\n)*referrals, plans"):
        figure(draws)
    with pytest.raises(FitError, match="no outcome 'plan'"):
        figure(draws, outcome="plan")
    assert figure(draws, outcome="plans").to_dict()["title"]["text"].endswith(": plans")


def test_of_several_strata_one_must_be_named_where_rates_are_shown() -> None:
    with pytest.raises(FitError, match=r"2 strata(.|\n)*boys, girls"):
        fitted_lines(drawable(strata=["boys", "girls"], draws=10))


@pytest.mark.parametrize("figure", FIGURES)
def test_the_stratum_named_stands_in_the_title(figure) -> None:
    draws = drawable(strata=["boys", "girls"], draws=10)
    with pytest.raises(FitError, match="no stratum 'girl'"):
        figure(draws, stratum="girl")
    title = figure(draws, stratum="girls").to_dict()["title"]["text"]
    assert title.endswith(": referrals, girls")


@pytest.mark.parametrize("figure", [caterpillar, interaction])
def test_gradients_without_a_stratum_are_means_over_strata(figure) -> None:
    draws = drawable(strata=["boys", "girls"], authority_deviations=True, draws=10)
    spec = figure(draws).to_dict()
    assert spec["title"]["text"].endswith(": referrals, mean over strata")
    found = column(rows(spec, layer(spec, "circle", **AXES[figure])), "gradient")
    slopes = draws["posterior"]["authority_slope"].isel(outcome=0)
    expected = np.median(np.exp(slopes), axis=(0, 1))
    assert sorted(found) == pytest.approx(sorted(expected))


def test_the_axis_names_the_ratio_of_the_outcome() -> None:
    draws = drawable(family="binomial", draws=10)
    spec = caterpillar(draws).to_dict()
    axis = layer(spec, "circle")["encoding"]["x"]["axis"]["title"]
    assert axis == "Gradient (odds ratio, logarithmic scale)"
    assert "Odds ratio per +10 percentage points" in subtitle(spec)
    lines = fitted_lines(draws).to_dict()
    encoding = layer(lines, "line", detail="authority")["encoding"]
    assert encoding["y"]["axis"]["title"] == "Rate per 10,000 cases (logarithmic scale)"


def test_the_outcome_and_stratum_named_are_those_shown() -> None:
    draws = drawable(outcomes=["referrals", "plans"], strata=["boys", "girls"], draws=10)
    spec = caterpillar(draws, outcome="plans", stratum="girls").to_dict()
    table = gradients_table(draws).query("outcome == 'plans' and stratum == 'girls'")
    shown = rows(spec, layer(spec, "circle"))
    assert sorted(column(shown, "gradient")) == pytest.approx(sorted(table["gradient"]))


@pytest.mark.parametrize("figure", [fitted_lines, interaction])
def test_failed_diagnostics_head_the_subtitle(figure) -> None:
    spec = figure(drawable(failed_checks=["divergences"])).to_dict()
    assert subtitle(spec).startswith("Diagnostics failed (divergences)")


def test_no_line_of_a_subtitle_is_longer_than_the_figure() -> None:
    subject = subject_of(drawable(draws=5), outcome=None, stratum=None)
    spec = subject.figure(
        [caterpillar(drawable(draws=5)).layer[0]],
        words="Words",
        notes=["word " * 60],
        size=(560, 100),
    ).to_dict()
    assert len(spec["title"]["subtitle"]) > 1
    assert max(map(len, spec["title"]["subtitle"])) <= 100


@pytest.mark.parametrize("figure", FIGURES)
def test_the_description_says_what_title_and_subtitle_say(figure) -> None:
    spec = figure(drawable(draws=5)).to_dict()
    assert spec["description"] == f"{spec['title']['text']}. {subtitle(spec)}"


def test_without_a_vintage_no_brackets() -> None:
    draws = drawable(draws=5)
    reference = draws["reference"]
    del reference.attrs["vintage"]
    assert "()" not in subtitle(caterpillar(draws).to_dict())
