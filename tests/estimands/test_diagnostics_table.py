from bayesgrad.estimands.diagnostics_table import diagnostics_table, failed_checks
from tests.fabricate import fabricated_draws, with_group


def test_each_check_with_its_verdict() -> None:
    table = diagnostics_table(fabricated_draws(failed_checks=["min_ess_tail"]))
    assert table["check"].tolist()[:2] == ["divergences", "max_r_hat"]
    assert table["passed"].tolist() == [True, True, True, False, True, True]
    assert table["threshold"][1] == 1.01


def test_flags_read_back_as_integers_are_flags() -> None:
    draws = fabricated_draws(failed_checks=["max_r_hat"])
    stored = draws["diagnostics"].to_dataset()
    stored["passed"] = stored["passed"].astype("int8")
    read = with_group(draws, diagnostics=stored)
    assert failed_checks(read) == ["max_r_hat"]
    assert diagnostics_table(read).equals(diagnostics_table(draws))
