from __future__ import annotations

import pytest

from bayesgrad.errors import SpecError
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.parts import Spatial
from bayesgrad.spec.support import LAPLACE_REFUSALS, refuse_unsupported
from tests.small import spec_of

STUDENT = 'slope = { distribution = "StudentT", nu = 4, mu = 0, sigma = 0.5 }'
TWO = ("referrals", "plans")
NEIGHBOURS = Spatial(adjacency=Adjacency.of([("A", "B")], alone=[]))
FORMS = {
    "[spatial] adjacency: the Laplace engine": spec_of().model_copy(update={"spatial": NEIGHBOURS}),
    '[authority] covariance = "low_rank": the Laplace engine': spec_of(
        '[authority]\ncovariance = "low_rank"', outcomes=TWO
    ),
    "[strata] authority_deviations = true: the Laplace engine": spec_of(
        '[strata]\ncolumn = "age"\nauthority_deviations = true'
    ),
    "[years] column = 'year': the Laplace engine": spec_of('[years]\ncolumn = "year"'),
    "family = 'beta_binomial' of referrals: the Laplace engine": spec_of(
        'family = "beta_binomial"'
    ),
    "[priors] slope = StudentT(4, 0, 0.5): the Laplace engine": spec_of(f"[priors]\n{STUDENT}"),
}


def by(engine: str, spec):
    sampling = spec.sampling.model_copy(update={"engine": engine})
    return spec.model_copy(update={"sampling": sampling})


@pytest.mark.parametrize(("told", "spec"), FORMS.items())
def test_a_form_that_the_laplace_engine_does_not_have_is_refused(told, spec):
    with pytest.raises(SpecError) as caught:
        refuse_unsupported(by("laplace", spec))
    assert caught.value.what.startswith(told)
    assert 'engine = "nuts"' in caught.value.do


@pytest.mark.parametrize("engine", ["nuts", "auto"])
@pytest.mark.parametrize("spec", FORMS.values())
def test_the_sampler_fits_every_form(engine, spec):
    refuse_unsupported(by(engine, spec))


FITTED = (
    spec_of(),
    spec_of('[likelihood]\nfamily = "poisson"'),
    spec_of('[likelihood]\nfamily = "binomial"\nlink = "log"'),
    spec_of('[strata]\ncolumn = "age"\nordered = true'),
    spec_of(outcomes=TWO),
    spec_of('[authority]\ncovariance = "by_outcome"', outcomes=TWO),
    spec_of('[authority]\ncovariance = "low_rank"'),
)


@pytest.mark.parametrize("spec", FITTED)
def test_the_laplace_engine_fits_other_forms(spec):
    refuse_unsupported(by("laplace", spec))


def test_each_refusal_is_of_its_own_form():
    def refused(spec) -> list[bool]:
        found = []
        for refuse in LAPLACE_REFUSALS:
            try:
                refuse(spec)
            except SpecError:
                found.append(True)
            else:
                found.append(False)
        return found

    assert [sum(refused(spec)) for spec in FORMS.values()] == [1] * len(FORMS)
    assert sum(refused(spec_of())) == 0
