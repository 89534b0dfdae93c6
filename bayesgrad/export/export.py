"""From a fit to the folder that may leave a secure environment."""

from __future__ import annotations

import datetime
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from bayesgrad.data.listing import counted
from bayesgrad.errors import DiagnosticsError, FitError
from bayesgrad.export.about import rounded_rows
from bayesgrad.export.attack.attack import Report, attack
from bayesgrad.export.attack.bounds import Constraint
from bayesgrad.export.attack.evidence import Places, published_totals
from bayesgrad.export.attack.inspection import inspect
from bayesgrad.export.decisions import Decisions, decide, refuse_freedom, withheld_table
from bayesgrad.export.ledger import INSIDE, Ledger, audit, entry
from bayesgrad.export.manifest import manifest
from bayesgrad.export.release import release
from bayesgrad.export.released import TABLES, Released, read_export
from bayesgrad.export.request import request, summaries
from bayesgrad.export.rules import Rules, read_rules
from bayesgrad.export.source import Source, source_of
from bayesgrad.export.texts import csv_bytes, json_bytes
from bayesgrad.files import replacing
from bayesgrad.outputs import require_writable_folder

if TYPE_CHECKING:
    from bayesgrad.fitting.gradient_fit import GradientFit


@dataclass(frozen=True)
class Terms:
    """What an export is asked for, beside its rules.

    Attributes
    ----------
    counts : bool
        Whether columns of counts leave.
    reason : str
        Why a fit may leave although its diagnostics failed.
    published : sequence of Constraint
        What published totals say.
    published_name : str
        Name of their file.
    previous : mapping of str to Released
        Earlier exports of the same counts, by name.
    earlier : sequence of str
        Names of other exports in the ledger.
    pack : str
        Prior pack as text; empty for none.
    when : str
        Time in ISO format.
    """

    counts: bool = True
    reason: str = ""
    published: Sequence[Constraint] = ()
    published_name: str = ""
    previous: Mapping[str, Released] | None = None
    earlier: Sequence[str] = ()
    pack: str = ""
    when: str = ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """An export before it is written: files that leave, and what was decided."""

    released: Released
    decisions: Decisions
    report: Report


def prepare(source: Source, rules: Rules, terms: Terms | None = None) -> Prepared:
    """Make an export of tables and counts, and attack it.

    Parameters
    ----------
    source : Source
    rules : Rules
    terms : Terms, optional

    Raises
    ------
    DiagnosticsError
        If the fit failed its diagnostics and no reason is given.
    FitError
        If there are too few authorities or degrees of freedom, or the attack finds anything: the
        message names the numbers at fault.
    """
    terms = terms or Terms()
    if source.failed and not terms.reason.strip():
        raise DiagnosticsError(
            f"nothing is exported: the fit failed its diagnostics ({', '.join(source.failed)})",
            "Fit again with more draws or a simpler model, or give the reason why it should leave "
            "(--reason); ranks and comparisons are withheld then.",
        )
    decisions = decide(source.counts, rules)
    refuse_freedom(decisions, dict(source.coefficients))
    tables = release(source, decisions, counts=terms.counts)
    draft, names = _draft(source, decisions, tables, terms)
    report = _attacked(draft, source, rules, terms)
    text = request(
        source,
        decisions,
        tables,
        names,
        report,
        reason=terms.reason,
        previous=tuple(terms.previous or ()),
        earlier=terms.earlier,
        published=terms.published_name,
        pack=bool(terms.pack),
    )
    files = {**draft.files, "request.md": text.encode()}
    files |= manifest(
        files, summaries(tables, names), rules=rules, when=terms.when, reason=terms.reason
    )
    return Prepared(Released(files), decisions, report)


def _draft(
    source: Source, decisions: Decisions, tables: Mapping[str, pd.DataFrame], terms: Terms
) -> tuple[Released, dict[str, list[str]]]:
    """Files with content of the fit, and the names of those of each table."""
    files: dict[str, bytes] = {}
    names: dict[str, list[str]] = {}
    for name, frame in tables.items():
        parts = _parts(name, frame, decisions.rules.rows)
        files |= {file: csv_bytes(part) for file, part in parts.items()}
        names[name] = list(parts)
    about = dict(source.about)
    shown = set(decisions.shown(of_totals=True)["authority"])
    known = about.get("authorities", []) if decisions.rules.authorities_may_leave else []
    about["authorities"] = [one for one in known if one["code"] in shown]
    about["rows"] = rounded_rows(about.get("rows", {}), decisions.rules)
    about["rules"] = decisions.rules.model_dump()
    about["tables"] = names
    if terms.reason:
        about["reason"] = terms.reason
    files["withheld.csv"] = csv_bytes(withheld_table(decisions))
    files["fit.json"] = json_bytes(about)
    files["rules.json"] = json_bytes({"rules": decisions.rules.model_dump()})
    if terms.pack:
        files["prior_pack.toml"] = terms.pack.encode()
    return Released(files), names


