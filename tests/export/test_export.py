"""What leaves: whole exports of fabricated nations, attacked, broken and changed by one."""

from __future__ import annotations

import csv
import hashlib
import io
import json

import numpy as np
import pandas as pd
import pytest

from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.estimands import TABLES
from bayesgrad.export.attack.attack import attack
from bayesgrad.export.attack.evidence import Places, published_totals
from bayesgrad.export.attack.inspection import inspect
from bayesgrad.export.classes import CLASSES
from bayesgrad.export.counts import Counts, rounded
from bayesgrad.export.decisions import COMPLEMENT, PRIMARY, decide, withheld_table
from bayesgrad.export.export import Prepared, Terms, prepare
from bayesgrad.export.released import Released, read_text_table
from bayesgrad.export.rules import Rules, read_rules
from bayesgrad.export.source import Source
from bayesgrad.export.texts import csv_bytes, md
from tests.export.leaks import LEAKS, with_leak
from tests.export.nations import HOSTILE, counts_of, source_of

RULES = Rules()
STRATA = ("girls", "boys", "unknown")


def nation(seed: int = 0, **changed: object) -> Counts:
    settings = {"authorities": 24, "outcomes": ("referrals", "plans"), "strata": STRATA}
    return counts_of(np.random.default_rng(seed), **(settings | changed))


@pytest.fixture(scope="module")
def counts() -> Counts:
    """A nation in which some authorities, and some strata of others, are withheld."""
    found = nation()
    found.cells.loc[found.cells["authority"] == found.codes[3], "areas"] = 4.0
    return found


@pytest.fixture(scope="module")
def source(counts) -> Source:
    return source_of(counts, years=True)


@pytest.fixture(scope="module")
def prepared(source) -> Prepared:
    return prepare(source, RULES, Terms(when="2026-01-01T00:00:00+00:00"))


def findings(released: Released, counts: Counts, rules: Rules = RULES, **known: object) -> list:
    found = [
        *attack(released, counts, rules, **known).findings,
        *inspect(released, counts, rules, sure=0.95),
    ]
    return [" ".join((one.what, *one.culprits)) for one in found]


def changed_by(counts: Counts, place: int, by: float) -> Counts:
    cells = counts.cells.copy()
    cells.loc[place, "events"] += by
    return Counts(cells)


def test_every_table_of_a_fit_has_a_class() -> None:
    assert set(CLASSES) == set(TABLES)


def settings(seed: int) -> tuple[Source, Rules]:
    rng = np.random.default_rng(seed)
    strata = int(rng.integers(1, 5))
    outcomes = ("referrals", "plans")[: int(rng.integers(1, 3))]
    counts = counts_of(
        rng,
        authorities=int(rng.integers(18, 40)),
        outcomes=outcomes,
        strata=("",) if strata == 1 else tuple("abcde"[:strata]),
        typical=float(rng.choice([15.0, 40.0, 200.0])),
    )
    rules = (RULES, read_rules("opensafely"), Rules(threshold=12, areas=12, round=7))[seed % 3]
    return source_of(counts, seed=seed, years=strata > 1), rules


def exports_by_the_rules(seeds: range) -> int:
    """Export nations; whatever the attack finds is an error. Returns how many were refused."""
    refused = 0
    for seed in seeds:
        source, rules = settings(seed)
        try:
            decide(source.counts, rules)
        except FitError:
            refused += 1
            continue
        found = prepare(source, rules)
        assert found.report.narrowest >= rules.round
    return refused


def test_the_attack_narrows_no_count_of_nations_exported_by_the_rules() -> None:
    assert exports_by_the_rules(range(4)) < 3


@pytest.mark.slow
def test_the_attack_narrows_no_count_of_a_thousand_nations() -> None:
    assert exports_by_the_rules(range(1000)) < 300


def test_the_nation_of_the_leaks_hides_counts_of_every_kind(counts, prepared) -> None:
    hidden = prepared.decisions.cells["hidden"].value_counts()
    assert hidden[PRIMARY] > 5
    assert hidden[COMPLEMENT] > 2
    assert findings(prepared.released, counts) == []


