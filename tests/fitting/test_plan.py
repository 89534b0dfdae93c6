from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from bayesgrad.fitting import compiled_forms
from bayesgrad.fitting import plan as plan_module
from bayesgrad.fitting.plan import describe_plan
from bayesgrad.kernels.cache import Place
from bayesgrad.spec import Priors
from tests.predictive.cases import with_suppressed
from tests.small import drawn_design, spec_of


def plan(text: str = "", *, outcomes: Sequence[str] = ("referrals",), **settings) -> str:
    spec = spec_of(text, outcomes=outcomes)
    return describe_plan(spec, drawn_design(spec, **settings))


def priors_in(text: str) -> list[str]:
    section = text.partition("draws of it)\n")[2].partition("\nsampling:")[0]
    return [line.split(":")[0].strip() for line in section.splitlines()]


def test_a_plan_says_what_would_be_fitted():
    text = plan(authorities=7)
    design = drawn_design(spec_of(), authorities=7)
    assert text.startswith("would fit: Referrals\n")
    events = f"{design.rows.count.sum():,} events"
    assert f"  referrals: {events}, negative binomial with log link: rate ratios\n" in text
    assert "gradient per +0.1 of income (IoD2019), authority centring, curvature none" in text
    assert "7 authorities: correlated intercepts and slopes, log moderation" in text
    assert "sampling: 4 chains of 300 + 1,500 draws, partial, seed 20190331" in text


def test_a_plan_names_the_columns_that_enter():
    text = plan(
        '[authority]\nmoderators = ["spend"]\n[area]\ncovariates = ["density"]\n'
        'moderators = ["rural"]'
    )
    assert "area covariates: density, rural" in text
    assert "of these, moderators of the gradient: rural" in text
    assert "authority moderators: spend" in text


def test_a_plan_prints_the_priors_as_they_are():
    text = plan('[priors]\nslope = { distribution = "StudentT", nu = 4.0, mu = 0.4, sigma = 0.3 }')
    assert "  slope: StudentT(4, 0.4, 0.3); a gradient of 0.649 to 3.43 per +0.1\n" in text
    assert (
        "  intercept: Normal(log crude rate, 1); the average rate is within a factor of 7.1 of "
        in text
    )
    assert (
        "  interaction: Normal(0, 0.621335); gradients of the least and the most deprived" in text
    )


STAGES = """
out_of = "referrals"
label = "Plan"
[[outcomes]]
column = "returns"
exposure = "referrals"
family = "binomial"
"""


def test_a_plan_describes_every_outcome():
    text = plan(STAGES, outcomes=("referrals", "plans"))
    spec = spec_of(STAGES, outcomes=("referrals", "plans"))
    design = drawn_design(spec)
    events = [f"{n:,}" for n in design.cell_sum(design.rows.count).sum(axis=(0, 2)).astype(int)]
    cases = [f"{n:,.0f}" for n in design.cell_sum(design.rows.exposure).sum(axis=(0, 2))]
    assert text.splitlines()[1:4] == [
        f"  referrals: {events[0]} events, negative binomial with log link: rate ratios",
        f"  Plan: {events[1]} events out of {cases[1]} of referrals, beta binomial with log link: "
        "risk ratios",
        f"  returns: {events[2]} events out of {cases[2]} cases, binomial with logit link: "
        "odds ratios",
    ]


@pytest.mark.parametrize(
    ("covariance", "outcomes", "words"),
    [
        ('"full"', 2, "4 intercepts and slopes, all correlated,"),
        ('"low_rank"', 2, "4 intercepts and slopes correlated through 2 factors,"),
        ('"low_rank"\nrank = 1', 3, "6 intercepts and slopes correlated through 1 factor,"),
        ('"by_outcome"', 2, "intercepts and slopes correlated within each outcome,"),
        ('"diagonal"', 2, "independent intercepts and slopes,"),
        ('"full"', 1, "correlated intercepts and slopes,"),
        ('"low_rank"', 1, "correlated intercepts and slopes,"),
        ('"diagonal"', 1, "independent intercepts and slopes,"),
    ],
)
def test_a_plan_says_what_is_correlated(covariance, outcomes, words):
    names = ("referrals", "plans", "care")[:outcomes]
    text = plan(f"[authority]\ncovariance = {covariance}", outcomes=names)
    assert f"  5 authorities: {words}" in text