def _parts(name: str, frame: pd.DataFrame, rows: int) -> dict[str, pd.DataFrame]:
    """A table by the names of its files, none longer than the rules allow."""
    if len(frame) <= rows:
        return {f"{TABLES}{name}.csv": frame}
    return {
        f"{TABLES}{name}_part{k + 1}.csv": frame.iloc[start : start + rows]
        for k, start in enumerate(range(0, len(frame), rows))
    }


def _attacked(draft: Released, source: Source, rules: Rules, terms: Terms) -> Report:
    """Attack the files. Raises FitError where anything is found."""
    report = attack(
        draft,
        source.counts,
        rules,
        published=terms.published,
        previous=terms.previous,
    )
    seen = inspect(draft, source.counts, rules, sure=source.sure)
    findings = [*report.findings, *seen]
    if findings:
        lines = [
            f"{one.what} ({'; '.join(one.culprits)})" if one.culprits else one.what
            for one in findings[:5]
        ]
        more = f"\nand {len(findings) - 5} more" if len(findings) > 5 else ""
        raise FitError(
            f"nothing is exported: {counted(len(findings), 'finding')} of the attack:\n"
            + "\n".join(lines)
            + more,
            "Leave out the tables at fault (--tables), or all counts (--without-counts), or use "
            "rules that round more.",
        )
    return report


def export_fit(
    fit: GradientFit,
    folder: str | Path,
    *,
    rules: str | Path | Rules = "default",
    tables: Sequence[str] | None = None,
    level: float = 0.95,
    sure: float = 0.95,
    counts: bool = True,
    previous: Sequence[str | Path] = (),
    published: str | Path | None = None,
    reason: str = "",
    pack: bool = False,
    inside: str | Path | None = None,
) -> Path:
    """Write what may leave of a fit; see `GradientFit.export`."""
    folder = Path(folder)
    kept = folder.resolve().parent / INSIDE if inside is None else Path(inside)
    _refuse_folders(folder, kept)
    chosen = rules if isinstance(rules, Rules) else read_rules(rules)
    ledger = Ledger.read(kept / "ledger.json")
    earlier = {Path(path).name: read_export(path) for path in previous}
    source = source_of(fit, names=tables, level=level, sure=sure)
    places = Places(decide(source.counts, chosen).cells)
    terms = Terms(
        counts=counts,
        reason=reason,
        published=_published(published, fit, places, pack=pack),
        published_name=Path(published).name if published else "",
        previous=earlier,
        earlier=[
            str(one["folder"])
            for one in ledger.entries
            if one["folder"] not in earlier and set(one["outcomes"]) & set(places.cells["outcome"])
        ],
        pack=_pack_text(fit) if pack else "",
        when=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    )
    prepared = prepare(source, chosen, terms)
    noted = entry(
        folder=folder.resolve().name,
        when=terms.when,
        decisions=prepared.decisions,
        about=source.about,
        files=prepared.released.files,
        reason=reason,
        previous=tuple(earlier),
        pack=pack,
    )
    if pack:
        ledger.refuse_near_pack(noted, chosen)
    inner = {
        kept / f"audit-{folder.resolve().name}.json": json_bytes(
            audit(prepared.decisions, prepared.report, noted)
        ),
        kept / "ledger.json": json_bytes(ledger.with_entry(noted)),
    }
    _write(folder, prepared.released.files, inner)
    return folder


def _published(
    path: str | Path | None, fit: GradientFit, places: Places, *, pack: bool
) -> list[Constraint]:
    found = [] if path is None else published_totals(Path(path), places)
    if pack:
        # A pack has the exact events of each outcome.
        for outcome in dict.fromkeys(places.cells["outcome"]):
            cells = places.of(("", outcome, ""))
            total = float(places.counts[list(cells)].sum())
            found.append(Constraint(cells, total, total, f"prior_pack.toml, events of {outcome}"))
    return found


def _pack_text(fit: GradientFit) -> str:
    from bayesgrad.spec.pack_files import pack_text

    return pack_text(fit.prior_pack(despite_failed_diagnostics=True))


def _refuse_folders(folder: Path, inside: Path) -> None:
    require_writable_folder(folder)
    require_writable_folder(inside)
    if folder.exists() and any(folder.iterdir()):
        raise FitError(
            f"{folder}: is there already, and is not empty: what leaves is one release, and "
            "nothing "
            "else",
            "Give a new folder.",
        )
    if inside.resolve().is_relative_to(folder.resolve()):
        raise FitError(
            f"{inside}: is within {folder}, which leaves",
            "Give another folder for what stays inside.",
        )


def _write(folder: Path, files: Mapping[str, bytes], inner: Mapping[Path, bytes]) -> None:
    """Write the folder that leaves and the files that stay, all or none."""
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{uuid.uuid4().hex[:12]}.tmp")
    placed = False
    try:
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for path in inner:
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(*inner) as hidden:
            for path, content in zip(hidden, inner.values(), strict=True):
                path.write_bytes(content)
            if folder.exists():
                folder.rmdir()
            os.replace(temporary, folder)
            placed = True
    except BaseException:
        if placed:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
