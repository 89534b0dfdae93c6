"""Forms of the model drawn from their priors, by code that shares nothing with the package's.

A form has outcomes whose authority effects are all correlated, strata or none, and counts of people
or events out of cases; or one outcome with years, larger neighbourhoods or neighbours that are
alike. Everything that a replicate draws is under the names, and in the order of dimensions, of the
posterior, with a first dimension of one draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from calibration_pack import DEPRIVATION, draw_parameters, prior_pack
from calibration_structure import grid_pairs, neighbourhoods, touching_effects, walk
from numpy.typing import NDArray
from scipy.special import expit

if TYPE_CHECKING:
    from bayesgrad import ModelSpec

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
    "sd_authority_stratum_intercept": 0.15,
    "sd_authority_stratum_slope": 0.08,
    "sd_neighbourhood": 0.2,
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

    @property
    def codes(self) -> list[str]:
        """Codes of the authorities."""
        return [f"A{j:03d}" for j in range(len(self.sizes))]

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
    years : bool
        Whether ordered strata are years, in which authorities take courses of their own.
    nested : int
        Areas of a larger neighbourhood; 0 where there are none.
    touching : bool
        Whether neighbouring authorities are alike.
    pack : bool
        Whether parameters come from a prior pack.
    """

    outcomes: tuple[str, ...] = ("referrals",)
    strata: tuple[str, ...] = ("",)
    ordered: bool = False
    of_cases: bool = False
    hidden: tuple[int, int] | None = None
    years: bool = False
    nested: int = 0
    touching: bool = False
    pack: bool = False

    @property
    def has_strata(self) -> bool:
        """Whether it has more than one stratum."""
        return len(self.strata) > 1

    @property
    def family(self) -> str:
        """Family of every outcome."""
        return "beta_binomial" if self.of_cases else "negative_binomial"

    @property
    def nuts_only(self) -> bool:
        """Whether the Laplace engine does not have the form."""
        return self.of_cases or self.years or self.nested > 0 or self.touching or self.pack

    @property
    def gaps(self) -> Floats | float:
        """Square roots of the years between a stratum and the one before it."""
        if not self.years:
            return 1.0
        years = np.array(self.strata, dtype=float)
        gaps: Floats = np.sqrt(np.diff(years, prepend=years[0]))
        return gaps

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
        there = {
            "sd_stratum": self.has_strata,
            "sd_authority_stratum": self.years,
            "sd_neighbourhood": self.nested > 0,
        }
        absent = tuple(name for name, present in there.items() if not present)
        return {name: scale for name, scale in SCALES.items() if not name.startswith(absent or "-")}

    @property
    def shares(self) -> tuple[str, ...]:
        """Shares that are uniform from 0 to 1."""
        return ("phi_intercept", "phi_slope") if self.touching else ()

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
        return np.log(deprivation / (DEPRIVATION if self.pack else deprivation.mean()))

    def spec_text(self, sampling: dict[str, int]) -> str:
        """Spec with every prior given, which a pack takes the place of."""
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
        if self.nested:
            lines += ['neighbourhood = "neighbourhood"']
        for outcome in self.outcomes:
            lines += ["[[outcomes]]", f'column = "{outcome}"']
        if self.years:
            lines += ["[years]", 'column = "stratum"']
        elif self.has_strata:
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

    def spec(self, world: World, sampling: dict[str, int]) -> ModelSpec:
        """Spec of the form, with the neighbours of the world's authorities where it has any."""
        from bayesgrad import ModelSpec
        from bayesgrad.spec.adjacency import Adjacency
        from bayesgrad.spec.parts import Spatial
        from bayesgrad.spec.priors import Priors

        spec = ModelSpec.from_toml(self.spec_text(sampling))
        if self.pack:
            return spec.model_copy(
                update={"prior_pack": prior_pack(self.outcomes[0]), "priors": Priors()}
            )
        if not self.touching:
            return spec
        codes = world.codes
        pairs = [(codes[one], codes[other]) for one, other in grid_pairs(len(codes))]
        spatial = Spatial(adjacency=Adjacency.of(pairs, alone=[]))
        return spec.model_copy(update={"spatial": spatial})

    def table(self, world: World, count: Integers) -> pd.DataFrame:
        """Table of areas x strata with counts, (areas, outcomes, strata)."""
        codes = np.array(world.codes)[world.authority]
        strata = len(self.strata)
        by_area = {
            "area": [f"{code}-{row:05d}" for row, code in enumerate(codes)],
            "authority": codes,
            "exposure": self.exposure(world),
            "income_score": world.income_score,
        }
        if self.nested:
            number = neighbourhoods(world.authority, self.nested)
            by_area["neighbourhood"] = [f"N{n:05d}" for n in number]
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
    "years": Form(strata=("2015", "2016", "2018", "2019"), ordered=True, years=True),
    "neighbourhoods": Form(nested=4),
    "spatial": Form(touching=True),
    "pack": Form(pack=True),
}


