"""Compare authorities of a saved fit, in words, then as a table. Copy and change.

Usage: python scripts/compare_authorities.py results/fit.nc E09000007 E09000012 E09000019
"""

import sys

import bayesgrad as bg


def main(path: str, *codes: str) -> None:
    fit = bg.load(path)
    print(fit.compare(codes))

    levels = fit.levels()
    levels = levels[levels["authority"].isin(codes)]
    print("Rates per 10,000 at the same neighbourhood deprivation")
    print(
        levels.pivot(index="name", columns="deprivation", values="rate_per_10000")
        .round(0)
        .to_string()
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
