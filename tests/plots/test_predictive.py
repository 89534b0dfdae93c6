import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.plots import predictive, save_figure
from tests.plots.fits import changed, column, drawable, layer, rows, subtitle
from tests.tiers import quick


def panels(spec: dict) -> tuple[dict, dict]:
    """Each panel as a figure of its own; layers that share data have them from their panel."""
    return tuple(
        {
            "datasets": spec["datasets"],
            "layer": [{"data": panel.get("data"), **part} for part in panel["layer"]],
        }
        for panel in spec["hconcat"]
    )


def test_the_rootogram_shows_areas_per_count_of_each_bin() -> None:
    draws = drawable(draws=5)
    left, _ = panels(predictive(draws, level=0.8).to_dict())
    shown = rows(left, layer(left, "bar"))
    checks = draws["predictive"].to_dataset().isel(outcome=0)
    width = np.array([1, 1, 1, 2, 4])
    assert column(shown, "label") == ["0", "1", "2", "3–4", "5–8"]
    np.testing.assert_allclose(
        column(shown, "observed"), checks["observed_areas"].values[:-1] / width
    )
    replicates = checks["predicted_areas"].values[:, :-1] / width
    for name, probability in (("lower", 0.1), ("expected", 0.5), ("upper", 0.9)):
        np.testing.assert_allclose(
            column(shown, name), np.quantile(replicates, probability, axis=0)
        )
    for mark, field in (("bar", "observed"), ("circle", "expected"), ("rule", "lower")):
        assert layer(left, mark, y=field)["encoding"]["y"]["scale"]["type"] == "sqrt"


def test_bins_without_areas_at_either_end_are_left_out() -> None:
    draws = drawable(draws=5)
    checks = draws["predictive"].to_dataset()
    for name in ("observed_areas", "predicted_areas"):
        checks[name][..., [0, 1, 4, 5]] = 0
    left, _ = panels(predictive(changed(draws, "predictive", **checks)).to_dict())
    assert column(rows(left, layer(left, "bar")), "label") == ["2", "3–4"]


def test_bins_that_are_joined_to_another_are_not_drawn() -> None:
    draws = drawable(draws=5)
    checks = draws["predictive"].to_dataset()
    upper = checks["bin_upper"].values.copy()
    upper[:, 1], upper[:, 2] = 2, np.nan
    checks["observed_areas"][:, -1] = 12
    joined = checks.assign(bin_upper=(("outcome", "bin"), upper))
    left, _ = panels(predictive(changed(draws, "predictive", **joined)).to_dict())
    shown = rows(left, layer(left, "bar"))
    assert column(shown, "label") == ["0", "1–2", "3–4", "5–8", "9 or more"]
    np.testing.assert_allclose(shown[1]["observed"], checks["observed_areas"].values[0, 1] / 2)
    # The last bin has no end, and is drawn as wide as the one before: four counts.
    assert shown[-1]["observed"] == 12 / 4


def test_the_histogram_has_the_band_of_a_uniform_one() -> None:
    draws = drawable(draws=5)
    _, right = panels(predictive(draws, level=0.9).to_dict())
    bars = rows(right, layer(right, "rect", y="areas"))
    assert column(bars, "areas") == draws["predictive"]["pit"].values[0].tolist()
    np.testing.assert_allclose(column(bars, "start"), np.arange(20) / 20)
    bands = rows(right, layer(right, "rect", y="lower"))
    assert {band["expected"] for band in bands} == {50}
    np.testing.assert_allclose(column(bands, "upper"), 50 + 1.6449 * 5, rtol=1e-4)
    np.testing.assert_allclose(column(bands, "lower"), 50 - 1.6449 * 5, rtol=1e-4)
    assert layer(right, "rect", y="areas")["encoding"]["y"]["scale"]["zero"] is True


def test_the_words_say_what_is_shown_and_whether_it_looks_bad() -> None:
    draws = drawable(draws=5)
    spec = predictive(draws, level=0.9).to_dict()
    assert spec["title"]["text"] == "Counts observed and predicted: referrals"
    assert "90% intervals" in subtitle(spec)
    assert "p = 0.8." in subtitle(spec)
    bad = changed(draws, "predictive", pit_p_value=("outcome", [0.0004]))
    assert "p = 0.0004: not uniform." in subtitle(predictive(bad).to_dict())


def test_one_of_several_outcomes_is_shown_and_strata_together() -> None:
    draws = drawable(draws=5, outcomes=("referral", "plan"), strata=("girls", "boys"))
    spec = predictive(draws, outcome="plan").to_dict()
    assert spec["title"]["text"].endswith(": plan")
    assert "All strata together." in subtitle(spec)
    _, right = panels(spec)
    bars = rows(right, layer(right, "rect", y="areas"))
    assert column(bars, "areas") == draws["predictive"]["pit"].values[1].tolist()
    with pytest.raises(FitError, match="2 outcomes"):
        predictive(draws)


def test_failed_diagnostics_are_told_first() -> None:
    spec = predictive(drawable(draws=5, failed_checks=["max_r_hat"])).to_dict()
    assert subtitle(spec).startswith("Diagnostics failed (max_r_hat)")


@pytest.mark.parametrize("suffix", quick([".svg", ".png", ".html"], ".svg"))
def test_it_can_be_saved(tmp_path, suffix) -> None:
    path = save_figure(predictive(drawable(draws=5)), tmp_path / f"figure{suffix}")
    assert path.stat().st_size > 5000


def test_a_percentage_as_level_is_refused() -> None:
    with pytest.raises(FitError, match="level 95"):
        predictive(drawable(draws=5), level=95)