AGES = ("9", "10", "11")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["  3 strata of age: a gradient for each, pooled"]),
        (
            'ordered = true\ngradients = "common"',
            ["  3 strata of age (ordered): one gradient common to all"],
        ),
        (
            "authority_deviations = true",
            [
                "  3 strata of age: a gradient for each, pooled",
                "  each authority's strata deviate by levels and gradients of its own",
            ],
        ),
        (
            'authority_deviations = true\ngradients = "common"',
            [
                "  3 strata of age: one gradient common to all",
                "  each authority's strata deviate by levels of its own",
            ],
        ),
    ],
)
def test_a_plan_describes_the_strata(text, lines):
    found = plan(f'[strata]\ncolumn = "age"\n{text}', strata=AGES).splitlines()
    assert [line for line in found if "strata" in line and "HalfNormal" not in line] == lines


def test_a_plan_describes_crossed_strata():
    text = '[strata]\ncolumn = "age"\ncrossed_with = { column = "sex", ordered = true }'
    found = plan(
        text, strata=("9 x 1", "9 x 2", "10 x 1", "10 x 2"), strata_levels=(AGES[:2], "12")
    )
    assert "  4 strata of age x sex (ordered): a gradient for each, pooled\n" in found


def test_a_plan_of_durations_speaks_of_hazards():
    spec = spec_of('[likelihood]\nfamily = "poisson"')
    columns = spec.columns.model_copy(update={"at_risk": "time"})
    spec = spec.model_copy(update={"columns": columns})
    assert "events, poisson with log link: hazard ratios\n" in (
        describe_plan(spec, drawn_design(spec))
    )


ALWAYS = ["intercept", "slope", "sd_intercept", "sd_slope"]
MODERATED = ["between", "interaction"]
DISPERSION = "overdispersion (1/sqrt(alpha))"
USUAL = [*MODERATED, "correlation", DISPERSION]
STRATA = ["sd_stratum_intercept", "sd_stratum_slope"]
DEVIATIONS = ["sd_authority_stratum_intercept", "sd_authority_stratum_slope"]
POISSON = '[likelihood]\nfamily = "poisson"'
BY_FORM = {
    "": USUAL,
    f'[authority]\nmoderation = "none"\ncovariance = "diagonal"\n{POISSON}': [],
    '[authority]\nmoderators = ["spend"]': [*USUAL, "covariates", "moderators"],
    '[area]\ncovariates = ["rural"]\n[gradient]\ncurvature = "quadratic"': [
        *(*USUAL, "covariates", "curvature"),
    ],
    '[authority]\ncovariance = "by_outcome"': USUAL,
    '[authority]\ncovariance = "low_rank"': USUAL,
    '[strata]\ncolumn = "age"': [*USUAL, *STRATA],
    '[strata]\ncolumn = "age"\ngradients = "common"': [*USUAL, STRATA[0]],
    '[strata]\ncolumn = "age"\nauthority_deviations = true': [*USUAL, *STRATA, *DEVIATIONS],
    '[strata]\ncolumn = "age"\ngradients = "common"\nauthority_deviations = true': [
        *(*USUAL, STRATA[0], DEVIATIONS[0]),
    ],
    '[likelihood]\nfamily = "beta_binomial"': USUAL,
    '[likelihood]\nfamily = "binomial"': [*MODERATED, "correlation"],
}


@pytest.mark.parametrize(("text", "more"), BY_FORM.items())
def test_a_plan_lists_the_priors_of_the_parameters_that_the_model_has(text, more):
    strata = AGES if "[strata]" in text else ("",)
    assert sorted(priors_in(plan(text, strata=strata))) == sorted([*ALWAYS, *more])


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("", [*MODERATED, "correlation", DISPERSION]),
        ('[authority]\ncovariance = "low_rank"', [*MODERATED, "loadings", DISPERSION]),
        (f'family = "negative_binomial"\n{POISSON}', [*MODERATED, "correlation", DISPERSION]),
        (POISSON, [*MODERATED, "correlation"]),
    ],
)
def test_a_plan_lists_the_priors_of_several_outcomes(text, more):
    found = plan(text, outcomes=("referrals", "plans"))
    assert sorted(priors_in(found)) == sorted([*ALWAYS, *more])


def test_priors_are_listed_in_the_order_of_the_grammar():
    text = '[strata]\ncolumn = "age"\n[priors]\nloadings = { mu = 0, sigma = 2 }'
    text += '\n[authority]\ncovariance = "low_rank"'
    found = plan(text, outcomes=("referrals", "plans"), strata=AGES)
    names = [name.partition(" ")[0] for name in priors_in(found)]
    assert names == [name for name in Priors.model_fields if name in names]
    assert "  loadings: Normal(0, 2)\n" in found
    assert (
        "  sd_stratum_intercept: HalfNormal(1); rates of two strata typically differ by a " in found
    )


