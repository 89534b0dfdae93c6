"""The audit of the inverse intervention claim: which claims survive, and what explains them.

The outcome is fitted under every form of the model that could make affluent authorities look
steeper (`forms`, `running`); each form's posterior gives the same quantities (`claims`); forms are
weighed by their evidence, or by how they predict authorities left out (`weights`); and claims are
averaged over forms, so that none is conditional on one of them (`verdict`, `words`).
"""

from bayesgrad.auditing.result import Audit
from bayesgrad.auditing.running import audit

__all__ = ["Audit", "audit"]
