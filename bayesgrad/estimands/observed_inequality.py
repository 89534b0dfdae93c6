r"""Inequality of the observed rates themselves, beside that of the fitted ones.

From the events :math:`y_k` and exposures :math:`E_k` of bands of deprivation, with :math:`r_k` the
middle of each band's share of the population, least deprived first, and R the rate of all:

- observed: the definitions of `bayesgrad.areas.inequality`, with the observed rates of twentieths
  in place of the fitted rates of areas: the E-weighted regression of :math:`\ln (y_k / E_k)` on
  :math:`r_k`, of slope :math:`\beta`, :math:`RII = e^\beta` and
  :math:`SII = 10{,}000 \, R \, \beta`; and :math:`PAF = 1 - \lambda_{\text{lowest}} / R` with the
  observed rate of the least deprived tenth;
- as PHEindicatormethods has them (`phe_sii`, untransformed): the population-weighted straight line
  :math:`y_k / E_k = a + b r_k` over tenths, of which :math:`SII = 10{,}000 \, b` and
  :math:`RII = (a + b) / a`, which is negative where the line falls below 0.

They tell a reader how far the fitted lines of authorities, which are straight on the log scale
unless the spec asks for a curve, describe the nation.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayesgrad.design.splines import Floats

OBSERVED = (
    "rii_observed",
    "sii_observed_per_10000",
    "paf_observed",
    "rii_phe",
    "sii_phe_per_10000",
)
TENTHS = 10
LOWEST = 0.1
"""Share of the population whose rate the PAF compares with."""
NEAR = 0.02
"""How far from that share the least deprived bands may be."""


def observed_inequality(rates: xr.Dataset) -> xr.Dataset:
    """Measures of each outcome over the whole table: no draws, dimension outcome.

    Missing where a band has no observed events to go by (withheld, or suppressed), and `PAF` where
    no bands make up the least deprived tenth.

    Parameters
    ----------
    rates : Dataset
        ``observed`` and ``exposure`` (outcome, band), least deprived first.
    """
    pairs = zip(rates["observed"].values, rates["exposure"].values, strict=True)
    found = [_of_bands(events.astype(float), exposure) for events, exposure in pairs]
    return xr.Dataset(
        {name: ("outcome", [one[name] for one in found]) for name in OBSERVED},
        coords={"outcome": rates["outcome"].values},
    )


def _of_bands(events: Floats, exposure: Floats) -> dict[str, float]:
    there = exposure > 0
    events, exposure = events[there], exposure[there]
    if len(events) < 3 or not np.isfinite(events).all() or events.sum() == 0:
        return dict.fromkeys(OBSERVED, np.nan)
    rate = events.sum() / exposure.sum()
    slope = _log_slope(events, exposure)
    events_of_tenths, exposure_of_tenths = _tenths(events, exposure)
    level, line = _line(events_of_tenths / exposure_of_tenths, exposure_of_tenths)
    return {
        "rii_observed": float(np.exp(slope)),
        "sii_observed_per_10000": 10_000.0 * rate * slope,
        "paf_observed": 1.0 - _lowest_rate(events, exposure) / rate,
        "rii_phe": (level + line) / level,
        "sii_phe_per_10000": 10_000.0 * line,
    }


def _ranks(exposure: Floats) -> Floats:
    share = exposure / exposure.sum()
    ranks: Floats = np.cumsum(share) - share / 2.0
    return ranks


def _log_slope(events: Floats, exposure: Floats) -> float:
    """Slope of the log rates on the rank; missing where a band has no events."""
    if not (events > 0).all():
        return float("nan")
    return _line(np.log(events / exposure), exposure)[1]


def _line(values: Floats, exposure: Floats) -> tuple[float, float]:
    """Level at rank 0 and slope of the population-weighted straight line."""
    rank, share = _ranks(exposure), exposure / exposure.sum()
    centred = rank - share @ rank
    slope = float((share * centred) @ values / ((share * centred) @ centred))
    return float(share @ values - slope * (share @ rank)), slope


def _tenths(events: Floats, exposure: Floats) -> tuple[Floats, Floats]:
    """Twentieths in pairs; other bands as they are."""
    if len(events) != 2 * TENTHS:
        return events, exposure
    return events.reshape(TENTHS, 2).sum(axis=1), exposure.reshape(TENTHS, 2).sum(axis=1)


def _lowest_rate(events: Floats, exposure: Floats) -> float:
    share = np.cumsum(exposure) / exposure.sum()
    last = int(np.abs(share - LOWEST).argmin())
    if abs(share[last] - LOWEST) > NEAR:
        return float("nan")
    return float(events[: last + 1].sum() / exposure[: last + 1].sum())
