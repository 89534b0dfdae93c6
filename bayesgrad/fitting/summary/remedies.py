"""What was done so that a fit passes its checks, and what is left for the user to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bayesgrad.data.listing import counted

SMALLER_STEPS = (0.9, 0.98, 0.995)
"""Values of `target_accept` to try, the next one above what was run."""
MOST_DIGITS = 12

REMEDIES = {
    "max_r_hat": "run longer ([sampling] draws and tune)",
    "min_ess_bulk": "run longer ([sampling] draws)",
    "min_ess_tail": "run longer ([sampling] draws)",
    "min_e_bfmi": "warm up longer ([sampling] tune), and look for a prior that is far too wide",
    "share_at_max_tree_depth": "warm up longer ([sampling] tune)",
}
"""What helps where a check of NUTS fails."""


def told_apart(value: float, threshold: float) -> tuple[str, str]:
    """Two numbers with the fewest digits, four or more, by which they differ."""
    for digits in range(4, MOST_DIGITS + 1):
        words = f"{value:.{digits}g}", f"{threshold:.{digits}g}"
        if words[0] != words[1]:
            break
    return words


def runs_in_words(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which runs were made after the first, and why; nothing where there was only one.

    Parameters
    ----------
    runs : sequence of dict
        As `bayesgrad.inference.rounds.Run` has them.
    """
    kept = [run for run in runs if run["kept"]]
    dropped = [run for run in runs if not run["kept"]]
    lines = []
    if dropped:
        number = sum(run["divergences"] for run in dropped)
        before, after = dropped[0]["target_accept"], kept[-1]["target_accept"]
        lines.append(
            f"sampled again with smaller steps (target_accept {after:g}), since there were "
            f"{counted(number, 'divergence')} with {before:g}"
        )
    if len(kept) > 1:
        more = sum(run["chains"] for run in kept[1:])
        lines.append(
            f"{counted(more, 'more chain')} of {kept[0]['draws']:,} draws were added, since "
            f"{counted(kept[0]['chains'], 'chain')} did not tell enough"
        )
    return lines


def remedies(
    engine: str, failed: Sequence[str], runs: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """Say what to do about checks that failed: smaller steps before longer runs.

    Parameters
    ----------
    engine : {"nuts", "laplace"}
    failed : sequence of str
        Names of checks.
    runs : sequence of dict
    """
    if engine == "laplace":
        return ['fit with [sampling] engine = "nuts"']
    lines = []
    if "divergences" in failed:
        tried = max((run["target_accept"] for run in runs), default=0.0)
        target = next((rate for rate in SMALLER_STEPS if rate > tried), None)
        if target:
            lines.append(f"take smaller steps: [sampling] target_accept = {target:g}")
        else:
            lines.append("smaller steps do not help: look for a prior or a table at odds with it")
    others = [REMEDIES[name] for name in failed if name in REMEDIES]
    return [*lines, *dict.fromkeys(others)]
