"""Text of the files that people write, in whichever encoding their shell or editor chose."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""Byte order marks, and the encodings that they stand for."""

_HEAD = 200
"""Bytes from which UTF-16 without a mark is recognised."""


def read_text(path: Path) -> str:
    """Text of a file in UTF-8 or UTF-16, its lines ended by a line feed.

    PowerShell's `>` writes UTF-16.

    Raises
    ------
    OSError
        If the file cannot be read, or is a device or a pipe, which need not end.
    UnicodeDecodeError
        If it is in neither encoding.
    """
    return decoded(content_of(path))


def content_of(path: Path, *, pipes: bool = False) -> bytes:
    """Bytes of a file.

    Parameters
    ----------
    pipes : bool
        Whether it may be a pipe, such as a shell makes of a command's output.

    Raises
    ------
    OSError
        If the file cannot be read, or is a device or, unless `pipes`, a pipe.
    """
    kind = path.stat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind) or (pipes and stat.S_ISFIFO(kind))):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file", str(path))
    return path.read_bytes()


def decoded(data: bytes) -> str:
    """Decode UTF-8 or UTF-16, each with its mark or without; lines end in a line feed.

    Raises
    ------
    UnicodeDecodeError
        If the bytes are in neither encoding.
    """
    marked = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), None)
    mark, encoding = marked or (b"", _encoding_without_mark(data[:_HEAD]))
    text = data.removeprefix(mark).decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding_without_mark(head: bytes) -> str:
    """UTF-16 where every other byte is zero, as it is in text of Latin letters; else UTF-8."""
    if len(head) < 2:
        return "utf-8"
    first, second = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
    if second > 0.5 and first == 0:
        return "utf-16-le"
    return "utf-16-be" if first > 0.5 and second == 0 else "utf-8"
