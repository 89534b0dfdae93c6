r"""Power-scaling sensitivity of draws to a part of their log density (Kallioinen et al. 2024).

Were a part of the density raised to the power :math:`\alpha`, draws would have the weights
:math:`p^{\alpha - 1}`. The sensitivity of a quantity is how fast its weighted distribution leaves
the unweighted one as :math:`\alpha` leaves 1: the cumulative Jensen-Shannon distance of the two per
doubling of the power. 0.05 is about a shift of the mean by 0.3 standard deviations.

References
----------
Kallioinen, Paananen, Bürkner and Vehtari (2024), Statistics and Computing 34, 57.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.design.splines import Floats

POWERS = (0.99, 1.01)
"""Powers whose distances give the slope at 1, as in ArviZ's `psense`; so near to 1 that weights
need no smoothing."""


def sensitivities(draws: Floats, log_densities: Floats) -> Floats:
    """Sensitivity of one quantity to each of several parts of its density.

    Parameters
    ----------
    draws : ndarray, shape (draws,)
    log_densities : ndarray, shape (parts, draws)
        Of the parts at the same draws, less any constants.

    Returns
    -------
    ndarray, shape (parts,)
        0 for a quantity that does not vary.
    """
    if np.ptp(draws) == 0.0:
        return np.zeros(len(log_densities))
    order = np.argsort(draws)
    values, parts = draws[order], log_densities[:, order]
    parts = parts - parts.mean(axis=1, keepdims=True)
    found = np.zeros(len(parts))
    for power in POWERS:
        weights = np.exp((power - 1.0) * parts)
        distance = np.maximum(
            _distances(values, weights), _distances(-values[::-1], weights[:, ::-1])
        )
        found += 0.5 * distance / abs(np.log2(power))
    return found


def _distances(values: Floats, weights: Floats) -> Floats:
    """Cumulative Jensen-Shannon distance of sorted values from the same values weighted, (parts,).

    Values are (draws,), weights (parts, draws).
    """
    width, size = np.diff(values), len(values)
    plain = np.linspace(1.0 / size, 1.0 - 1.0 / size, size - 1)
    total = np.cumsum(weights, axis=1)
    weighted = total[:, :-1] / total[:, -1:]
    middle = np.log2(0.5 * (plain + weighted))
    of_plain, of_weighted = width @ plain, weighted @ width
    excess = (of_weighted - of_plain) / (2.0 * np.log(2.0))
    first = (plain * (np.log2(plain) - middle)) @ width + excess
    second = (weighted * (np.log2(weighted) - middle)) @ width - excess
    both = np.maximum(first, 0.0) + np.maximum(second, 0.0)
    found: Floats = np.sqrt(both / (of_plain + of_weighted))
    return found
