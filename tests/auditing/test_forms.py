import pytest

from bayesgrad.auditing.forms import (
    NO_INTERACTION,
    forms_of,
    prior_weights,
    spec_of_outcome,
)
from bayesgrad.auditing.forms import spec_of as form_spec
from tests.auditing.fabricated import WITH_TURNOVER
from tests.small import spec_of

BOTH = '[authority]\nmoderators = ["turnover", "spending"]\n[area]\nmoderators = ["rural"]\n'


def test_forms_are_moderation_by_curvature_by_moderators():
    forms = forms_of(spec_of(WITH_TURNOVER))
    assert len(forms) == len(set(forms)) == 5 * 2 * 2
    assert [form.title for form in forms[:6]] == [
        "no moderation (log level)",
        "no moderation (linear level)",
        "log moderation",
        "linear moderation",
        "spline moderation",
        "no moderation (log level), curve",
    ]
    assert forms[-1].title == "spline moderation, curve, turnover"


def test_moderators_are_taken_none_each_alone_and_all():
    forms = forms_of(spec_of(BOTH))
    names = ("turnover", "spending", "rural")
    assert [*dict.fromkeys(form.moderators for form in forms)] == [
        (),
        *((name,) for name in names),
        names,
    ]
    assert len(forms_of(spec_of())) == 10


def test_the_number_of_forms_speaks_for_no_side():
    forms = forms_of(spec_of(BOTH))
    prior = prior_weights(forms)
    assert sum(prior) == pytest.approx(1.0)
    of_moderated = sum(p for p, form in zip(prior, forms, strict=True) if form.moderated)
    assert of_moderated == pytest.approx(0.5)


def test_the_spec_of_a_form_is_the_form():
    spec = spec_of(BOTH)
    for form in forms_of(spec):
        found = form_spec(form, spec)
        assert found.authority.moderation == form.level
        assert found.gradient.curvature == form.curvature
        assert {*found.authority.moderators, *found.area.moderators} == set(form.moderators)
        held = found.priors.interaction == NO_INTERACTION
        assert held == (not form.moderated)
    assert spec.priors.interaction is None


def test_an_outcome_of_a_later_stage_stands_alone():
    stages = spec_of('[[outcomes]]\ncolumn = "plans"\nout_of = "referrals"\n')
    alone = spec_of_outcome(stages, stages.outcomes[1])
    (outcome,) = alone.outcomes
    assert alone.exposure_of(outcome) == "referrals"
    assert alone.family_of(outcome) == stages.family_of(stages.outcomes[1]) == "beta_binomial"
    assert alone.link_of(outcome) == "log"
    (first,) = spec_of_outcome(stages, stages.outcomes[0]).outcomes
    assert first.link is None
