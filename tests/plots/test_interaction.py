import math

import numpy as np
import pytest

from bayesgrad.errors import FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.plots import interaction
from tests.plots.fits import column, drawable, layer, rows, subtitle

PUBLISHED = ((0.037, 2.33), (0.137, 1.62), (0.237, 1.39))


@pytest.mark.parametrize("moderation", ["linear", "log", "spline"])
def test_the_curve_is_the_gradient_expected_over_the_grid(moderation) -> None:
    draws = drawable(moderation=moderation)
    spec = interaction(draws, level=0.9).to_dict()
    curve = rows(spec, layer(spec, "area"))
    posterior, reference = draws["posterior"], draws["reference"]
    np.testing.assert_allclose(column(curve, "deprivation"), reference["authority_grid"])
    slope = posterior["slope"].values[..., 0]
    coefficients = posterior["interaction"].values[:, :, 0]
    for row, basis in zip(curve, reference["authority_grid_basis"].values, strict=True):
        gradients = np.exp(slope + coefficients @ basis)
        np.testing.assert_allclose(
            [row["lower"], row["gradient"], row["upper"]],
            np.quantile(gradients, [0.05, 0.5, 0.95]),
        )


def test_dots_are_authorities_at_their_own_deprivation() -> None:
    draws = drawable()
    spec = interaction(draws).to_dict()
    shown = rows(spec, layer(spec, "circle", x="deprivation", y="gradient"))
    table = gradients_table(draws)
    assert column(shown, "authority") == table["authority"].tolist()
    np.testing.assert_allclose(column(shown, "gradient"), table["gradient"])
    known = draws["authorities"]["deprivation"].sel(authority=column(shown, "authority"))
    np.testing.assert_allclose(column(shown, "deprivation"), known)
    assert layer(spec, "rule", y="lower")["encoding"]["y2"]["field"] == "upper"


def test_published_contrasts_are_labelled_diamonds() -> None:
    spec = interaction(drawable(), published=PUBLISHED, published_label="a study").to_dict()
    part = layer(spec, "point", x="deprivation", y="gradient")
    assert part["mark"]["shape"] == "diamond"
    shown = rows(spec, part)
    assert [(row["deprivation"], row["gradient"]) for row in shown] == list(PUBLISHED)
    assert column(shown, "words") == ["2.33", "1.62", "1.39"]
    assert "Diamonds: a study." in subtitle(spec)
    lowest, highest = part["encoding"]["y"]["scale"]["domain"]
    assert lowest < 1
    assert highest > 2.33


def test_without_published_contrasts_there_is_no_mark_of_them() -> None:
    spec = interaction(drawable()).to_dict()
    assert not {part["mark"]["type"] for part in spec["layer"]} & {"point", "text"}
    assert "Diamonds" not in subtitle(spec)


def test_without_moderation_there_is_no_such_figure() -> None:
    with pytest.raises(FitError, match="no interaction") as caught:
        interaction(drawable(moderation="none"))
    assert "moderation =" in caught.value.do


@pytest.mark.parametrize("pair", [(13.7, 1.62), (0.1, 0.0), (0.1, math.inf), (math.nan, 1.5)])
def test_impossible_published_contrasts_are_refused(pair) -> None:
    with pytest.raises(FitError, match="published contrast"):
        interaction(drawable(draws=5), published=[pair])


def test_axes_are_labelled() -> None:
    spec = interaction(drawable()).to_dict()
    encoding = layer(spec, "circle")["encoding"]
    assert encoding["x"]["axis"]["title"] == "Authority deprivation (IoD2019)"
    assert encoding["y"]["axis"]["title"] == "Gradient (rate ratio, logarithmic scale)"
    assert "per +10 percentage points" in subtitle(spec)
