"""Prior packs as files: TOML that people can read, and that tells if it was changed."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bayesgrad.errors import SpecError
from bayesgrad.files import write_texts
from bayesgrad.spec.prior_pack import FORMAT, PackColumn, PriorPack
from bayesgrad.spec.text_files import read_text

_MARK = "# bayesgrad-sha256="
_AGAIN = "Copy it again from where it was made, or write it again with `bayesgrad prior`."
_DIGITS = 12

HEADING = """\
# National prior pack, written by bayesgrad {version} (`bayesgrad prior`).
#
# It holds national parameters only: the mean and covariance of the parameters of one joint fit of
# {authorities} authorities, and what they refer to. It holds nothing of any one authority, area or
# child. To fit one authority with it, put in the spec:
#
#     prior_pack = "THIS FILE"
"""


def write_pack(pack: PriorPack, path: Path) -> Path:
    """Write a pack; see `PriorPack.write`."""
    if not path.parent.is_dir():
        raise SpecError(f"{path}: the folder {path.parent} does not exist", "Create it first.")
    write_texts({path: pack_text(pack)})
    return path


def pack_text(pack: PriorPack) -> str:
    """TOML of a pack, with comments and a closing line that has its SHA-256."""
    body = "\n".join(_lines(pack)) + "\n"
    return f"{body}{_MARK}{_digest(body)}\n"


def read_pack(path: Path) -> PriorPack:
    """Read a pack; see `PriorPack.read`."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise SpecError(
            f"{path}: there is no such prior pack",
            "Write one from a national fit with `bayesgrad prior FIT.nc --out prior.toml`, or mend "
            "the path: it is relative to the folder of the spec.",
        ) from None
    except IsADirectoryError:
        raise SpecError(f"{path}: is a folder", "Give the path of a prior pack in it.") from None
    except UnicodeDecodeError:
        raise SpecError(f"{path}: is not a prior pack: it is not text", _AGAIN) from None
    except OSError as error:
        raise SpecError(f"{path}: cannot be read: {error.strerror}", _AGAIN) from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path}: is damaged: it is not valid TOML: {error}", _AGAIN) from None
    except (ValueError, RecursionError):
        raise SpecError(f"{path}: is not a prior pack: it cannot be read as TOML", _AGAIN) from None
    _refuse_other_formats(content, path)
    _refuse_changed(text, path)
    try:
        return PriorPack.model_validate(content)
    except ValidationError as error:
        faults = [_fault(fault["loc"], fault["msg"]) for fault in error.errors()[:5]]
        raise SpecError("\n".join(f"{path}: {fault}" for fault in faults), _AGAIN) from None


def _refuse_other_formats(content: dict[str, Any], path: Path) -> None:
    found = content.get("format")
    if "parameters" not in content or not isinstance(found, int):
        raise SpecError(
            f"{path}: is not a prior pack (it has no format and [parameters])",
            "Give a file written by `bayesgrad prior`.",
        )
    if found != FORMAT:
        raise SpecError(
            f"{path}: has format {found}; this version reads {FORMAT}",
            "Update bayesgrad." if found > FORMAT else "Write the pack again with this version.",
        )


def _refuse_changed(text: str, path: Path) -> None:
    """Compare the content with the SHA-256 at its end, whatever ends its lines."""
    body, mark, digest = text.replace("\r\n", "\n").rpartition(_MARK)
    if not mark:
        raise SpecError(f"{path}: is not a whole prior pack (its last line is missing)", _AGAIN)
    if digest.strip() != _digest(body):
        raise SpecError(
            f"{path}: was changed or damaged since it was written (its SHA-256 does not match)",
            _AGAIN,
        )


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _fault(location: Sequence[str | int], message: str) -> str:
    where = ".".join(map(str, location))
    reason = message.removeprefix("Value error, ").removeprefix("Input ")
    return f"{where}: {reason}" if where else reason


def _lines(pack: PriorPack) -> Iterator[str]:
    source, nation, model = pack.source, pack.nation, pack.model
    yield HEADING.format(version=source.bayesgrad, authorities=nation.authorities)
    yield f"format = {pack.format}"
    yield f"area_moderators = {_toml(pack.area_moderators)}"
    yield "\n[source]                # the national fit"
    yield from _keys(source)
    yield "\n[nation]                # quantiles of authority deprivation, rounded"
    yield from _keys(nation)
    yield "\n[model]                 # what the parameters refer to"
    yield from _keys(model)
    for outcome in pack.outcomes:
        yield "\n[[outcomes]]"
        yield from _keys(outcome)
    yield from _columns("area_covariates", pack.area_covariates)
    yield from _columns("authority_moderators", pack.authority_moderators)
    yield (
        "\n[parameters]            # jointly normal: effects per unit on the scale of the link,\n"
        "                        # log standard deviations, atanh correlations"
    )
    yield f"names = {_list(map(_toml, pack.parameters.names))}"
    yield f"mean = {_list(map(_toml, pack.parameters.mean))}"
    yield f"covariance = {_list(map(_toml, pack.parameters.covariance))}\n"


def _columns(title: str, columns: Sequence[PackColumn]) -> Iterator[str]:
    for column in columns:
        yield f"\n[[{title}]]       # standardised by these national values"
        yield from _keys(column)


def _keys(part: Any) -> Iterator[str]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if value is not None:
            yield f"{name} = {_toml(value)}"


def _list(items: Iterator[str]) -> str:
    return "[\n" + "".join(f"  {item},\n" for item in items) + "]"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            text = f"{value:.{_DIGITS}g}"
            return text if any(mark in text for mark in ".e") else f"{text}.0"
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)
