from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.model.graph import build_model
from bayesgrad.model.start import Start
from tests.small import drawn_design, spec_of

FORMS = {
    "default": "",
    "Poisson": '[likelihood]\nfamily = "poisson"',
    "independent": '[authority]\nmoderation = "none"\ncovariance = "diagonal"',
    "full": """
[gradient]
curvature = "spline"
[authority]
moderation = "spline"
moderators = ["spend"]
[area]
covariates = ["rural"]
moderators = ["density"]
""",
    "centred": '[sampling]\nparameterisation = "centred"',
    "non-centred": '[sampling]\nparameterisation = "non_centred"',
}


def shapes_of(model) -> dict[str, tuple[int, ...]]:
    return {
        variable.name: tuple(
            len(model.coords[dim]) for dim in model.named_vars_to_dims[variable.name]
        )
        for variable in model.free_RVs
    }


@pytest.mark.parametrize("form", FORMS)
def test_every_form_starts_where_its_density_is_finite(form):
    spec = spec_of(FORMS[form])
    design = drawn_design(spec, authorities=8, areas=12)
    model = build_model(spec, design)
    shapes = shapes_of(model)
    start = Start.of(spec, design)
    density = model.compile_logp(mode="FAST_COMPILE")
    for seed in range(3):
        point, place, values = start.point(shapes, seed), 0, {}
        for variable in model.free_RVs:
            size = int(np.prod(shapes[variable.name]))
            part = point[place : place + size].reshape(shapes[variable.name])
            values[model.rvs_to_values[variable].name] = part
            place += size
        assert place == len(point)
        assert np.isfinite(density(values))


def test_the_centre_is_near_the_truth(england, england_spec, england_design):
    centre = Start.of(england_spec, england_design).centre
    truth = england.settings
    assert_allclose(np.exp(centre["overdispersion"]), truth.alpha**-0.5, atol=0.05)
    assert_allclose(centre["slope"], truth.slope, atol=0.1)
    assert_allclose(np.exp(centre["sd_intercept"]), truth.sd_intercept, rtol=0.5)


def test_a_seed_gives_one_point_and_another_seed_another():
    spec = spec_of()
    design = drawn_design(spec)
    shapes = shapes_of(build_model(spec, design))
    start = Start.of(spec, design)
    assert_allclose(start.point(shapes, 1), start.point(shapes, 1))
    assert not np.isin(start.point(shapes, 1), start.point(shapes, 2)).any()
