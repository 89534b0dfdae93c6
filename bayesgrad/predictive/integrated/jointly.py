"""Integrals over all effects of an authority at once."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.kernels.scores.authority_rows import Quadratic
from bayesgrad.kernels.scores.factored_prior import Prior
from bayesgrad.kernels.scores.laplace import laplace
from bayesgrad.predictive.effects_prior import deviation_factors, effects_distribution
from bayesgrad.predictive.integrated.integrand import Integrand, centres_of, chunks, first_rows


def jointly(design: Design, sample: xr.Dataset, integrand: Integrand) -> Floats:
    """Integral over all effects of each authority: (authorities, sample)."""
    authorities, outcomes, _ = design.cells
    size = sample.sizes["sample"]
    effects, centres = effects_distribution(design, sample), centres_of(sample)
    apart = centres.shape[2]
    starts = first_rows(design, apart=apart > 1)
    total = np.empty((authorities, size))
    for authority in range(authorities):
        if authority < len(effects.covariance):
            covariance = effects.covariance[authority]
            load, shared, own = deviation_factors(design, sample, covariance)
        first = authority * outcomes * apart
        bounds = starts[first : first + outcomes * apart + 1]
        prior = Prior(effects.mean[authority].swapaxes(0, 1).reshape(size, -1), shared, own)
        _of_one(integrand, bounds, (load, prior), centres[authority], total[authority])
    return total


def _of_one(
    integrand: Integrand,
    bounds: Integers,
    prior: tuple[Floats, Prior],
    centres: Floats,
    out: Floats,
) -> None:
    """Fill the integrated likelihood of one authority, (sample,), whose cells have these bounds."""
    outcomes, apart, _ = centres.shape
    load, of_draws = prior
    cells = [
        (outcome, slice(int(bounds[c]), int(bounds[c + 1])))
        for c, (outcome, _) in enumerate(np.ndindex(outcomes, apart))
    ]
    rows = integrand.authority_rows(
        bounds,
        outcome=np.repeat(np.arange(outcomes), apart),
        family=np.array(integrand.family),
        load=np.tile(load[:apart], (outcomes, 1)),
    )
    for draws in chunks(len(out), int(bounds[-1] - bounds[0])):
        offsets = [integrand.offset(own, outcome, draws) for outcome, own in cells]
        if draws.start == 0:
            quadratics = [
                integrand.quadratic(own, outcome, offset, centre)
                for (outcome, own), offset, centre in zip(
                    cells, offsets, centres.reshape(-1, 2), strict=True
                )
            ]
            start = Quadratic(*(np.array(part) for part in zip(*quadratics, strict=True)))
        laplace(
            rows,
            np.hstack(offsets),
            integrand.size[draws],
            integrand.sd[draws],
            Prior(*(np.ascontiguousarray(part[draws]) for part in of_draws)),
            start,
            out[draws],
        )
