import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.plots import save_figure, thresholds
from tests.fabricate import with_group
from tests.plots.fits import column, drawable, layer, rows, subtitle

OUTCOMES = ("referrals", "enquiries", "plans")


def test_national_gradients_have_their_intervals_in_the_order_of_the_thresholds() -> None:
    draws = drawable(outcomes=OUTCOMES)
    spec = thresholds(draws, level=0.8).to_dict()
    dots = layer(spec, "circle", y="gradient")
    slopes = draws["posterior"]["slope"].values.reshape(-1, 3)
    expected = np.quantile(np.exp(slopes), [0.1, 0.5, 0.9], axis=0)
    shown = rows(spec, dots)
    found = [column(shown, name) for name in ("lower", "gradient", "upper")]
    np.testing.assert_allclose(found, expected)
    assert column(shown, "threshold") == list(OUTCOMES)
    assert dots["encoding"]["x"]["sort"] is None
    assert layer(spec, "rule", y="lower")["encoding"]["y2"]["field"] == "upper"


def test_each_authority_has_a_line_of_its_medians() -> None:
    draws = drawable(outcomes=OUTCOMES, authorities=5)
    spec = thresholds(draws, highlight=["E09000002"]).to_dict()
    shown = rows(spec, layer(spec, "line", detail="authority"))
    assert len(shown) == 15
    own = [row for row in shown if row["authority"] == "E09000002"]
    assert all(row["highlighted"] for row in own)
    assert sum(row["highlighted"] for row in shown) == 3
    slopes = draws["posterior"]["authority_slope"].values[:, :, 1]
    expected = np.median(np.exp(slopes), axis=(0, 1))
    np.testing.assert_allclose(column(own, "gradient"), expected)
    assert column(own, "threshold") == list(OUTCOMES)


def test_titles_of_outcomes_stand_on_the_axis() -> None:
    draws = drawable(outcomes=OUTCOMES, draws=5)
    reference = draws["reference"].to_dataset()
    reference["outcome_label"] = ("outcome", ["Referral", "Enquiry", "Plan"])
    spec = thresholds(with_group(draws, reference=reference)).to_dict()
    shown = rows(spec, layer(spec, "circle"))
    assert column(shown, "threshold") == ["Referral", "Enquiry", "Plan"]
    assert spec["title"]["text"] == "Social gradient at each threshold: Fabricated"


def test_stages_are_shown_by_their_whole_gradients() -> None:
    draws = drawable(
        outcomes=("referrals", "plans"),
        family=("poisson", "binomial"),
        link="log",
        out_of=("", "referrals"),
    )
    spec = thresholds(draws).to_dict()
    dots = layer(spec, "circle", y="gradient")
    slopes = draws["posterior"]["slope"].values
    whole = np.median(np.exp(slopes.sum(axis=-1)))
    assert column(rows(spec, dots), "gradient")[1] == pytest.approx(whole)
    assert "Rate ratio per" in subtitle(spec)
    title = dots["encoding"]["y"]["axis"]["title"]
    assert title == "Gradient (rate ratio, logarithmic scale)"


def test_gradients_of_strata_are_averaged_and_said_to_be() -> None:
    spec = thresholds(drawable(outcomes=OUTCOMES, strata=("girls", "boys"), draws=5)).to_dict()
    assert spec["title"]["text"].endswith(": Fabricated, mean over strata")


def test_what_has_no_thresholds_is_refused() -> None:
    with pytest.raises(FitError, match="one outcome"):
        thresholds(drawable(draws=5))
    with pytest.raises(FitError, match="odds ratios"):
        thresholds(drawable(outcomes=("a", "b"), family=("poisson", "binomial"), draws=5))
    with pytest.raises(FitError, match="no authority of this fit has the code 'X'"):
        thresholds(drawable(outcomes=OUTCOMES, draws=5), highlight=["X"])


def test_it_can_be_saved(tmp_path) -> None:
    path = save_figure(thresholds(drawable(outcomes=OUTCOMES, draws=5)), tmp_path / "t.svg")
    assert "enquiries" in path.read_text(encoding="utf-8")
