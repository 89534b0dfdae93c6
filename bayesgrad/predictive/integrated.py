r"""Likelihood of each authority with its own effects integrated out.

For authority j and draw s of all that authorities share,

.. math:: m_j(s) = \ln \int \prod_{i \in j} p(y_i \mid \theta, s) \, N(\theta; \mu_j(s), \Sigma(s))
          \, d\theta,

over its rows of all outcomes and strata; where neighbours are alike, s includes the effects of all
other authorities, and the normal distribution is that given them. Strata share the authority's
effects; what the nation's strata deviate by is known in each draw.

Where outcomes do not share a covariance the integral is a product over outcomes, each over an
intercept and a slope: by adaptive Gauss-Hermite quadrature (Pinheiro and Bates 1995), centred and
scaled by the effects' conditional posterior, or, where there is much information, by Laplace's
method (`bayesgrad.predictive.kernels.laplace`).

Where they do, or where an authority's strata deviate by amounts of its own, it is over all effects
by Laplace's method. Its error is about 1 / (12 y) for each effect that y events inform, and less
where the distribution of effects informs more than they: below 0.01 for an outcome of some ten
events, and below 0.1 for one of almost none. Neither method is so near under the log link of cases
where nearly all have events, for the likelihood then ends abruptly at a probability of 1: the logit
suits such cases.

Effects of larger neighbourhoods belong to the authority that is left out, and are integrated out
too: each by adaptive quadrature of its own, for given effects of its authority, within these
integrals (`bayesgrad.predictive.kernels.neighbourhoods`). The rows of an authority and outcome are
put in the order of their neighbourhoods for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayesgrad.areas.effects import EFFECTS
from bayesgrad.design.design import Design, Integers
from bayesgrad.design.splines import Floats
from bayesgrad.errors import FitError
from bayesgrad.predictive.effects_prior import (
    deviation_factors,
    effects_distribution,
    factor_of,
)
from bayesgrad.predictive.kernels import (
    AuthorityRows,
    Prior,
    Quadratic,
    Segments,
    cell_derivatives,
    gauss_hermite,
    laplace,
    quadrature,
    workspace,
)
from bayesgrad.predictive.predictor import (
    RowParts,
    family_numbers,
    row_bounds,
    row_cases,
    row_counts,
    row_parts,
    sizes,
)
from bayesgrad.predictive.totals import total_terms

NODES = 3
"""Nodes of the rule for each effect of an authority: right to 0.001 where there is information.
"""
MORE_NODES = 7
LITTLE_INFORMATION = 200.0
"""Information on its intercept below which an authority takes `MORE_NODES`, since the conditional
posterior is then less like a normal one: the precision that its counts give to its intercept, which
is its number of events for the Poisson."""
MUCH_INFORMATION = 1000.0
"""From here on Laplace's method, a sixth of the work, is right to 0.001 as well."""

NEIGHBOURHOOD_NODES = 3
"""Nodes of the rule for each neighbourhood's effect, which its prior confines."""

LARGEST_OFFSETS = 2**18
"""Numbers in an array of rows by draws: one authority's draws are taken a few at a time."""


def integrated_likelihood(design: Design, sample: xr.Dataset) -> Floats:
    """Log likelihood of every authority's rows, of all outcomes, in each draw.

    Parameters
    ----------
    design : Design
    sample : Dataset
        From `bayesgrad.areas.rates.thinned`.

    Returns
    -------
    ndarray, shape (authorities, sample)

    Raises
    ------
    FitError
        For neighbourhoods together with strata of an authority's own.
    """
    if design.neighbourhoods and "authority_stratum_intercept" in sample:
        raise FitError(
            "effects of neighbourhoods tie the strata of an authority's own together, and the "
            "score of an authority left out is not known",
            "Leave out [columns] neighbourhood or [strata] authority_deviations.",
        )
    likelihood = _likelihood(design, sample)
    of_effects = _jointly if _is_joint(sample) else _by_outcome
    total = of_effects(design, sample, likelihood)
    starts = _starts(design, together=True)
    terms = total_terms(design, likelihood.size)
    for authority, outcome in np.ndindex(design.cells[:2]):
        place = authority * len(terms) + outcome
        total[authority] += terms[outcome].total(slice(starts[place], starts[place + 1]))
    return total


def _is_joint(sample: xr.Dataset) -> bool:
    return "effect_correlation" in sample or "authority_stratum_intercept" in sample


def _starts(design: Design, *, together: bool) -> Integers:
    """First row of each cell, or of the cells of all strata together, and the number of rows."""
    return design.cell_starts()[:: design.cells[2] if together else 1]


