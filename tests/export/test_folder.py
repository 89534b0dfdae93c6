"""The folder that leaves and the one that stays, of a fit with fabricated draws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bayesgrad.errors import DataError, DiagnosticsError, FitError
from bayesgrad.export import Rules, read_export
from bayesgrad.export.ledger import INSIDE
from bayesgrad.fitting.gradient_fit import GradientFit
from tests.fabricate import fabricated_draws, with_group
from tests.small import spec_of

OUTCOMES = ("referrals", "plans")


def fit_of(events: dict[tuple[int, int], int], **changed: object) -> GradientFit:
    """A fit of 40 authorities, some of whose events are set: by authority and outcome."""
    default = {"authorities": 32, "draws": 20, "outcomes": OUTCOMES, "seed": 3}
    settings = default | changed
    draws = fabricated_draws(**settings)
    known = draws["authorities"].to_dataset().copy(deep=True)
    for (authority, outcome), number in events.items():
        known["events"][authority, outcome, :] = number
    rows = {
        "rows_read": 1043, "rows_kept": 1038, "areas": 1038, "authorities": 32,
        "dropped": [{"reason": "no exposure", "rows": 5, "codes": ["E06000001"]}],
        "notes": ["5 areas left out"], "warnings": [],
    }  # fmt: skip
    seen = {"rows": rows, "engine": "nuts", "seed": 7, "versions": {"bayesgrad": "0"}}
    spec = spec_of(outcomes=settings["outcomes"])
    return GradientFit(spec, with_group(draws, authorities=known), seen)


@pytest.fixture(scope="module")
def fit() -> GradientFit:
    return fit_of({(0, 0): 4, (1, 1): 0, (2, 0): 12})


@pytest.fixture(scope="module")
def national() -> GradientFit:
    """A fit with draws enough for a prior pack."""
    return fit_of({}, draws=200, outcomes=("referrals",))


@pytest.fixture(scope="module")
def written(fit, tmp_path_factory) -> Path:
    """Its export; what stays inside is beside it."""
    return fit.export(tmp_path_factory.mktemp("secure") / "out")


def test_an_export_has_what_a_report_needs(fit, written) -> None:
    found = read_export(written)
    about = found.about
    assert about["title"] == fit.spec.title
    assert about["checks"] == {"passed": True, "failed": []}
    assert about["misfit"] == []
    assert [one["column"] for one in about["outcomes"]] == list(OUTCOMES)
    assert about["rules"]["threshold"] == 10
    assert about["seed"] == 7
    assert about["rows"] == {
        "rows_read": 1045,
        "rows_kept": 1040,
        "areas": 1040,
        "authorities": 32,
        "dropped": [{"reason": "no exposure", "rows": None}],
    }
    checks = found.texts["predictive"].set_index(["outcome", "check"])
    assert checks["observed"]["referrals", "share_of_zeros"] != ""
    assert checks["observed"]["referrals", "areas_beyond"] == ""
    assert about["spec"]["outcomes"][0]["column"] == "referrals"
    assert len(about["authorities"]) == 32
    assert set(about["tables"]) == set(found.texts)
    never = {"suppressed", "pairs", "rates"}
    assert not never & set(found.texts)
    own = found.texts["gradients"]
    assert len(own) == 62
    assert (
        own.set_index(["authority", "outcome"])["events_rounded5"]["E09000003", "referrals"] == "15"
    )


def test_comparisons_are_formed_anew(written) -> None:
    found = read_export(written)
    ranks = found.texts["ranks"]
    of_referrals = ranks[ranks["outcome"] == "referrals"]
    assert len(of_referrals) == 31
    assert of_referrals["upper"].astype(float).max() <= 31
    matrix = found.texts["pairs_prob_a_steeper"]
    own = matrix[matrix["outcome"] == "plans"].set_index("authority_a")
    assert "E09000002" not in own.index
    assert (own["E09000002"] == "").all()
    assert own["E09000003"]["E09000003"] == ""


def test_what_stays_inside_has_the_exact_counts(written) -> None:
    beside = written.parent
    audit = json.loads((beside / INSIDE / "audit-out.json").read_text(encoding="utf-8"))
    cells = {(one["authority"], one["outcome"]): one for one in audit["cells"]}
    assert cells["E09000001", "referrals"]["events"] == 4.0
    assert cells["E09000001", "referrals"]["hidden"] == "primary"
    ledger = json.loads((beside / INSIDE / "ledger.json").read_text(encoding="utf-8"))
    assert ledger["releases"][0]["folder"] == "out"
    assert not list(written.rglob("audit*"))


def test_a_folder_that_is_not_empty_is_refused(fit, tmp_path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.md").write_text("of the user")
    with pytest.raises(FitError, match="is there already, and is not empty"):
        fit.export(tmp_path / "out")
    with pytest.raises(FitError, match="is within"):
        fit.export(tmp_path / "other", inside=tmp_path / "other" / "kept")


def test_nothing_is_written_where_a_part_cannot_be(fit, tmp_path) -> None:
    (tmp_path / INSIDE / "audit-out.json").mkdir(parents=True)
    with pytest.raises(OSError, match="audit-out"):
        fit.export(tmp_path / "out", tables=["national"])
    assert [path.name for path in tmp_path.iterdir()] == [INSIDE]
    assert not (tmp_path / INSIDE / "ledger.json").exists()


def test_a_damaged_ledger_is_refused(fit, tmp_path) -> None:
    (tmp_path / INSIDE).mkdir()
    (tmp_path / INSIDE / "ledger.json").write_text("{")
    with pytest.raises(DataError, match="ledger of releases cannot be read"):
        fit.export(tmp_path / "out")


def test_tables_are_chosen_by_name(fit, tmp_path) -> None:
    found = read_export(fit.export(tmp_path / "out", tables=["national", "ranks"]))
    assert set(found.texts) == {"national", "ranks"}
    for name in ("suppressed", "gradient"):
        with pytest.raises(FitError, match=f"no table {name} of this fit may leave"):
            fit.export(tmp_path / "no", tables=[name])


def test_a_failed_fit_is_refused_without_a_reason(tmp_path) -> None:
    fit = fit_of({}, failed_checks=["max_r_hat"])
    with pytest.raises(DiagnosticsError, match="max_r_hat"):
        fit.export(tmp_path / "out")
    found = read_export(fit.export(tmp_path / "out", reason="Wanted for a test of the pipeline."))
    assert not [name for name in found.texts if name == "ranks" or name.startswith("pairs")]
    assert found.about["checks"]["failed"] == ["max_r_hat"]
    assert "Wanted for a test" in found.files["request.md"].decode()


class TestPrevious:
    def test_the_same_again_tells_nothing_more(self, fit, written) -> None:
        beside = written.parent
        fit.export(beside / "second", tables=["gradients"], previous=[written])
        text = (beside / "second" / "request.md").read_text(encoding="utf-8")
        assert "attacked together with this one: out" in text
        fit.export(beside / "third", tables=["national"])
        text = (beside / "third" / "request.md").read_text(encoding="utf-8")
        assert "not compared: out, second" in text

    def test_another_rounding_of_the_same_counts_is_refused(self, fit, written, tmp_path) -> None:
        with pytest.raises(FitError, match=r"the rounded count of .* can be narrowed") as caught:
            fit.export(
                tmp_path / "second", rules=Rules(round=7), tables=["gradients"], previous=[written]
            )
        assert "tables/gradients.csv" in caught.value.what
        assert not (tmp_path / "second").exists()

    def test_a_count_that_was_withheld_and_now_leaves_is_refused(self, tmp_path) -> None:
        fit = fit_of({(0, 0): 8})
        fit.export(tmp_path / "first", tables=["gradients"])
        with pytest.raises(FitError, match="E09000001, referrals can be narrowed"):
            fit.export(
                tmp_path / "second",
                rules="opensafely",
                tables=["gradients"],
                previous=[tmp_path / "first"],
            )

    def test_an_export_of_other_counts_is_told_apart(self, fit, tmp_path) -> None:
        other = fit_of({}, seed=11)
        other.export(tmp_path / "last year", tables=["gradients"])
        fit.export(tmp_path / "out", tables=["gradients"], previous=[tmp_path / "last year"])
        text = (tmp_path / "out" / "request.md").read_text(encoding="utf-8")
        assert "numbers of last year are not of the counts of this fit" in text

    def test_a_folder_that_is_no_export_is_refused(self, fit, tmp_path) -> None:
        (tmp_path / "notes").mkdir()
        with pytest.raises(DataError, match="is not an export of bayesgrad"):
            fit.export(tmp_path / "out", previous=[tmp_path / "notes"])


class TestPublished:
    def test_a_published_total_is_attacked_too(self, fit, tmp_path) -> None:
        path = tmp_path / "published.csv"
        path.write_text("outcome,authority,events\nreferrals,,999999\nplans,E09000001,c\n")
        fit.export(tmp_path / "out", tables=["gradients"], published=path)
        text = (tmp_path / "out" / "request.md").read_text(encoding="utf-8")
        assert "Published totals: published\\.csv" in text
        assert "1 numbers of published are not of the counts" in text

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("outcome,count\nreferrals,3\n", "has no column events"),
            ("outcome,events\nreferral,30\n", "the fit has no the nation, referral"),
        ],
    )
    def test_what_cannot_be_compared_is_named(self, fit, tmp_path, content, message) -> None:
        path = tmp_path / "published.csv"
        path.write_text(content)
        with pytest.raises(DataError, match=message):
            fit.export(tmp_path / "out", published=path)


class TestPack:
    def test_a_pack_leaves_and_is_in_the_ledger(self, national, tmp_path) -> None:
        found = read_export(national.export(tmp_path / "out", tables=["national"], pack=True))
        assert found.files["prior_pack.toml"].startswith(b"# National prior pack")

    def test_a_nation_that_differs_by_a_few_authorities_has_no_second_pack(
        self, national, tmp_path
    ) -> None:
        national.export(tmp_path / "out", tables=["national"], pack=True)
        draws = national.draws
        fewer = {
            str(name): node.to_dataset().isel(authority=np.arange(30))
            for name, node in draws.children.items()
            if "authority" in node.dims
        }
        other = GradientFit(national.spec, with_group(draws, **fewer), national.provenance)
        with pytest.raises(FitError, match="differs by E09000031, E09000032"):
            other.export(tmp_path / "second", tables=["national"], pack=True)
        other.export(tmp_path / "second", tables=["national"])


def test_excess_events_are_missing_where_counts_are_suppressed(fit, tmp_path) -> None:
    known = fit.draws["authorities"].to_dataset().copy(deep=True)
    known["suppressed"] = known["events"] * 0
    known["suppressed"][5, 0, :] = 14
    known["suppressed"][6, 0, :] = 3
    other = GradientFit(fit.spec, with_group(fit.draws, authorities=known), fit.provenance)
    found = read_export(other.export(tmp_path / "out", tables=["gradients", "inequality"]))
    own = found.texts["gradients"].set_index(["authority", "outcome"])["suppressed_rounded5"]
    assert own["E09000006", "referrals"] == "15"
    assert own["E09000007", "referrals"] == own["E09000008", "referrals"] == ""
    places = found.texts["inequality"].set_index(["authority", "outcome"])
    excess = places["excess_events_rounded5"]
    assert excess["E09000006", "referrals"] == excess["", "referrals"] == ""
    assert excess["", "plans"] != ""
