"""Forms of the model drawn from their priors, by code that shares nothing with the package's.

A form has outcomes whose authority effects are all correlated, strata or none, and counts of people
or events out of cases. Everything that a replicate draws is under the names, and in the order of
dimensions, of the posterior, with a first dimension of one draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln, expit, gammaln, logsumexp

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]
type Values = dict[str, Floats]

UNIT = 0.10
ETA = 2.0
"""Of the LKJ prior."""
SCALES = {
    "sd_intercept": 0.3,
    "sd_slope": 0.15,
    "overdispersion": 0.4,
    "sd_stratum_intercept": 0.4,
    "sd_stratum_slope": 0.15,
}
"""Scale of the half-normal priors."""
CASES_PER_CHILD = 0.05
SYMBOL = "c"
"""Of a suppressed count."""


@dataclass(frozen=True, eq=False)
class World:
    """What stays the same in every replicate: areas, children and deprivation.

    Attributes
    ----------
    authority : ndarray of int, shape (areas,)
        Position of the area's authority, from 0; non-decreasing.
    children : ndarray of int, shape (areas,)
    income_score : ndarray of float, shape (areas,)
    """

    authority: Integers
    children: Integers
    income_score: Floats

    @classmethod
    def draw(cls, *, authorities: int = 30, areas: int = 1200, seed: int = 1) -> World:
        """Draw a smaller England whose authorities differ in size."""
        from bayesgrad.simulate import EnglandSettings, draw_geography

        settings = EnglandSettings(authorities=authorities, areas=areas, size_spread=0.4)
        geography = draw_geography(settings, seed=seed)
        return cls(geography.authority, geography.children, geography.income_score)

    @property
    def sizes(self) -> Integers:
        """Areas per authority."""
        return np.bincount(self.authority)

    def deprivation(self, exposure: Integers) -> Floats:
        """Mean deprivation of each authority, weighted by the exposure of its areas."""
        weighted = np.bincount(self.authority, exposure * self.income_score)
        return weighted / np.bincount(self.authority, exposure)


@dataclass(frozen=True)
class Form:
    """A form of the model.

    Attributes
    ----------
    outcomes : tuple of str
    strata : tuple of str
        One without a name where there are none.
    ordered : bool
        Whether strata follow a random walk.
    of_cases : bool
        Beta-binomial with a logit link in place of negative binomial counts.
    hidden : tuple of int or None
        Smallest and largest count that is suppressed.
    """

    outcomes: tuple[str, ...] = ("referrals",)
    strata: tuple[str, ...] = ("",)
    ordered: bool = False
    of_cases: bool = False
    hidden: tuple[int, int] | None = None

    @property
    def has_strata(self) -> bool:
        """Whether it has more than one stratum."""
        return len(self.strata) > 1

    @property
    def family(self) -> str:
        """Family of every outcome."""
        return "beta_binomial" if self.of_cases else "negative_binomial"

    @property
    def locations(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of the normal priors; none refers to the data."""
        return {
            "intercept": (-1.4 if self.of_cases else math.log(0.03), 0.3),
            "slope": (0.3, 0.2),
            "between": (0.2, 0.3),
            "interaction": (-0.2, 0.3),
        }

    @property
    def scales(self) -> dict[str, float]:
        """Scales of the half-normal priors of the standard deviations that the form has."""
        of_strata = self.has_strata
        return {name: s for name, s in SCALES.items() if of_strata or "stratum" not in name}

    def exposure(self, world: World) -> Integers:
        """Exposure of every area's stratum: children, or cases."""
        each = world.children * (CASES_PER_CHILD if self.of_cases else 1.0) / len(self.strata)
        return np.maximum(np.round(each), 1).astype(np.int64)

    def x(self, world: World) -> Floats:
        """Deprivation of each area from its authority's mean, in units."""
        centre = world.deprivation(self.exposure(world))[world.authority]
        return (world.income_score - centre) / UNIT

    def w(self, world: World) -> Floats:
        """Log deprivation of each authority, relative to the mean of authorities."""
        deprivation = world.deprivation(self.exposure(world))
        return np.log(deprivation / deprivation.mean())

    def spec_text(self, sampling: dict[str, int]) -> str:
        """Spec with every prior given."""
        normal = '{name} = {{ distribution = "Normal", mu = {0!r}, sigma = {1!r} }}'
        half = '{name} = {{ distribution = "HalfNormal", sigma = {0!r} }}'
        lines = [
            'title = "Calibration"',
            "[columns]",
            'area = "area"',
            'authority = "authority"',
            'exposure = "exposure"',
            'deprivation = "income_score"',
            'vintage = "Synthetic"',
        ]
        for outcome in self.outcomes:
            lines += ["[[outcomes]]", f'column = "{outcome}"']
        if self.has_strata:
            lines += ["[strata]", 'column = "stratum"']
            lines += [f"ordered = {str(self.ordered).lower()}"]
        lines += ["[likelihood]", f'family = "{self.family}"']
        if self.hidden:
            bounds = "lower = {}, upper = {}".format(*self.hidden)
            lines += [f'suppressed = {{ symbol = "{SYMBOL}", {bounds} }}']
        lines += ["[priors]"]
        lines += [normal.format(*values, name=name) for name, values in self.locations.items()]
        lines += [half.format(value, name=name) for name, value in self.scales.items()]
        lines += [f'correlation = {{ distribution = "LKJ", eta = {ETA!r} }}', "[sampling]"]
        lines += [f"{name} = {value}" for name, value in sampling.items()]
        return "\n".join(lines)

    def table(self, world: World, count: Integers) -> pd.DataFrame:
        """Table of areas x strata with counts, (areas, outcomes, strata)."""
        codes = np.array([f"A{j:03d}" for j in range(len(world.sizes))])[world.authority]
        strata = len(self.strata)
        by_area = {
            "area": [f"{code}-{row:05d}" for row, code in enumerate(codes)],
            "authority": codes,
            "exposure": self.exposure(world),
            "income_score": world.income_score,
        }
        table = pd.DataFrame({name: np.repeat(values, strata) for name, values in by_area.items()})
        if self.has_strata:
            table["stratum"] = np.tile(self.strata, len(codes))
        for s, outcome in enumerate(self.outcomes):
            table[outcome] = count[:, s].ravel()
            if self.hidden:
                hidden = table[outcome].between(*self.hidden)
                table[outcome] = table[outcome].astype(str).mask(hidden, SYMBOL)
        return table