@dataclass(frozen=True, eq=False)
class _Likelihood:
    """Arrays of the rows and draws that integrals read.

    Attributes
    ----------
    stratum : ndarray of int64, shape (rows,)
    size : ndarray, shape (sample, outcomes)
        Alpha.
    strata : list of ndarray or None
        Deviations of intercepts and of slopes, (sample, outcomes, strata).
    sd : ndarray, shape (sample, outcomes)
        Of the effects of neighbourhoods; 0 without any.
    segment : ndarray of int64, shape (segments + 1,) or (0,)
        First row of each authority, outcome and neighbourhood, in the order of these arrays.
    bounds : ndarray of int64, shape (2,)
        Smallest and largest count that is suppressed.
    """

    count: Floats
    cases: Floats
    x: Floats
    stratum: Integers
    family: list[int]
    size: Floats
    parts: RowParts
    strata: list[Floats | None]
    sd: Floats
    segment: Integers
    bounds: Integers

    def offset(self, rows: slice, outcome: int, draws: slice) -> Floats:
        """Linear predictors without effects of the authority, (draws, rows) or (1, rows)."""
        total = self.parts.at(rows, outcome=outcome, draws=draws)
        of_effects = (np.ones(rows.stop - rows.start), self.x[rows])
        for values, column in zip(self.strata, of_effects, strict=True):
            if values is not None:
                total = total + values[draws, outcome][:, self.stratum[rows]] * column
        return np.ascontiguousarray(total)

    def segments(self, bounds: Integers) -> Segments:
        """Segments of the cells with these bounds, rows counted from the first."""
        first = np.searchsorted(self.segment, bounds)
        own = self.segment[first[0] : first[-1] + 1] - bounds[0]
        rule = gauss_hermite(NEIGHBOURHOOD_NODES)
        return Segments(own, first - first[0], np.zeros(max(len(own) - 1, 0)), *rule)

    def quadratic(
        self, rows: slice, outcome: int, offset: Floats, centre: Floats
    ) -> tuple[Floats, Floats]:
        """Quadratic of the likelihood in two effects at the mean of draws: h (2,), H (3,)."""
        _, *gradient, h00, h01, h11 = cell_derivatives(
            self.family[outcome],
            offset.mean(axis=0),
            self.count[rows],
            self.cases[rows],
            self.x[rows],
            0,
            (0, rows.stop - rows.start),
            1.0 / float(np.mean(1.0 / self.size[:, outcome])),
            float(self.sd[:, outcome].mean()),
            float(centre[0]),
            float(centre[1]),
            self.segments(np.array([rows.start, rows.stop])),
            self.bounds,
            workspace(),
        )
        curvature = np.array([h00, h01, h11])
        return gradient + curvature[[[0, 1], [1, 2]]] @ centre, curvature


def _likelihood(design: Design, sample: xr.Dataset) -> _Likelihood:
    names = [f"stratum_{effect}" for effect in EFFECTS]
    order, segment = _by_neighbourhood(design)
    sd = sample.get("sd_neighbourhood", xr.zeros_like(sample["sd_intercept"]))
    return _Likelihood(
        count=row_counts(design)[order],
        cases=row_cases(design)[order],
        x=np.ascontiguousarray(design.rows.x[order]),
        stratum=(design.rows.cell % design.cells[2])[order],
        family=family_numbers(design),
        size=sizes(design, sample),
        parts=row_parts(design, sample).of(order),
        sd=np.ascontiguousarray(sd.transpose("sample", "outcome").values),
        segment=segment,
        strata=[
            sample[name].transpose("sample", "outcome", "stratum").values
            if name in sample
            else None
            for name in names
        ],
        bounds=row_bounds(design),
    )


def _by_neighbourhood(design: Design) -> tuple[Integers | slice, Integers]:
    """Order of rows by authority, outcome and neighbourhood, and the first row of each of these."""
    if not design.neighbourhoods:
        return slice(None), np.empty(0, dtype=np.int64)
    of_authority = design.rows.cell // design.cells[2]
    key = of_authority * len(design.neighbourhoods) + design.rows.neighbourhood
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    return order, np.append(first, len(key))


def _centres(sample: xr.Dataset) -> Floats:
    """Posterior means of authorities' effects, (authorities, outcomes, strata or 1, 2)."""
    found = []
    for effect in EFFECTS:
        mean = sample[f"authority_{effect}"].mean("sample")
        own = sample.get(f"authority_stratum_{effect}")
        if own is not None:
            mean = mean + own.mean("sample")
        values = mean.transpose("authority", "outcome", ...).values
        found.append(values if values.ndim == 3 else values[..., None])
    return np.stack(np.broadcast_arrays(*found), axis=-1)


def _by_outcome(design: Design, sample: xr.Dataset, likelihood: _Likelihood) -> Floats:
    """Product over outcomes, without the terms of totals: (authorities, sample)."""
    authorities, outcomes, _ = design.cells
    effects, centres = effects_distribution(design, sample), _centres(sample)
    starts = _starts(design, together=True)
    total = np.zeros((authorities, sample.sizes["sample"]))
    for authority, outcome in np.ndindex(authorities, outcomes):
        place = authority * outcomes + outcome
        total[authority] += _of_one(
            likelihood,
            slice(int(starts[place]), int(starts[place + 1])),
            outcome,
            mean=effects.mean[authority, outcome],
            covariance=effects.of_outcome(authority, outcome),
            centre=centres[authority, outcome, 0],
        )
    return total


