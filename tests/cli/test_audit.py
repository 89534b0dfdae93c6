import pytest

from bayesgrad import auditing
from tests.auditing.fabricated import audit_of, outcome_audit
from tests.cli.test_app import two_lines
from tests.small import spec_of


@pytest.fixture
def asked(monkeypatch):
    """Audits are fabricated; what they were asked for is kept."""
    calls = []

    def fabricated(spec, table, **options):
        calls.append((spec, table.name, options))
        return audit_of(outcome_audit({"log moderation": 30.0}))

    monkeypatch.setattr(auditing, "audit", fabricated)
    return calls


def test_an_audit_is_printed_and_written(bayesgrad, asked, tmp_path):
    out, spec = tmp_path / "audit", tmp_path / "a.toml"
    spec.write_text(spec_of().to_toml(), encoding="utf-8")
    changed = ("--set", "authority.moderators=['turnover']")
    options = ("--engine", "nuts", "--seed", 3, *changed)
    result = bayesgrad("audit", spec, "b.csv", "--out", out, *options)
    assert result.status == 0
    read = spec_of().with_(authority={"moderators": ["turnover"]})
    assert asked == [(read, "b.csv", {"engine": "nuts", "draws": None, "seed": 3})]
    assert "What explains it: **log moderation**" in result.out
    written = {line.removeprefix("written: ") for line in result.out.splitlines()[-6:]}
    assert written == {str(path) for path in out.glob("[!.]*")}


def test_a_missing_spec_is_the_input_s_fault(bayesgrad, tmp_path):
    result = bayesgrad("audit", tmp_path / "no.toml", tmp_path / "no.csv", "--out", tmp_path)
    assert result.status == 2
    assert "no.toml" in two_lines(result.err)[0]
