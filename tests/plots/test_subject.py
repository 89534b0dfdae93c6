import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.plots import caterpillar, fitted_lines, interaction
from bayesgrad.plots.subject import subject_of
from tests.plots.fits import column, drawable, layer, rows, subtitle

FIGURES = [caterpillar, fitted_lines, interaction]


@pytest.mark.parametrize("figure", FIGURES)
def test_of_several_outcomes_one_must_be_named(figure) -> None:
    draws = drawable(outcomes=["referrals", "plans"], draws=10)
    with pytest.raises(FitError, match=r"2 outcomes(.|\n)*outcome=(.|\n)*referrals, plans"):
        figure(draws)
    with pytest.raises(FitError, match="no outcome 'plan'"):
        figure(draws, outcome="plan")
    assert figure(draws, outcome="plans").to_dict()["title"]["text"].endswith(": plans")


@pytest.mark.parametrize("figure", FIGURES)
def test_of_several_strata_one_must_be_named(figure) -> None:
    draws = drawable(strata=["boys", "girls"], draws=10)
    with pytest.raises(FitError, match=r"2 strata(.|\n)*boys, girls"):
        figure(draws)
    title = figure(draws, stratum="girls").to_dict()["title"]["text"]
    assert title.endswith(": referrals, girls")


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