@pytest.mark.parametrize("leak", LEAKS)
def test_every_planted_leak_is_found(leak: str, counts, prepared) -> None:
    assert findings(with_leak(prepared.released, leak, counts, RULES), counts)


def test_a_complement_that_leaves_is_found_by_published_totals_alone(tmp_path) -> None:
    events = {"a": 4.0, "b": 30.0, "c": 60.0}
    counts = nation(strata=tuple(events), outcomes=("referrals",), typical=400.0)
    first = counts.cells["authority"] == counts.codes[0]
    counts.cells.loc[first, "events"] = counts.cells.loc[first, "stratum"].map(events)
    counts.cells["areas"] = 50.0
    own = decide(counts, RULES).cells[first.to_numpy()]
    assert own.set_index("stratum")["hidden"].to_dict() == {"a": PRIMARY, "b": COMPLEMENT, "c": ""}
    totals = counts.cells.groupby(["authority", "outcome"])["events"].sum().reset_index()
    totals[totals["authority"] == counts.codes[0]].to_csv(tmp_path / "la.csv", index=False)
    places = Places(decide(counts, RULES).cells)
    published = published_totals(tmp_path / "la.csv", places)
    right = prepare(source_of(counts), RULES).released
    assert not attack(right, counts, RULES, published=published).findings
    frame = right.texts["gradients"].copy()
    row = frame.iloc[0].to_dict() | {"authority": counts.codes[0], "stratum": "b"}
    broken = pd.concat([frame, pd.DataFrame([row | {"events_rounded5": "30"}])])
    files = dict(right.files) | {"tables/gradients.csv": csv_bytes(broken)}
    # Total 94, the others 28 to 32 and 58 to 62: of the hidden one 0 to 8 are left.
    (found,) = attack(Released(files), counts, RULES, published=published).findings
    assert found.what.startswith(f"the withheld count of {counts.codes[0]}, referrals, a")


@pytest.mark.parametrize("by", [1, -1])
def test_one_more_in_a_hidden_count_changes_no_byte(by: int, counts, source, prepared) -> None:
    cells = prepared.decisions.cells
    kinds = cells["events"].between(2, 8) & (cells["hidden"] == PRIMARY)
    # Not where the total of the authority is next to the threshold.
    total = cells.groupby(["authority", "outcome"])["events"].transform("sum")
    for place in cells.index[kinds & ~total.between(8, 11)][:2]:
        other = _with_counts(source, changed_by(counts, place, by))
        again = prepare(other, RULES, Terms(when="2026-01-01T00:00:00+00:00"))
        assert again.released.files == prepared.released.files


def test_one_more_in_a_count_that_leaves_changes_bytes_only_at_a_boundary(
    counts, source, prepared
) -> None:
    cells = prepared.decisions.cells
    shown = cells[cells["hidden"] == ""].index
    for place in shown[:4]:
        more = changed_by(counts, place, 1.0)
        before, after = (
            rounded(one.cells["events"][[place]], threshold=10, step=5)[0] for one in (counts, more)
        )
        again = prepare(_with_counts(source, more), RULES, Terms(when="2026-01-01T00:00:00+00:00"))
        same = again.released.files == prepared.released.files
        assert same == (before == after)


def _with_counts(source: Source, counts: Counts) -> Source:
    """The same fit with other counts beside: estimates are held fixed."""
    from dataclasses import replace

    events = counts.cells["events"].to_numpy()
    tables = dict(source.tables)
    tables["gradients"] = tables["gradients"].assign(events=events)
    return replace(source, counts=counts, tables=tables)


