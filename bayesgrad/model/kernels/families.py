r"""Families of counts: the log likelihood of a block of rows with its derivatives.

Up to :math:`-\sum \ln y_i!`, which no parameter changes, the log likelihood of a row with linear
predictor :math:`\eta_i` and mean :math:`\mu_i = e^{\eta_i}`, its derivative :math:`r_i` in
:math:`\eta_i`, and minus its second derivative :math:`w_i \ge 0` are

- Poisson: :math:`y_i \eta_i - \mu_i`, :math:`r_i = y_i - \mu_i`, :math:`w_i = \mu_i`;
- negative binomial of size :math:`\alpha`, with :math:`u_i = \mu_i / \alpha`:

  .. math:: y_i \eta_i - (y_i + \alpha) \ln(1 + u_i) + \sum_{k < y_i} \ln(1 + k / \alpha), \qquad
            r_i = y_i - (y_i + \alpha) \frac{u_i}{1 + u_i}, \qquad
            w_i = (y_i + \alpha) \frac{u_i}{(1 + u_i)^2} .

  As :math:`\alpha \to \infty` it is the Poisson's, with no loss of digits. The sum over k is the
  same for equal counts, and is taken once for all rows (`rising_factorials`).
"""

from __future__ import annotations

from numba import njit

from bayesgrad.design.splines import Floats
from bayesgrad.model.kernels.elementary import exp, log1p

POISSON, NEGATIVE_BINOMIAL = 0, 1
FAMILIES = {"poisson": POISSON, "negative_binomial": NEGATIVE_BINOMIAL}
"""Number by which the kernels know a family."""

LARGEST_ALPHA = 1e300
"""A larger size of the negative binomial, infinity too, is taken as this: the Poisson all the same.
"""

SMALL_COUNTS = 32
"""Terms of a sum over k that are added one by one; Stirling's series gives the rest, right to
2e-17 from here on."""

SUMS = {"contract", "reassoc", "nsz", "arcp"}
"""What the compiler may do with the kernels' sums; not-a-number and infinity keep their meaning."""

compiled = njit(fastmath=SUMS, error_model="numpy", nogil=True, cache=True)


@compiled
def poisson(eta: Floats, count: Floats, residual: Floats, weight: Floats) -> float:
    """Log likelihood of a block; fills the derivatives of its rows."""
    value = 0.0
    for i in range(len(count)):
        mean = exp(eta[i])
        value += count[i] * eta[i] - mean
        residual[i] = count[i] - mean
        weight[i] = mean
    return value


@compiled
def negative_binomial(
    eta: Floats, count: Floats, alpha: float, residual: Floats, weight: Floats
) -> tuple[float, float]:
    """Log likelihood of a block, sums over k left out, and its derivative in alpha; see `poisson`.

    The latter is the sum of (y + alpha) u / ((1 + u) alpha) - ln(1 + u).
    """
    size = min(alpha, LARGEST_ALPHA)
    inverse = 1.0 / size
    value, change = 0.0, 0.0
    for i in range(len(count)):
        ratio = exp(eta[i]) * inverse
        excess = log1p(ratio)
        share = 1.0 / (1.0 + ratio)
        total = count[i] + size
        pull = total * (ratio * share)
        value += count[i] * eta[i] - total * excess
        change += pull * inverse - excess
        residual[i] = count[i] - pull
        weight[i] = pull * share
    return value, change


@compiled
def poisson_slant(eta: Floats, count: Floats, slant: Floats) -> None:
    """Fill the derivative of each row's w in its linear predictor."""
    for i in range(len(count)):
        slant[i] = exp(eta[i])


@compiled
def negative_binomial_slant(eta: Floats, count: Floats, alpha: float, slant: Floats) -> None:
    """Fill the derivative of each row's w: w (1 - u) / (1 + u)."""
    size = min(alpha, LARGEST_ALPHA)
    inverse = 1.0 / size
    for i in range(len(count)):
        ratio = exp(eta[i]) * inverse
        share = 1.0 / (1.0 + ratio)
        slant[i] = (count[i] + size) * (ratio * share) * share * (1.0 - ratio) * share


@compiled
def rising_factorials(
    alpha: float, exceedance: Floats, large_count: Floats, large_frequency: Floats
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


@compiled
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


@compiled
def log_gamma_rest(z: float) -> float:
    """Log gamma less (z - 1/2) ln z - z + ln(2 pi) / 2, for z of `SMALL_COUNTS` or more."""
    r = 1.0 / z
    q = r * r
    return r * (1.0 / 12.0 - q * (1.0 / 360.0 - q * (1.0 / 1260.0 - q * (1.0 / 1680.0))))


@compiled
def digamma_rest(z: float) -> float:
    """Digamma less ln z, for z of `SMALL_COUNTS` or more."""
    r = 1.0 / z
    q = r * r
    return -0.5 * r - q * (1.0 / 12.0 - q * (1.0 / 120.0 - q * (1.0 / 252.0 - q * (1.0 / 240.0))))