def _of_one(
    likelihood: _Likelihood,
    rows: slice,
    outcome: int,
    *,
    mean: Floats,
    covariance: Floats,
    centre: Floats,
) -> Floats:
    """Integral over the two effects of one authority and outcome, (sample,)."""
    found, factor = np.empty(len(mean)), factor_of(covariance)
    family = likelihood.family[outcome]
    arrays = likelihood.count[rows], likelihood.cases[rows], likelihood.x[rows]
    size = likelihood.size[:, outcome : outcome + 1]
    sd = likelihood.sd[:, outcome : outcome + 1]
    segments = likelihood.segments(np.array([rows.start, rows.stop]))
    for draws in _chunks(len(mean), rows.stop - rows.start):
        offset = likelihood.offset(rows, outcome, draws)
        if draws.start == 0:
            pull, curvature = likelihood.quadratic(rows, outcome, offset, centre)
            much = curvature[0] >= MUCH_INFORMATION
            rule = gauss_hermite(NODES if curvature[0] >= LITTLE_INFORMATION else MORE_NODES)
        if much:
            alone = AuthorityRows(
                *arrays,
                np.array([0, rows.stop - rows.start]),
                np.array([0]),
                np.array([family]),
                segments,
                likelihood.bounds,
                np.ones((1, 1)),
            )
            prior = Prior(mean[draws], covariance[draws], np.zeros_like(mean[draws]))
            start = Quadratic(pull[None], curvature[None])
            laplace(alone, offset, size[draws], sd[draws], prior, start, found[draws])
        else:
            own = (np.ascontiguousarray(values[draws, 0]) for values in (size, sd))
            effects = mean[draws], factor[draws], curvature, pull
            known = likelihood.bounds
            quadrature(
                family, offset, *arrays, segments, *own, *effects, *rule, known, found[draws]
            )
    return found


def _jointly(design: Design, sample: xr.Dataset, likelihood: _Likelihood) -> Floats:
    """Integral over all effects of each authority: (authorities, sample)."""
    authorities, outcomes, _ = design.cells
    size = sample.sizes["sample"]
    effects, centres = effects_distribution(design, sample), _centres(sample)
    apart = centres.shape[2]
    starts = _starts(design, together=apart == 1)
    total = np.empty((authorities, size))
    for authority in range(authorities):
        if authority < len(effects.covariance):
            covariance = effects.covariance[authority]
            load, shared, own = deviation_factors(design, sample, covariance)
        first = authority * outcomes * apart
        bounds = starts[first : first + outcomes * apart + 1]
        prior = Prior(effects.mean[authority].swapaxes(0, 1).reshape(size, -1), shared, own)
        _integrate(likelihood, bounds, (load, prior), centres[authority], total[authority])
    return total


def _integrate(
    likelihood: _Likelihood,
    bounds: Integers,
    prior: tuple[Floats, Prior],
    centres: Floats,
    out: Floats,
) -> None:
    """Fill the integrated likelihood of one authority, (sample,), whose cells have these bounds."""
    outcomes, apart, _ = centres.shape
    load, of_draws = prior
    every = slice(int(bounds[0]), int(bounds[-1]))
    cells = [
        (outcome, slice(int(bounds[c]), int(bounds[c + 1])))
        for c, (outcome, _) in enumerate(np.ndindex(outcomes, apart))
    ]
    rows = AuthorityRows(
        likelihood.count[every],
        likelihood.cases[every],
        likelihood.x[every],
        bounds - bounds[0],
        np.repeat(np.arange(outcomes), apart),
        np.array(likelihood.family),
        likelihood.segments(bounds),
        likelihood.bounds,
        np.tile(load[:apart], (outcomes, 1)),
    )
    for draws in _chunks(len(out), every.stop - every.start):
        offsets = [likelihood.offset(own, outcome, draws) for outcome, own in cells]
        if draws.start == 0:
            quadratics = [
                likelihood.quadratic(own, outcome, offset, centre)
                for (outcome, own), offset, centre in zip(
                    cells, offsets, centres.reshape(-1, 2), strict=True
                )
            ]
            start = Quadratic(*(np.array(part) for part in zip(*quadratics, strict=True)))
        laplace(
            rows,
            np.hstack(offsets),
            likelihood.size[draws],
            likelihood.sd[draws],
            Prior(*(part[draws] for part in of_draws)),
            start,
            out[draws],
        )


def _chunks(draws: int, rows: int) -> list[slice]:
    size = max(1, LARGEST_OFFSETS // max(rows, 1))
    return [slice(first, min(first + size, draws)) for first in range(0, draws, size)]