class TestDecisions:
    def test_the_threshold_is_exact(self) -> None:
        counts = nation(strata=("",), outcomes=("referrals",), typical=100.0)
        counts.cells["areas"] = 10.0
        counts.cells.loc[[0, 1, 2], "events"] = [9.0, 10.0, 0.0]
        counts.cells.loc[3, "areas"] = 9.0
        decisions = decide(counts, RULES)
        assert decisions.cells["hidden"].tolist()[:4] == [PRIMARY, "", PRIMARY, PRIMARY]
        assert decisions.cells["events_label"][1] == 15.0
        reasons = withheld_table(decisions).set_index("authority")["reason"]
        assert "areas" in reasons[counts.codes[3]]
        assert reasons[counts.codes[0]] == reasons[counts.codes[2]]

    def test_what_hides_another_has_the_same_reason(self, prepared) -> None:
        cells = prepared.decisions.cells
        few = cells[cells["hidden"].isin([PRIMARY, COMPLEMENT]) & ~(cells["areas"] < 10)]
        assert few["reason"].nunique() == 1

    def test_one_cell_is_never_withheld_alone(self, prepared) -> None:
        cells, totals = prepared.decisions.cells, prepared.decisions.shown(of_totals=True)
        hidden = cells[cells["hidden"] != ""].merge(totals[["authority", "outcome"]])
        assert hidden.groupby(["authority", "outcome"]).size().min() >= 2

    def test_too_few_authorities_are_refused(self) -> None:
        with pytest.raises(FitError, match="9 authorities; nothing leaves of fewer than 10"):
            decide(nation(authorities=9), RULES)
        counts = nation(outcomes=("referrals",), strata=("",))
        counts.cells.loc[5:, "events"] = 3.0
        with pytest.raises(FitError, match=r"referrals: . authorities have 10 events"):
            decide(counts, RULES)

    def test_too_few_degrees_of_freedom_are_refused(self, source) -> None:
        from dataclasses import replace

        with pytest.raises(FitError, match="fewer than 10 degrees of freedom"):
            prepare(replace(source, coefficients={"referrals": 15, "plans": 2}), RULES)

    def test_a_failed_fit_needs_a_reason_and_leaves_without_ranks(self, source) -> None:
        from dataclasses import replace

        failed = replace(source, failed=["max_r_hat"], populations=())
        with pytest.raises(DiagnosticsError, match="max_r_hat"):
            prepare(failed, RULES)
        found = prepare(failed, RULES, Terms(reason="Needed for <b>planning</b>")).released
        assert not {"ranks", "pairs_ratio"} & set(found.texts)
        request = found.files["request.md"].decode()
        assert "failed its diagnostics" in request
        assert "&lt;b&gt;planning" in request