FORMS = {
    "counts": Form(),
    "thresholds": Form(outcomes=("referrals", "section_47", "plan_starts")),
    "strata": Form(strata=("a", "b", "c", "d", "e")),
    "ordered": Form(strata=("1", "2", "3", "4", "5", "6"), ordered=True),
    "cases": Form(outcomes=("re_referrals",), of_cases=True),
    "suppressed": Form(hidden=(1, 5)),
}


def draw_truth(form: Form, world: World, rng: np.random.Generator) -> Values:
    """Draw every parameter and authority effect from its prior."""
    outcomes, strata = len(form.outcomes), len(form.strata)
    truth = {name: rng.normal(*prior, (1, outcomes)) for name, prior in form.locations.items()}
    truth |= {n: np.abs(rng.normal(0.0, s, (1, outcomes))) for n, s in form.scales.items()}
    correlation = lkj(2 * outcomes, ETA, rng)
    rows, columns = np.tril_indices(2 * outcomes, -1)
    truth["effect_correlation"] = correlation[rows, columns][None]
    truth["correlation"] = np.diagonal(correlation, -1)[None, 0::2]
    w = form.w(world)[:, None]
    # Intercepts and slopes in turn, outcome by outcome.
    effects = rng.standard_normal((len(w), 2 * outcomes)) @ np.linalg.cholesky(correlation).T
    truth["authority_intercept"] = (
        truth["intercept"] + truth["between"] * w + truth["sd_intercept"] * effects[:, 0::2]
    )[None]
    truth["authority_slope"] = (
        truth["slope"] + truth["interaction"] * w + truth["sd_slope"] * effects[:, 1::2]
    )[None]
    for kind in ("intercept", "slope"):
        deviation = np.zeros((outcomes, strata))
        if form.has_strata:
            steps = truth[f"sd_stratum_{kind}"][0][:, None] * rng.standard_normal(deviation.shape)
            raw = np.cumsum(steps, axis=1) if form.ordered else steps
            deviation = raw - raw.mean(axis=1, keepdims=True)
        truth[f"stratum_{kind}"] = deviation[None]
    return truth


def lkj(size: int, eta: float, rng: np.random.Generator) -> Floats:
    """Correlation matrix from the LKJ distribution, by the onion method (Lewandowski 2009)."""
    found = np.ones((1, 1))
    shape = eta + (size - 2) / 2.0
    for k in range(1, size):
        if k > 1:
            shape -= 0.5
        distance = rng.beta(k / 2.0, shape)
        direction = rng.standard_normal(k)
        direction /= np.linalg.norm(direction)
        line = np.linalg.cholesky(found) @ (np.sqrt(distance) * direction)
        found = np.block([[found, line[:, None]], [line[None, :], np.ones((1, 1))]])
    return found


def predictor(form: Form, world: World, values: Values, draw: int) -> Floats:
    """Log rate or logit of every area, outcome and stratum, (areas, outcomes, strata)."""
    level = values["authority_intercept"][draw][world.authority]
    slope = values["authority_slope"][draw][world.authority]
    x = form.x(world)[:, None, None]
    return (
        level[:, :, None]
        + values["stratum_intercept"][draw]
        + (slope[:, :, None] + values["stratum_slope"][draw]) * x
    )


def draw_counts(form: Form, world: World, truth: Values, rng: np.random.Generator) -> Integers:
    """Counts (areas, outcomes, strata): of a gamma mixture of Poissons, or a beta of binomials."""
    eta = predictor(form, world, truth, 0)
    exposure = form.exposure(world)[:, None, None]
    size = (truth["overdispersion"][0] ** -2.0)[:, None]
    if form.of_cases:
        share = expit(eta)
        return rng.binomial(exposure, rng.beta(share * size, (1.0 - share) * size))
    return rng.poisson(exposure * np.exp(eta) * rng.gamma(size, 1.0 / size, eta.shape))


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


def quantities(form: Form, world: World, values: Values, count: Integers) -> Values:
    """Return what is ranked, each of shape (draws,); the log likelihood depends on the data too."""
    order = np.argsort(world.sizes, kind="stable")
    middle, smallest = order[len(order) // 2], order[0]
    last = len(form.outcomes) - 1
    found = {}
    for name in (*form.locations, *form.scales, "correlation"):
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
    return found | {
        "gradient, middle authority": values["authority_slope"][:, middle, 0],
        "gradient, smallest authority": values["authority_slope"][:, smallest, last],
        "intercept, smallest authority": values["authority_intercept"][:, smallest, last],
        "log likelihood": log_likelihood(form, world, values, count),
    }
