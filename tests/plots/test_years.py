import pytest

from bayesgrad import plots
from bayesgrad.errors import FitError
from bayesgrad.estimands.gradients import gradients_table
from bayesgrad.estimands.years import years_table
from tests.plots.fits import drawable, rows

YEARS = ("2018", "2019", "2022")


def test_the_nation_and_every_authority_by_year():
    draws = drawable(strata=YEARS, years=True, authority_deviations=True, draws=20)
    spec = plots.years(draws, level=0.8).to_dict()
    lines, band, *_, dots = spec["layer"]
    own, national = (rows(spec, part) for part in (lines, band))
    assert len(own) == 12 * 3
    assert {row["year"] for row in own} == {2018, 2019, 2022}
    table = years_table(draws, level=0.8)
    assert [row["lower"] for row in national] == table["lower"].tolist()
    gradients = gradients_table(draws)
    assert sorted(row["gradient"] for row in own) == sorted(gradients["gradient"])
    assert lines["encoding"]["detail"]["field"] == "authority"
    assert dots["encoding"]["x"]["axis"]["values"] == [2018, 2019, 2022]
    assert "80% equal-tailed interval" in " ".join(spec["title"]["subtitle"])


def test_strata_that_are_no_years_are_refused():
    with pytest.raises(FitError, match="no years"):
        plots.years(drawable(strata=YEARS, ordered=True, draws=5))
