"""Predictive checks and scores: whether a fitted model describes the counts, and how well.

They need the areas, which are at hand only while a fit is made. They pass over them in blocks and
keep sums: no value of an area, and no array of areas by draws.
"""
