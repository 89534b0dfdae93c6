"""What simulation-based calibration ranks: parameters, authorities, and the log likelihood."""

from __future__ import annotations

import numpy as np
from calibration_forms import Floats, Form, Integers, Values, World, predictor
from scipy.special import betaln, expit, gammaln, logsumexp


def quantities(form: Form, world: World, values: Values, count: Integers) -> Values:
    """Return what is ranked, each of shape (draws,); the log likelihood depends on the data too."""
    found = _parameters(form, values) | _of_authorities(form, world, values)
    if not form.nested:
        # The posterior keeps no effects of neighbourhoods in every draw.
        found["log likelihood"] = log_likelihood(form, world, values, count)
    return found


def _parameters(form: Form, values: Values) -> Values:
    last = len(form.outcomes) - 1
    found = {}
    for name in (*form.locations, *form.scales, *form.shares, "correlation"):
        for s in sorted({0, last}):
            found[f"{name}, {form.outcomes[s]}" if last else name] = values[name][:, s]
    if last:
        pairs = list(zip(*np.tril_indices(2 * (last + 1), -1), strict=True))
        chosen = {"intercepts": (2, 0), "slopes": (3, 1), "last slope, first intercept": pairs[-2]}
        for title, pair in chosen.items():
            place = pairs.index(pair)
            found[f"correlation of {title}"] = values["effect_correlation"][:, place]
    if form.has_strata:
        for k in (0, len(form.strata) // 2):
            for kind in ("intercept", "slope"):
                name = f"stratum_{kind}"
                found[f"{name}, {form.strata[k]}"] = values[name][:, 0, k]
    return found


def _of_authorities(form: Form, world: World, values: Values) -> Values:
    order = np.argsort(world.sizes, kind="stable")
    middle, smallest = order[len(order) // 2], order[0]
    last = len(form.outcomes) - 1
    found = {
        "gradient, middle authority": values["authority_slope"][:, middle, 0],
        "gradient, smallest authority": values["authority_slope"][:, smallest, last],
        "intercept, smallest authority": values["authority_intercept"][:, smallest, last],
    }
    if form.years:
        for kind in ("intercept", "slope"):
            own = values[f"authority_stratum_{kind}"][:, smallest, 0, -1]
            found[f"last year's {kind} of the smallest authority"] = own
    return found


def log_likelihood(form: Form, world: World, values: Values, count: Integers) -> Floats:
    """Log likelihood of the counts at each draw, less what depends on the counts alone."""
    exposure = form.exposure(world)[:, None, None]
    found = np.empty(len(values["overdispersion"]))
    for draw, overdispersion in enumerate(values["overdispersion"]):
        size = (overdispersion**-2.0)[:, None]
        eta = predictor(form, world, values, draw)
        if form.of_cases:
            a, b = expit(eta) * size, expit(-eta) * size
            each = betaln(count + a, exposure - count + b) - betaln(a, b)
        else:
            each = _of_counts(exposure * np.exp(eta), size, count)
            if form.hidden:
                whole = np.arange(form.hidden[0], form.hidden[1] + 1)
                mean, of_outcome = (exposure * np.exp(eta))[..., None], size[..., None]
                within = _of_counts(mean, of_outcome, whole) - gammaln(whole + 1.0)
                known = (count < whole[0]) | (count > whole[-1])
                each = np.where(known, each, logsumexp(within, axis=-1))
        found[draw] = each.sum()
    return found


def _of_counts(mean: Floats, size: Floats, count: Integers) -> Floats:
    """Log probabilities of negative binomial counts, less what depends on the counts alone."""
    return (
        gammaln(count + size)
        - gammaln(size)
        + count * np.log(mean / (mean + size))
        - size * np.log1p(mean / size)
    )