class TestFiles:
    def test_a_stratum_of_few_authorities_is_withheld(self) -> None:
        counts = nation(outcomes=("referrals",), typical=300.0)
        few = counts.cells["stratum"] == "unknown"
        counts.cells.loc[few, "events"] = 3.0
        counts.cells.loc[counts.cells.index[few][:9], "events"] = 100.0
        found = prepare(source_of(counts), RULES).released
        assert set(found.texts["strata"]["stratum"]) == {"girls", "boys"}
        reason = found.withheld.set_index(["authority", "stratum"])["reason"]["", "unknown"]
        assert reason == "fewer than 10 authorities have 10 events in the stratum"

    def test_the_strict_rules_let_nothing_of_an_authority_out(self, source) -> None:
        found = prepare(source, read_rules("strict")).released
        text = b"".join(found.files.values()).decode()
        assert "E0600" not in text
        assert "Authority 1" not in text
        tiers = found.texts["tiers"]
        assert tiers["authorities"].astype(int).min() >= 20
        assert "gradients" not in found.texts

    def test_long_tables_are_written_in_parts(self, source) -> None:
        found = prepare(source, Rules(rows=100)).released
        names = found.about["tables"]["gradients"]
        assert len(names) > 1
        assert names[0] == "tables/gradients_part1.csv"
        whole = prepare(source, RULES).released.texts["gradients"]
        pd.testing.assert_frame_equal(found.texts["gradients"], whole)

    def test_without_counts_there_is_none(self, source, counts) -> None:
        found = prepare(source, RULES, Terms(counts=False)).released
        columns = {column for frame in found.texts.values() for column in frame}
        assert not [column for column in columns if "rounded" in column]

    def test_a_sacro_viewer_accepts_the_folder(self, prepared, tmp_path) -> None:
        """What the viewer checks: `find_acro_metadata` and `ACROOutputs` of its models."""
        write(prepared.released, tmp_path)
        valid = [path for path in tmp_path.glob("*.json") if _is_acro(json.loads(path.read_text()))]
        assert [path.name for path in valid] == ["results.json"]
        content = json.loads(valid[0].read_text(encoding="ascii"))
        major, minor, *_ = content["version"].split(".")
        assert (int(major), int(minor)) >= (0, 4)
        listed = set()
        for output in content["results"].values():
            assert {"status", "type", "properties", "summary", "timestamp", "comments"} <= set(
                output
            )
            for file in output["files"]:
                sum_ = (tmp_path / "checksums" / f"{file['name']}.txt").read_text(encoding="utf8")
                assert sum_ == hashlib.sha256((tmp_path / file["name"]).read_bytes()).hexdigest()
                for flagged in file.get("sdc", {}).get("cells", {}).values():
                    assert all(len(place) == 2 for place in flagged)
                listed.add(file["name"])
        leaving = {
            name
            for name in prepared.released.files
            if name not in ("results.json", "config.json") and not name.startswith("checksums/")
        }
        assert listed == leaving

    def test_files_are_csv_json_and_md_but_for_checksums(self, prepared) -> None:
        kinds = {name.rpartition(".")[2] for name in prepared.released.files}
        assert kinds == {"csv", "json", "md", "txt"}

    def test_hostile_names_stay_text(self) -> None:
        counts = nation(names=HOSTILE, typical=400.0)
        counts.cells["areas"] = 50.0
        counts.cells.loc[counts.cells["name"] == HOSTILE[0], "events"] = 3.0
        found = prepare(source_of(counts), RULES).released
        names = set(found.texts["gradients"]["name"])
        assert set(HOSTILE[1:]) <= names
        assert HOSTILE[0] in set(found.withheld["name"])
        for name, content in found.files.items():
            if name.endswith(".csv"):
                for row in csv.reader(io.StringIO(content.decode(), newline="")):
                    for cell in row:
                        assert not cell.startswith(("=", "@", "\t", "\r"))
                        assert not cell.startswith(("+", "-")) or is_number(cell)
            if name.endswith(".json"):
                content.decode("ascii")
        known = {one["name"] for one in json.loads(found.files["fit.json"])["authorities"]}
        assert set(HOSTILE[1:]) <= known


@pytest.mark.parametrize(
    "text",
    [*HOSTILE, "a|b", "<script>alert(1)</script>", "[x](http://y)", "line\nbreak", "`code`", "# h"],
)
def test_texts_are_one_line_of_plain_markdown(text: str) -> None:
    written = md(text)
    assert "\n" not in written
    assert "<" not in written
    assert "\u202e" not in written
    for mark in "|`[]()#*":
        assert mark not in written.replace(f"\\{mark}", "")


def test_codes_that_are_formulas_are_neutralised_in_headings_and_read_back() -> None:
    frame = pd.DataFrame({"=A1": ["+1", "-x", "Ŵ"], "plain": [1.5, np.nan, 2.0]})
    content = csv_bytes(frame)
    assert content.decode().splitlines()[0] == "'=A1,plain"
    assert read_text_table(content)["=A1"].tolist() == ["+1", "-x", "Ŵ"]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write(released: Released, folder) -> None:
    for name, content in released.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _is_acro(content: dict) -> bool:
    if not {"version", "results"} <= set(content):
        return False
    return all(
        output.get("files") and all("name" in file for file in output["files"])
        for output in content["results"].values()
    )


def test_a_few_areas_without_events_are_not_told() -> None:
    counts = nation(outcomes=("referrals",), strata=("",))
    areas = counts.cells["areas"].sum()
    source = source_of(counts)
    predictive = source.tables["predictive"]
    for number, left in ((5.0, ""), (12.0, 15.0), (areas - 3.0, "")):
        predictive.loc[predictive["check"] == "share_of_zeros", "observed"] = number / areas
        found = prepare(source, RULES).released.texts["predictive"]["observed"][0]
        whole = rounded(np.array([areas]), threshold=10, step=5)[0]
        assert found == (f"{left / whole:.3g}" if left else "")
