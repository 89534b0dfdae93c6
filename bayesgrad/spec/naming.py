"""What the numbers of a model are called."""

from __future__ import annotations

from bayesgrad.spec.vocabulary import AtRisk, Family, Link


def ratio_name(link: Link, family: Family, at_risk: AtRisk = "people") -> str:
    """What a gradient is: the ratio that a step of deprivation multiplies by.

    Parameters
    ----------
    link : {"log", "logit"}
    family : {"poisson", "negative_binomial", "binomial", "beta_binomial"}
    at_risk : {"people", "time"}
        What the exposure counts. Of no account for events out of cases.

    Returns
    -------
    str
        "odds ratio" or "risk ratio" of events out of cases, by the link; "hazard ratio" of events
        in time at risk; "rate ratio" of events among people.
    """
    if family in ("binomial", "beta_binomial"):
        return "odds ratio" if link == "logit" else "risk ratio"
    return "hazard ratio" if at_risk == "time" else "rate ratio"
