"""A fit file of unknown origin: looked at, object by object, before anything in it is read.

HDF5 can lead a reader to other files (external and soft links, external storage, virtual
datasets), to filters that are loaded from anywhere, and to arrays far larger than the file. A fit
needs none of these: groups one level deep, each with plain arrays of numbers and names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np

from bayesgrad.errors import FitError

LARGEST_GROWTH = 100
"""Times that a file may grow when it is read: draws grow to twice, zeros more."""

ALLOWANCE = 1 << 24
"""Bytes that it may hold besides, so that small files of equal values are not refused."""

LARGEST_OBJECTS = 10_000
"""Arrays and attributes of a fit file, at most."""

_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_NUMBERS = (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM, h5py.h5t.STRING)
_TEXTS = 1 << 30
"""Bytes of texts that are read at a time, at most, however long they are."""

_SCALES = ("DIMENSION_LIST", "REFERENCE_LIST")
"""Attributes that tie an array to its dimensions, and are the only ones that refer to objects."""


def refuse_hostile(path: Path) -> None:
    """Refuse a fit file with anything in it that no fit has.

    Raises
    ------
    FitError
        If the file has links to elsewhere, external or virtual storage, unknown filters or types,
        an object in two places, or would be far larger in memory than it is.
    """
    try:
        with h5py.File(path, "r") as file:
            _Inspection(path).look_at(file)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise FitError(
            f"{path}: is not a fit file of bayesgrad: {str(error).splitlines()[0]}",
            "Copy it again from where it was made, or fit again.",
        ) from None


class _Inspection:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._left = LARGEST_GROWTH * self._size + ALLOWANCE
        self._stored = 0
        self._objects = 0
        self._seen: set[Any] = set()

    def look_at(self, file: h5py.File) -> None:
        self._attributes(file)
        for name, child in self._children(file):
            if isinstance(child, h5py.Group):
                self._attributes(child)
                for inner, array in self._children(child):
                    if isinstance(array, h5py.Group):
                        self._refuse(f"{name}/{inner}", "is a group inside a group")
                    self._array(f"{name}/{inner}", array)
            else:
                self._array(name, child)

    def _children(self, group: h5py.Group) -> Iterator[tuple[str, Any]]:
        """Objects of a group; none is reached but by a plain link, and none twice."""
        for name in group:
            self._count()
            where = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                self._refuse(where, "leads to another place or file")
            child = group[name]
            if not isinstance(child, (h5py.Group, h5py.Dataset)):
                self._refuse(where, "is neither a group nor an array")
            info = h5py.h5o.get_info(child.id)
            place = (info.fileno, info.addr)
            if place in self._seen or place == self._place(group):
                self._refuse(where, "is in two places")
            self._seen.add(place)
            yield where, child

    @staticmethod
    def _place(group: h5py.Group) -> tuple[int, int]:
        info = h5py.h5o.get_info(group.file.id)
        return info.fileno, info.addr

    def _array(self, where: str, array: h5py.Dataset) -> None:
        self._attributes(array)
        layout = array.id.get_create_plist()
        if array.is_virtual or layout.get_external_count():
            self._refuse(where, "keeps its values in other files")
        filters = {layout.get_filter(k)[0] for k in range(layout.get_nfilters())}
        if not filters <= _FILTERS:
            self._refuse(where, "is packed in a way that fits are not")
        self._typed(where, array.id.get_type(), scales=False)
        declared = int(np.prod([int(n) for n in array.shape or ()], dtype=object)) * max(
            array.dtype.itemsize, 1
        )
        self._stored += array.id.get_storage_size()
        if self._stored > self._size:
            self._refuse(where, "claims more of the file than there is")
        self._spend(where, declared)
        if h5py.check_string_dtype(array.dtype) is not None and array.dtype.kind == "O":
            self._texts(where, array)

    def _texts(self, where: str, array: h5py.Dataset) -> None:
        """Count the letters of a few texts at a time: all can be one long text in the file."""
        *lead, length = array.shape or (1,)
        few = max(1, min(4096, _TEXTS // self._size))
        for place in np.ndindex(*lead):
            for start in range(0, length, few):
                part = (*place, slice(start, start + few)) if array.shape else ()
                texts = np.atleast_1d(array[part]).tolist()
                self._spend(where, sum(map(len, texts)))

    def _attributes(self, item: h5py.Group | h5py.Dataset) -> None:
        for name in item.attrs:
            self._count()
            where = f"attribute {name} of {item.name}"
            attribute = item.attrs.get_id(name)
            self._typed(where, attribute.get_type(), scales=name in _SCALES)
            elements = int(np.prod([int(n) for n in attribute.shape], dtype=object))
            self._spend(where, elements * max(attribute.dtype.itemsize, 1))
            several_texts = attribute.get_type().get_class() == h5py.h5t.STRING and elements > 1
            if elements > LARGEST_OBJECTS or several_texts:
                self._refuse(where, "is far too long")

    def _typed(self, where: str, kind: Any, *, scales: bool) -> None:
        if not scales and kind.get_class() not in _NUMBERS:
            self._refuse(where, "is of a type that fits do not have")

    def _count(self) -> None:
        self._objects += 1
        if self._objects > LARGEST_OBJECTS:
            self._refuse("it", f"has more than {LARGEST_OBJECTS:,} parts")

    def _spend(self, where: str, size: int) -> None:
        self._left -= size
        if self._left < 0:
            self._refuse(where, "would be far larger in memory than the whole file")

    def _refuse(self, where: str, why: str) -> NoReturn:
        raise FitError(
            f"{self._path}: was not written by bayesgrad: {where} {why}",
            "Do not open it with other programs; ask where it comes from.",
        )
