r"""Sums of :math:`\ln(1 + k / \alpha)` and derivatives: term by term, then by Stirling's series.

They are what is left of ratios of gamma functions once the powers of alpha are cancelled, so that
no digits are lost as alpha grows.
"""

from __future__ import annotations

from bayesgrad.kernels.families.elementary import log1p
from bayesgrad.kernels.kernel import inlined, kernel
from bayesgrad.kernels.shapes import Vector

LARGEST_ALPHA = 1e300
"""A larger size of the negative binomial, infinity too, is taken as this: the Poisson all the same.
"""

SMALL_COUNTS = 32
"""Terms of a sum over k that are added one by one; Stirling's series gives the rest, right to
2e-17 from here on."""


@kernel
def rising_factorials(
    alpha: float, exceedance: Vector, large_count: Vector, large_frequency: Vector
) -> tuple[float, float]:
    r"""Sum over rows of :math:`\ln \prod_{k < y} (1 + k / \alpha)`, and its derivative in alpha.

    Term by term up to `SMALL_COUNTS`; from there on, with :math:`z = y + \alpha`, by the asymptotic
    series of :math:`\ln \Gamma(z)` and :math:`\psi(z)` (Abramowitz and Stegun 1964, 6.1.41 and
    6.3.18), the powers of alpha cancelled beforehand.

    Parameters
    ----------
    alpha : float
    exceedance : ndarray, shape (at most `SMALL_COUNTS`,)
    large_count, large_frequency : ndarray, shape (large,)
        Of one outcome; see `CountRows`.
    """
    size = min(alpha, LARGEST_ALPHA)
    inverse = 1.0 / size
    value, change = 0.0, 0.0
    for k in range(len(exceedance)):
        value += exceedance[k] * log1p(k * inverse)
        change -= exceedance[k] * k / (size + k)
    change *= inverse
    if not len(large_count):
        return value, change
    low, log_low = SMALL_COUNTS + size, log1p(SMALL_COUNTS * inverse)
    for i in range(len(large_count)):
        high, log_high = large_count[i] + size, log1p(large_count[i] * inverse)
        steps = large_count[i] - SMALL_COUNTS
        product = (high - 0.5) * log_high - (low - 0.5) * log_low - steps
        value += large_frequency[i] * (product + log_gamma_rest(high) - log_gamma_rest(low))
        rise = log_high - log_low - steps * inverse
        change += large_frequency[i] * (rise + digamma_rest(high) - digamma_rest(low))
    return value, change


@kernel
def log_rising_factorial(count: int, inverse: float) -> float:
    r"""Log of :math:`\prod_{k < y} (1 + k / \alpha)` for one count, given 1 / alpha, 0 or more."""
    value = 0.0
    for k in range(min(count, SMALL_COUNTS)):
        value += log1p(k * inverse)
    if count <= SMALL_COUNTS or inverse == 0.0:
        return value
    size = min(1.0 / inverse, LARGEST_ALPHA)
    low, high = SMALL_COUNTS + size, count + size
    product = (high - 0.5) * log1p(count * inverse) - (low - 0.5) * log1p(SMALL_COUNTS * inverse)
    return value + product - (count - SMALL_COUNTS) + log_gamma_rest(high) - log_gamma_rest(low)


@inlined
def log_gamma_rest(z: float) -> float:
    """Log gamma less (z - 1/2) ln z - z + ln(2 pi) / 2, for z of `SMALL_COUNTS` or more."""
    r = 1.0 / z
    q = r * r
    return r * (1.0 / 12.0 - q * (1.0 / 360.0 - q * (1.0 / 1260.0 - q * (1.0 / 1680.0))))


@inlined
def digamma_rest(z: float) -> float:
    """Digamma less ln z, for z of `SMALL_COUNTS` or more."""
    r = 1.0 / z
    q = r * r
    return -0.5 * r - q * (1.0 / 12.0 - q * (1.0 / 120.0 - q * (1.0 / 252.0 - q * (1.0 / 240.0))))


@inlined
def trigamma_rest(z: float) -> float:
    """Trigamma less 1 / z, for z of `SMALL_COUNTS` or more."""
    r = 1.0 / z
    q = r * r
    return q * (0.5 + r * (1.0 / 6.0 - q * (1.0 / 30.0 - q * (1.0 / 42.0 - q * (1.0 / 30.0)))))
