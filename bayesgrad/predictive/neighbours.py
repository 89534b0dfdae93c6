r"""Effects of an authority given those of all others, where neighbours are alike.

With the precision :math:`P = \sum_k U_k U_k' \otimes S_k^{-1}` of all effects, :math:`S_k` the
covariance of the K effects along eigenvector k (`bayesgrad.model.spatial`), and r the effects less
their systematic part, those of authority j have, given the others,

.. math:: E(r_j \mid r_{-j}) = r_j - P_{jj}^{-1} (P r)_j, \qquad
          \operatorname{cov}(r_j \mid r_{-j}) = P_{jj}^{-1}.

So effects of others are known in each draw, as other parameters are, and importance ratios that
leave authority j out are those of its own counts alone.
"""

from __future__ import annotations

import numpy as np

from bayesgrad.design.neighbours import Neighbours
from bayesgrad.design.splines import Floats


def given_others(
    neighbours: Neighbours, effects: Floats, covariance: Floats, share: Floats
) -> tuple[Floats, Floats]:
    """Distribution of each authority's effects given those of the others, in each draw.

    Parameters
    ----------
    neighbours : Neighbours
    effects : ndarray, shape (authorities, sample, K)
        Less their systematic part.
    covariance : ndarray, shape (sample, K, K)
        Of the effects of an authority, were authorities independent.
    share : ndarray, shape (sample, K)
        Structured share of the variance of each effect.

    Returns
    -------
    mean : ndarray, shape (authorities, sample, K)
        Of the effects less their systematic part.
    covariance : ndarray, shape (authorities, sample, K, K)
    """
    vectors = neighbours.vectors
    scale = neighbours.inflation(share) ** -0.5
    inverse = np.linalg.inv(covariance)
    size = share.shape[1]
    own = np.empty((*effects.shape, size))
    for i, k in np.ndindex(size, size):
        own[..., i, k] = inverse[:, i, k] * (vectors**2 @ (scale[..., i] * scale[..., k]))
    along = scale * np.tensordot(vectors.T, effects, axes=1)
    pulled = np.einsum("nik,mnk->mni", inverse, along)
    whole = np.tensordot(vectors, scale * pulled, axes=1)
    conditional = np.linalg.inv(own)
    return effects - np.einsum("jnik,jnk->jni", conditional, whole), conditional
