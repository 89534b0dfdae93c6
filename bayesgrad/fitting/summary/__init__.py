"""A fit in words, as `GradientFit.summary` and the command line show it."""

from bayesgrad.fitting.summary.text import summary_html, summary_text

__all__ = ["summary_html", "summary_text"]
