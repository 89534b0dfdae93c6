"""The log likelihood of all rows, in one pass that gives its derivatives too."""