def cost_of(text: str) -> tuple[int, int]:
    """Seconds and megabytes that a plan foretells."""
    found = re.search(r"expect about (\d+) s.* and (\d+) MB", text)
    assert found is not None
    return int(found[1]), int(found[2])


def cost(text: str, **settings) -> tuple[int, int]:
    """The same of a spec that says this."""
    return cost_of(plan(text, **settings))


def test_more_draws_and_more_rows_cost_more():
    one = cost_of(plan("[sampling]\ndraws = 100"))
    many = cost_of(plan("[sampling]\ndraws = 200000"))
    assert many[0] > one[0]
    assert many[1] > one[1]


def test_more_outcomes_cost_more_than_their_rows():
    text = "[sampling]\ndraws = 200000"
    outcomes = tuple(f"y{k}" for k in range(20))
    many = plan(text, outcomes=outcomes, areas=3)
    one = plan(text, outcomes=outcomes[:1], areas=60)
    assert cost_of(many)[0] > cost_of(one)[0]
    assert cost_of(many)[1] > cost_of(one)[1]


def test_deviations_of_authorities_take_memory():
    text = '[sampling]\ndraws = 2000\n[strata]\ncolumn = "age"\nauthority_deviations = {}'
    without, with_them = (
        cost_of(plan(text.format(word), strata=AGES, authorities=30)) for word in ("false", "true")
    )
    # Two effects of 30 authorities and 3 strata, 8,000 draws of 8 bytes, four times over.
    assert with_them[1] - without[1] == pytest.approx(2 * 30 * 3 * 8000 * 8 * 4 / 1e6, abs=1)


def test_a_plan_says_how_many_counts_are_suppressed():
    spec = spec_of('[likelihood]\nsuppressed = { symbol = "c", lower = 1, upper = 9 }')
    design = with_suppressed(drawn_design(spec), lower=1, upper=9)
    text = describe_plan(spec, design)
    total = int(design.rows.suppressed.sum())
    assert total > 1
    assert f"{total} of {len(design.rows.x)} counts are suppressed, each 1 to 9, in " in text
    assert f"together {total} to {9 * total} events" in text
    assert "suppressed" not in plan()


class TestCompiling:
    """The time to compile is counted where that has not been done on this machine."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path, monkeypatch):
        monkeypatch.setattr(compiled_forms, "place", lambda: Place(tmp_path, lasting=True))

    @pytest.mark.parametrize("engine", ["nuts", "laplace"])
    def test_once_a_form_is_compiled_its_plan_is_shorter(self, engine):
        spec = spec_of(f'[sampling]\nengine = "{engine}"')
        design = drawn_design(spec)
        before = describe_plan(spec, design)
        assert "s of it to compile this form of model" in before
        compiled_forms.remember_compiled(spec, design)
        after = describe_plan(spec, design)
        assert "compile" not in after
        assert cost_of(after)[0] < cost_of(before)[0]

    def test_another_form_takes_less_than_the_first(self):
        first = cost("[sampling]\ndraws = 100")[0]
        spec = spec_of("")
        compiled_forms.remember_compiled(spec, drawn_design(spec))
        years = spec_of('[strata]\ncolumn = "age"')
        text = describe_plan(years, drawn_design(years))
        assert f"{plan_module.MORE_COMPILE_SECONDS} s of it to compile" in text
        assert cost_of(text)[0] < first

    def test_names_and_sizes_are_no_part_of_a_form(self):
        spec = spec_of("[sampling]\ndraws = 100")
        compiled_forms.remember_compiled(spec, drawn_design(spec, authorities=5))
        other = spec.model_copy(update={"title": "Another"})
        assert "compile" not in describe_plan(other, drawn_design(other, authorities=9))


def test_many_strata_take_memory_and_time_by_laplace():
    # 512 proposals, each with the factor of a matrix that 2 x 100 contrasts of strata border.
    names = tuple(f"s{k:03d}" for k in range(100))
    text = '[strata]\ncolumn = "age"\n[sampling]\nengine = "laplace"\ndraws = 100'
    found = cost(text, strata=names, strata_levels=(names,), authorities=20)
    few = cost(text, strata=AGES, authorities=20)
    assert found[1] - few[1] > 512 * 8 * 200**2 / 1e6
    assert found[0] - few[0] > 5
