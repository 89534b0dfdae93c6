"""Parameters in the coordinates of each parameterisation, by matrices, one authority at a time."""

from __future__ import annotations

import numpy as np

from bayesgrad.design import Design
from bayesgrad.model.arrays import count_rows, model_arrays
from bayesgrad.model.neighbourhoods import whole_information
from bayesgrad.spec import ModelSpec
from tests.model.forms import (
    Parameters,
    blocks_of,
    covariances_of,
    deviations_of,
    effect_means,
    in_blocks,
    kinds_of,
)


def in_coordinates(spec: ModelSpec, design: Design, theta: Parameters) -> tuple[Parameters, float]:
    """Free variables of the model of a spec, and log |d parameters / d coordinates|.

    `theta` has authority effects and standardised contrasts, as of `drawn_parameters`.
    """
    found, jacobian = dict(theta), 0.0
    if spec.sampling.parameterisation != "centred":
        del found["authority_effects"]
        found["z"], jacobian = effects_in_coordinates(spec, design, theta)
    if spec.sampling.parameterisation == "non_centred":
        return found, jacobian
    arrays = model_arrays(spec, design)
    if design.neighbourhoods:
        z, more = neighbourhoods_in_coordinates(design, arrays, theta)
        found["z_neighbourhood"], jacobian = z, jacobian + more
    for kind in kinds_of(spec):
        if spec.sampling.parameterisation == "partial":
            sds, below = found.pop(f"sd_stratum_{kind}"), arrays[f"stratum_{kind}_scale"]
            above = spec.scale_prior(f"sd_stratum_{kind}").sigma
            found[f"sd_stratum_{kind}_guarded"], more = guarded(sds, above, below)
            jacobian += more
        for c, component in enumerate(design.strata_components):
            name = f"stratum_{kind}_{c}"
            sets = [component.basis] * len(design.forms)
            sd = theta[f"sd_stratum_{kind}"][:, c]
            z, more = contrasts_in_coordinates(arrays, name, theta[f"z_{name}"], sets, sd)
            found[f"z_{name}"], jacobian = z, jacobian + more
        name = f"authority_stratum_{kind}"
        if f"z_{name}" in theta:
            authorities, outcomes, _ = design.cells
            w = theta[f"z_{name}"].reshape(outcomes * authorities, -1)
            sets = [design.deviation_basis] * len(w)
            sd = np.repeat(theta[f"sd_{name}"], authorities)
            # What rows say of an authority's deviations follows the nation's.
            nation = deviations_of(design, theta, kind)["nation"]
            moved = np.repeat(nation - arrays[f"stratum_{kind}_mode"], authorities, axis=0)
            change = np.einsum("srk,sk->sr", arrays[f"{name}_response"], moved)
            shifted = arrays | {f"{name}_pull": arrays[f"{name}_pull"] - change}
            z, more = contrasts_in_coordinates(shifted, name, w, sets, sd)
            found[f"z_{name}"] = z.reshape(theta[f"z_{name}"].shape)
            jacobian += more
    return found, jacobian


def guarded(sd: np.ndarray, above: float, below: np.ndarray) -> tuple[np.ndarray, float]:
    """Guarded scale of standard deviations, and log |d sd / d u|."""
    ratio = np.expm1(sd / above)
    u = -np.log(np.expm1(below / above / ratio))
    rise = below / above / np.log1p(np.exp(-u)) ** 2 / (1.0 + np.exp(u))
    return u, float(np.log(above / (1.0 + ratio) * rise).sum())


def effects_in_coordinates(
    spec: ModelSpec, design: Design, theta: Parameters
) -> tuple[np.ndarray, float]:
    """Coordinates z, (outcomes, 2, authorities), and log |d effects / d z|."""
    blocks, size = blocks_of(spec)
    effects = in_blocks(spec, theta["authority_effects"])
    means = in_blocks(spec, effect_means(design, theta))
    z, jacobian = np.empty((blocks, size, len(effects))), 0.0
    informed = spec.sampling.parameterisation == "partial"
    slopes = "slope" in kinds_of(spec)
    found, _ = whole_information(design, count_rows(design), stratum_slopes=slopes)
    per_block = size // 2
    for b, covariance in enumerate(covariances_of(spec, theta)):
        root = np.linalg.cholesky(covariance)
        outcomes = range(b * per_block, (b + 1) * per_block)
        for j in range(len(effects)):
            curvature, pull = np.zeros((size, size)), np.zeros(size)
            for place, s in enumerate(outcomes if informed else ()):
                own = slice(2 * place, 2 * place + 2)
                curvature[own, own] = found.curvature[s, :, :, j]
                pull[own] = found.pull[s, :, j]
            factor = np.linalg.cholesky(np.eye(size) + root.T @ curvature @ root)
            target = root.T @ (pull - curvature @ means[j, b])
            w = np.linalg.solve(root, effects[j, b] - means[j, b])
            z[b, :, j] = factor.T @ w - np.linalg.solve(factor, target)
            jacobian += np.log(np.diag(root)).sum() - np.log(np.diag(factor)).sum()
    return z.reshape(len(design.forms), 2, -1), jacobian


def neighbourhoods_in_coordinates(
    design: Design, arrays: dict[str, np.ndarray], theta: Parameters
) -> tuple[np.ndarray, float]:
    """Informed coordinates of standardised effects w, (outcomes, n), and log |d w / d z|."""
    authorities, outcomes, _ = design.cells
    effects = theta["authority_effects"].reshape(authorities, outcomes, 2)
    of_authority = effects[design.neighbourhood_authority].transpose(2, 1, 0)
    information = arrays["neighbourhood_information"]
    sd = theta["sd_neighbourhood"][:, None]
    m = 1.0 + sd**2 * information[:, 0]
    rest = arrays["neighbourhood_pull"] - (information.swapaxes(0, 1) * of_authority).sum(axis=0)
    z = (theta["z_neighbourhood"] - sd * rest / m) * np.sqrt(m)
    return z, -0.5 * float(np.log(m).sum())


def contrasts_in_coordinates(
    arrays: dict[str, np.ndarray],
    name: str,
    w: np.ndarray,
    sets: list[np.ndarray],
    sd: np.ndarray,
) -> tuple[np.ndarray, float]:
    """Informed coordinates of contrasts w, (sets, contrasts), and log |d w / d z|."""
    z, jacobian = np.empty_like(w), 0.0
    for s, basis in enumerate(sets):
        rotation = np.linalg.pinv(basis) @ arrays[f"{name}_basis"][s]
        m = 1.0 + sd[s] ** 2 * arrays[f"{name}_information"][s]
        z[s] = (rotation.T @ w[s] - sd[s] * arrays[f"{name}_pull"][s] / m) * np.sqrt(m)
        jacobian -= 0.5 * np.log(m).sum()
    return z, jacobian