def draw_truth(form: Form, world: World, rng: np.random.Generator) -> Values:
    """Draw every parameter and authority effect from its prior."""
    outcomes, strata = len(form.outcomes), len(form.strata)
    truth = {name: rng.normal(*prior, (1, outcomes)) for name, prior in form.locations.items()}
    truth |= {n: np.abs(rng.normal(0.0, s, (1, outcomes))) for n, s in form.scales.items()}
    truth |= {name: rng.uniform(size=(1, outcomes)) for name in form.shares}
    correlation = lkj(2 * outcomes, ETA, rng)
    if form.pack:
        truth |= (given := draw_parameters(rng))
        correlation = np.array([[1.0, given["correlation"].item()]] * 2)
        correlation[1] = correlation[1, ::-1]
    rows, columns = np.tril_indices(2 * outcomes, -1)
    truth["effect_correlation"] = correlation[rows, columns][None]
    truth["correlation"] = np.diagonal(correlation, -1)[None, 0::2]
    w = form.w(world)[:, None]
    # Intercepts and slopes in turn, outcome by outcome.
    if form.touching:
        shares = np.array([truth[name][0, 0] for name in form.shares])
        effects = touching_effects(correlation, shares, len(w), rng)
    else:
        effects = rng.standard_normal((len(w), 2 * outcomes)) @ np.linalg.cholesky(correlation).T
    truth["authority_intercept"] = (
        truth["intercept"] + truth["between"] * w + truth["sd_intercept"] * effects[:, 0::2]
    )[None]
    truth["authority_slope"] = (
        truth["slope"] + truth["interaction"] * w + truth["sd_slope"] * effects[:, 1::2]
    )[None]
    for kind in ("intercept", "slope"):
        steps = rng.standard_normal((outcomes, strata)) * form.gaps
        truth[f"stratum_{kind}"] = truth.get(f"sd_stratum_{kind}", np.zeros((1, outcomes)))[
            :, :, None
        ] * _deviations(form, steps)
        own = truth.get(f"sd_authority_stratum_{kind}", np.zeros((1, outcomes)))[:, None, :, None]
        steps = rng.standard_normal((len(w), outcomes, strata)) * form.gaps
        truth[f"authority_stratum_{kind}"] = own * _deviations(form, steps)
    if form.nested:
        count = neighbourhoods(world.authority, form.nested).max() + 1
        spread = truth["sd_neighbourhood"][:, :, None]
        truth["neighbourhood_effect"] = spread * rng.standard_normal((1, outcomes, count))
    return truth


def _deviations(form: Form, steps: Floats) -> Floats:
    """Deviations of strata of a standard deviation of 1, from standard normal values or steps."""
    return walk(steps) if form.ordered else steps - steps.mean(axis=-1, keepdims=True)


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
    level, slope = (
        (
            values[f"authority_{kind}"][draw][:, :, None]
            + values[f"stratum_{kind}"][draw]
            + values[f"authority_stratum_{kind}"][draw]
        )[world.authority]
        for kind in ("intercept", "slope")
    )
    found = level + slope * form.x(world)[:, None, None]
    if form.nested:
        own = values["neighbourhood_effect"][draw].T
        found = found + own[neighbourhoods(world.authority, form.nested)][:, :, None]
    return found


def draw_counts(form: Form, world: World, truth: Values, rng: np.random.Generator) -> Integers:
    """Counts (areas, outcomes, strata): of a gamma mixture of Poissons, or a beta of binomials."""
    eta = predictor(form, world, truth, 0)
    exposure = form.exposure(world)[:, None, None]
    size = (truth["overdispersion"][0] ** -2.0)[:, None]
    if form.of_cases:
        share = expit(eta)
        return rng.binomial(exposure, rng.beta(share * size, (1.0 - share) * size))
    return rng.poisson(exposure * np.exp(eta) * rng.gamma(size, 1.0 / size, eta.shape))
