r"""Effects of authorities that neighbours share: a BYM2 prior, in any coordinates of the effects.

With :math:`U \operatorname{diag}(\lambda) U'` the covariance that neighbours give structured
effects of variance 1 (`bayesgrad.design.neighbours`), effect e of all authorities has the
covariance

.. math:: \sigma_e^2 [(1 - \phi_e) I + \phi_e U \operatorname{diag}(\lambda) U']
          = U \operatorname{diag}(\sigma_e^2 f_{ek}) U', \qquad
          f_{ek} = 1 - \phi_e + \phi_e \lambda_k,

so that a share :math:`\phi_e` of its variance is structured, and :math:`\sigma_e` is the standard
deviation of the whole (Riebler et al. 2016). In each column of U the effects, divided by
:math:`\sigma_e \sqrt{f_{ek}}`, have the correlations :math:`R = L L'` of a model without
neighbours. The structured part is not sampled: it is summed into the covariance, so that there is
nothing that data would tie to it.

With :math:`s_k = U_k' (\theta - \mu) / \sigma`, the log density of the effects less that of
independent authorities (:math:`f = 1`) is

.. math:: \tfrac{1}{2} \sum_k \left( |L^{-1} s_k|^2 - |L^{-1} (s_k / \sqrt{f_k})|^2
          - \sum_e \ln f_{ek} \right).

It is added to the prior of `bayesgrad.model.effects` as it is: the coordinates, whichever they are,
keep their exact change of variables, and those informed by an authority's own rows suit plentiful
and scarce data alike. (PyMC's draws from the prior do not see it.)
"""

from __future__ import annotations

from typing import Any

import pymc as pm

from bayesgrad.kernels.coordinates.bym2 import OfNeighbours, Touching
from bayesgrad.model.effects import EffectsPrior
from bayesgrad.model.operations import density_of_neighbours
from bayesgrad.model.strata import KINDS

Tensor = Any


def neighbours_prior(
    prior: EffectsPrior, data: dict[str, Tensor], effects: tuple[Tensor, Tensor]
) -> None:
    """Add what neighbours share to the prior of effects, in the model in context.

    The variables ``phi_intercept`` and ``phi_slope``, each (outcomes,), are added too.

    Parameters
    ----------
    prior : EffectsPrior
        Of independent authorities.
    data : dict of tensors
        ``authority_columns`` (terms, authorities), ``neighbour_vectors`` (authorities,
        authorities), with the eigenvectors in columns, and ``neighbour_values`` (authorities,).
    effects : pair of tensors
        Intercepts and slopes, each (authorities, outcomes).
    """
    phi = [pm.Uniform(f"phi_{kind}", 0.0, 1.0, dims=("outcome",)) for kind in KINDS]
    density = density_of_neighbours(
        prior.coefficients,
        prior.covariance,
        OfNeighbours(*effects, *phi),
        Touching(data["authority_columns"], data["neighbour_vectors"], data["neighbour_values"]),
    )
    pm.Potential("neighbours_prior", density)
