r"""Effects of neighbourhoods, in coordinates that the data and their authority's effects inform.

In an authority of intercept a and slope b, neighbourhood m has :math:`v = \sigma w`, w standard
normal. With its rows' quadratic :math:`p (v + a) - H (v + a)^2 / 2 - H_x (v + a) b` at hand,

.. math:: w = \frac{\sigma t}{M} + \frac{z}{\sqrt M}, \qquad t = p - H a - H_x b, \qquad
          M = 1 + \sigma^2 H,

and the log density of z is :math:`-w^2 / 2 - \ln(2 \pi M) / 2`. So z is what
is left of v once a and b are known: an authority's intercept and its neighbourhoods' effects, of
which the counts tell little more than the sum, do not pull at each other. It is a change of
variables, exact whatever the quadratic.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bayesgrad.kernels.families.elementary import HALF_LOG_2_PI, log1p
from bayesgrad.kernels.kernel import kernel
from bayesgrad.kernels.shapes import Cube, Indices, Matrix, Vector


class Quadratics(NamedTuple):
    """Quadratics of the rows of neighbourhoods, those of an authority adjacent.

    Attributes
    ----------
    start : ndarray of int32, shape (authorities + 1,)
        First neighbourhood of each authority, and the number of neighbourhoods.
    information : ndarray, shape (outcomes, 2, neighbourhoods)
        H, and H_x.
    pull : ndarray, shape (outcomes, neighbourhoods)
        p.
    """

    start: Indices
    information: Cube
    pull: Matrix


@kernel
def neighbourhoods_forward(
    sd: Vector, z: Matrix, intercept: Matrix, slope: Matrix, of: Quadratics, values: Matrix
) -> float:
    """Fill the effects; return the log density of z.

    Parameters
    ----------
    sd : ndarray, shape (outcomes,)
    z, values : ndarray, shape (outcomes, neighbourhoods)
    intercept, slope : ndarray, shape (authorities, outcomes)
    of : Quadratics
    """
    density = 0.0
    for s in range(len(sd)):
        scale = sd[s]
        for j in range(len(of.start) - 1):
            first, last = of.start[j], of.start[j + 1]
            own, tilt = of.information[s, 0, first:last], of.information[s, 1, first:last]
            pull, coordinate = of.pull[s, first:last], z[s, first:last]
            value, a, b = values[s, first:last], intercept[j, s], slope[j, s]
            for i in range(len(value)):
                more = scale * scale * own[i]
                m = 1.0 + more
                t = pull[i] - own[i] * a - tilt[i] * b
                w = scale * t / m + coordinate[i] / np.sqrt(m)
                density -= 0.5 * (w * w + log1p(more))
                value[i] = scale * w
    return density - HALF_LOG_2_PI * z.size


@kernel
def neighbourhoods_backward(
    sd: Vector,
    z: Matrix,
    intercept: Matrix,
    slope: Matrix,
    of: Quadratics,
    d_values: Matrix,
    d_density: float,
    d_sd: Vector,
    d_z: Matrix,
    d_intercept: Matrix,
    d_slope: Matrix,
) -> None:
    """Fill the derivatives in the standard deviations, z and the effects of authorities."""
    for s in range(len(sd)):
        scale, total = sd[s], 0.0
        for j in range(len(of.start) - 1):
            first, last = of.start[j], of.start[j + 1]
            own, tilt = of.information[s, 0, first:last], of.information[s, 1, first:last]
            pull, coordinate = of.pull[s, first:last], z[s, first:last]
            given, back = d_values[s, first:last], d_z[s, first:last]
            a, b = intercept[j, s], slope[j, s]
            of_intercept, of_slope = 0.0, 0.0
            for i in range(len(given)):
                m = 1.0 + scale * scale * own[i]
                inverse = 1.0 / m
                root = np.sqrt(inverse)
                t = pull[i] - own[i] * a - tilt[i] * b
                w = scale * t * inverse + coordinate[i] * root
                d_w = scale * given[i] - d_density * w
                back[i] = d_w * root
                d_t = d_w * scale * inverse
                of_intercept -= own[i] * d_t
                of_slope -= tilt[i] * d_t
                change = inverse * (t * (2.0 - m) * inverse - coordinate[i] * scale * own[i] * root)
                total += given[i] * w + d_w * change - d_density * scale * own[i] * inverse
            d_intercept[j, s] = of_intercept
            d_slope[j, s] = of_slope
        d_sd[s] = total
