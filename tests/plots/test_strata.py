import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.strata import strata_table
from bayesgrad.plots import save_figure, strata
from tests.plots.fits import column, drawable, layer, rows, subtitle

AGES = ("0", "5", "10", "15")
GROUPS = ("White", "Black", "Asian")


def test_ordered_strata_are_a_line_with_its_band_in_their_order() -> None:
    draws = drawable(strata=AGES, strata_column="age", ordered=True)
    spec = strata(draws, level=0.8).to_dict()
    table = strata_table(draws, level=0.8)
    line, band = layer(spec, "line", y="gradient"), layer(spec, "area", y="lower")
    assert column(rows(spec, line), "stratum") == list(AGES)
    np.testing.assert_allclose(column(rows(spec, line), "gradient"), table["gradient"])
    np.testing.assert_allclose(column(rows(spec, band), "upper"), table["upper"])
    assert line["encoding"]["x"]["sort"] is None
    assert line["encoding"]["x"]["axis"]["title"] == "age"
    assert "Line and band: posterior medians and 80% equal-tailed intervals" in subtitle(spec)


def test_other_strata_are_dots_with_intervals_from_first_to_last() -> None:
    draws = drawable(strata=GROUPS, strata_column="ethnicity", outcomes=("a", "b"))
    spec = strata(draws, outcome="b").to_dict()
    dots = layer(spec, "circle", x="gradient")
    table = strata_table(draws).query("outcome == 'b'")
    assert column(rows(spec, dots), "stratum") == list(GROUPS)
    np.testing.assert_allclose(column(rows(spec, dots), "gradient"), table["gradient"])
    assert dots["encoding"]["y"]["axis"]["title"] == "ethnicity"
    assert layer(spec, "rule", x="lower")["encoding"]["x2"]["field"] == "upper"
    assert not [part for part in spec["layer"] if part["mark"]["type"] == "line"]
    assert spec["title"]["text"] == "Social gradient of each stratum: b"


def test_the_mean_over_strata_is_the_models_own_gradient() -> None:
    draws = drawable(strata=GROUPS)
    spec = strata(draws).to_dict()
    (mean,) = column(rows(spec, layer(spec, "rule", x="gradient")), "gradient")
    assert mean == pytest.approx(np.median(np.exp(draws["posterior"]["slope"])))


def test_the_axis_names_the_ratio_and_reaches_to_one() -> None:
    spec = strata(drawable(strata=GROUPS, family="binomial")).to_dict()
    x = layer(spec, "circle", x="gradient")["encoding"]["x"]
    assert x["axis"]["title"] == "Gradient (odds ratio, logarithmic scale)"
    assert x["scale"]["type"] == "log"
    assert x["scale"]["domain"][0] < 1


def test_there_must_be_strata_with_gradients_of_their_own() -> None:
    with pytest.raises(FitError, match="no strata"):
        strata(drawable())
    with pytest.raises(FitError, match="share one gradient"):
        strata(drawable(strata=GROUPS, common_gradients=True))
    with pytest.raises(FitError, match="2 outcomes"):
        strata(drawable(strata=GROUPS, outcomes=("a", "b"), draws=5))


def test_failed_diagnostics_are_told_first() -> None:
    spec = strata(drawable(strata=GROUPS, failed_checks=["divergences"])).to_dict()
    assert subtitle(spec).startswith("Diagnostics failed (divergences)")


@pytest.mark.parametrize("ordered", [True, False])
def test_it_can_be_saved(tmp_path, ordered) -> None:
    path = save_figure(strata(drawable(strata=AGES, ordered=ordered, draws=5)), tmp_path / "s.png")
    assert path.read_bytes().startswith(b"\x89PNG")
