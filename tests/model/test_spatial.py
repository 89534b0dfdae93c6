"""The covariance that neighbours give the effects of authorities, read off the model itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bayesgrad.model.graph import build_model
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.model_spec import Spatial
from tests.model.forms import MODE, NON_CENTRED, point_of
from tests.small import drawn_design, spec_of

CODES = [f"A{j:02d}" for j in range(5)]
PAIRS = [("A00", "A01"), ("A01", "A02"), ("A00", "A02"), ("A02", "A03")]


def spatial_spec(text=""):
    adjacency = Adjacency.of(PAIRS, alone=["A04"])
    spec = spec_of(text)
    return spec.model_copy(update={"spatial": Spatial(adjacency=adjacency)})


@pytest.fixture(scope="module")
def model():
    spec = spatial_spec(NON_CENTRED)
    return build_model(spec, drawn_design(spec))


def theta_of(model, **changed):
    theta = {
        "intercept": [-3.0],
        "slope": [0.4],
        "between": [[0.2]],
        "interaction": [[-0.1]],
        "sd_intercept": [0.5],
        "sd_slope": [0.2],
        "phi_intercept": [0.7],
        "phi_slope": [0.25],
        "correlation_half": [0.35],
        "overdispersion": [0.4],
        "z_spatial_intercept": np.zeros((1, 4)),
        "z_spatial_slope": np.zeros((1, 4)),
        "z": np.zeros((1, 2, 5)),
    }
    return {name: np.array(value, dtype=float) for name, value in (theta | changed).items()}


def test_effects_have_the_covariance_of_the_convolution(model):
    names = ["authority_intercept", "authority_slope"]
    evaluate = model.compile_fn(
        model.replace_rvs_by_values([model[name] for name in names]),
        inputs=model.value_vars,
        mode=MODE,
        on_unused_input="ignore",
    )

    def effects(**changed):
        return np.concatenate(
            [np.ravel(part) for part in evaluate(point_of(model, theta_of(model, **changed)))]
        )

    middle, columns = effects(), []
    for name in ("z_spatial_intercept", "z_spatial_slope", "z"):
        shape = theta_of(model)[name].shape
        for index in np.ndindex(shape):
            unit = np.zeros(shape)
            unit[index] = 1.0
            columns.append(effects(**{name: unit}) - middle)
    found = np.array(columns).T @ np.array(columns)

    precision = np.zeros((4, 4))
    for one, other in PAIRS:
        i, k = CODES.index(one), CODES.index(other)
        precision[[i, k], [k, i]] -= 1.0
        precision[[i, k], [i, k]] += 1.0
    structured = np.eye(5)
    inverse = np.linalg.pinv(precision)
    structured[:4, :4] = inverse / np.exp(np.log(np.diag(inverse)).mean())
    sd, phi, rho = np.array([0.5, 0.2]), np.array([0.7, 0.25]), 2 * 0.35 - 1.0
    expected = np.zeros((10, 10))
    for e in (0, 1):
        own = slice(5 * e, 5 * e + 5)
        expected[own, own] = sd[e] ** 2 * (phi[e] * structured + (1 - phi[e]) * np.eye(5))
    cross = rho * np.prod(sd * np.sqrt(1 - phi)) * np.eye(5)
    expected[:5, 5:] = expected[5:, :5] = cross
    assert_allclose(found, expected, atol=1e-10)


def test_the_model_has_the_variables_of_neighbours_and_no_more(model):
    names = {variable.name for variable in model.free_RVs}
    assert names == set(theta_of(model))
