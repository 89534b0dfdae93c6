"""Families of rows by number."""

POISSON, NEGATIVE_BINOMIAL = 0, 1
BINOMIAL_LOGIT, BINOMIAL_LOG = 2, 3
BETA_BINOMIAL_LOGIT, BETA_BINOMIAL_LOG = 4, 5
FAMILIES = {
    ("poisson", "log"): POISSON,
    ("negative_binomial", "log"): NEGATIVE_BINOMIAL,
    ("binomial", "logit"): BINOMIAL_LOGIT,
    ("binomial", "log"): BINOMIAL_LOG,
    ("beta_binomial", "logit"): BETA_BINOMIAL_LOGIT,
    ("beta_binomial", "log"): BETA_BINOMIAL_LOG,
}
"""Number by which the kernels know a family and its link."""
