r"""Families of counts at a rate: the log likelihood of a block of rows with its derivatives.

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

from bayesgrad.kernels.families.elementary import exp, log1p
from bayesgrad.kernels.families.rising_factorial import LARGEST_ALPHA
from bayesgrad.kernels.kernel import kernel
from bayesgrad.kernels.shapes import Vector


@kernel
def poisson(eta: Vector, count: Vector, residual: Vector, weight: Vector) -> float:
    """Log likelihood of a block; fills the derivatives of its rows."""
    value = 0.0
    for i in range(len(count)):
        mean = exp(eta[i])
        value += count[i] * eta[i] - mean
        residual[i] = count[i] - mean
        weight[i] = mean
    return value


@kernel
def negative_binomial(
    eta: Vector, count: Vector, alpha: float, residual: Vector, weight: Vector
) -> tuple[float, float]:
    """Log likelihood of a block, sums over k left out, and its derivative in alpha; see `poisson`.

    The latter is the sum of (y + alpha) u / ((1 + u) alpha) - ln(1 + u).
    """
    size = min(alpha, LARGEST_ALPHA)
    inverse = 1.0 / size
    value, change = 0.0, 0.0
    for i in range(len(count)):
        weight[i] = exp(eta[i]) * inverse
    for i in range(len(count)):
        residual[i] = log1p(weight[i])
    for i in range(len(count)):
        ratio, excess = weight[i], residual[i]
        share = 1.0 / (1.0 + ratio)
        total = count[i] + size
        pull = total * (ratio * share)
        value += count[i] * eta[i] - total * excess
        change += pull * inverse - excess
        residual[i] = count[i] - pull
        weight[i] = pull * share
    return value, change


@kernel
def poisson_third_derivative(eta: Vector, count: Vector, third: Vector) -> None:
    """Fill the derivative of each row's w in its linear predictor."""
    for i in range(len(count)):
        third[i] = exp(eta[i])


@kernel
def negative_binomial_third_derivative(
    eta: Vector, count: Vector, alpha: float, third: Vector
) -> None:
    """Fill the derivative of each row's w: w (1 - u) / (1 + u)."""
    size = min(alpha, LARGEST_ALPHA)
    inverse = 1.0 / size
    for i in range(len(count)):
        ratio = exp(eta[i]) * inverse
        share = 1.0 / (1.0 + ratio)
        third[i] = (count[i] + size) * (ratio * share) * share * (1.0 - ratio) * share
