r"""Inequality of fitted rates over the areas of one place (an authority, or the nation).

With :math:`r` the relative rank of areas by deprivation (0 least, 1 most deprived, weighted by
exposure E), :math:`\lambda` the fitted rates and :math:`R = \sum E \lambda / \sum E`:

- :math:`\beta`: slope of the E-weighted regression of :math:`\ln \lambda` on r;
- relative index of inequality :math:`RII = e^\beta`, the rate ratio of the two ends of the line;
- slope index of inequality :math:`SII = 10{,}000 \, R \, \beta`: the difference of the two ends of
  the line :math:`e^{a + \beta r}` whose mean over the population is R;
- concentration index :math:`C = 2 \, cov_E(\lambda, r) / R`, above 0 where events gather in
  deprived areas;
- population attributable fraction :math:`PAF = 1 - \lambda_{\text{lowest}} / R`, with the rate of
  the least deprived tenth of the population: the share of events in excess of its rate.

The log-linear form keeps both ends of the line above 0 (Mackenbach and Kunst 1997; Kakwani,
Wagstaff and van Doorslaer 1997 for C).
"""

from __future__ import annotations

import numpy as np

from bayesgrad.areas.ranks import relative_rank
from bayesgrad.design.splines import Floats

MEASURES = ("rii", "sii_per_10000", "concentration_index", "paf")

LOWEST = 0.1
"""Share of the population whose rate the PAF compares with: at least the least deprived area."""


class Inequality:
    """Inequality of one place, from the fitted rates of its areas given a few at a time, in order.

    Parameters
    ----------
    sample : int
        Number of joint draws.
    deprivation, exposure : ndarray, shape (areas,)
        All areas of the place.
    """

    def __init__(self, sample: int, *, deprivation: Floats, exposure: Floats) -> None:
        rank = relative_rank(deprivation, exposure)
        self._rank = rank - 0.5
        self._exposure = exposure
        self._lowest = (rank <= max(LOWEST, rank.min())).astype(np.float64)
        self._next = 0
        self._events = np.zeros(sample)
        self._events_by_rank = np.zeros(sample)
        self._lowest_events = np.zeros(sample)
        self._log_rate_by_rank = np.zeros(sample)

    def add(self, *, log_rate: Floats, events: Floats) -> None:
        """Add the next areas: their log rates and fitted events, each (sample, n)."""
        rows = slice(self._next, self._next + log_rate.shape[1])
        self._next = rows.stop
        self._events += events.sum(axis=1)
        self._events_by_rank += events @ self._rank[rows]
        self._lowest_events += events @ self._lowest[rows]
        self._log_rate_by_rank += log_rate @ (self._exposure * self._rank)[rows]

    def measures(self) -> dict[str, Floats]:
        """Return each of `MEASURES`, shape (sample,); NaN where deprivation does not vary."""
        variance = float(self._exposure @ self._rank**2)
        if variance == 0:
            return dict.fromkeys(MEASURES, np.full(len(self._events), np.nan))
        rate = self._events / self._exposure.sum()
        slope = self._log_rate_by_rank / variance
        lowest_rate = self._lowest_events / float(self._exposure @ self._lowest)
        return {
            "rii": np.exp(slope),
            "sii_per_10000": 10_000.0 * rate * slope,
            "concentration_index": 2.0 * self._events_by_rank / self._events,
            "paf": 1.0 - lowest_rate / rate,
        }
