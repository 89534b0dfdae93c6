"""Whether outputs can be written where they should be, and what they would destroy: before work."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bayesgrad.errors import FitError
from bayesgrad.files import target_of, write_bytes


def require_writable(path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Refuse, before any work is done, a file that could not be written, or that is an input.

    Parameters
    ----------
    path : Path
    inputs : iterable of Path
        Files that are read; the same file under another name is one of them, too.

    Raises
    ------
    FitError
    """
    if os.path.isdir(path):
        raise FitError(f"{path}: is a folder", "Give the name of a file in it.")
    for given in inputs:
        if _same(path, given):
            raise FitError(
                f"{path}: is the same file as {given}, which is read and would be lost",
                "Give the output another name.",
            )
    try:
        target = target_of(path)
        if not target.parent.is_dir():
            raise FitError(f"{path}: the folder {target.parent} does not exist", "Create it first.")
        there = os.path.lexists(target)
        if there and not os.access(target, os.W_OK):
            raise PermissionError(13, "is there, and may not be changed")
        _try(target.parent)
        if not there:
            # The temporary name is short: only the name itself shows whether it is too long.
            target.touch()
            target.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None


def require_writable_folder(folder: Path) -> None:
    """Refuse, before any work is done, a folder that cannot be made or written to.

    Nothing is made. Raises FitError.
    """
    nearest = folder
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise FitError(f"{folder}: {nearest} is not a folder", "Give the name of a folder.")
    try:
        if len(os.fsencode(folder.name)) > os.pathconf(nearest, "PC_NAME_MAX"):
            raise OSError(36, "the name is too long")
    except (AttributeError, ValueError):
        pass  # a system that does not say
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        _try(nearest)
    except OSError as error:
        raise _unwritable(folder, error) from None


@dataclass(frozen=True)
class OwnFiles:
    """The files of one command in a folder that may hold a user's, too.

    A hidden file in the folder lists what was written, with sizes: files that it does not list, or
    that have another size, are taken to be the user's, and are neither replaced nor removed.

    Attributes
    ----------
    folder : Path
    command : str
        What writes them, such as ``tables``; each has a list of its own.
    """

    folder: Path
    command: str

    @property
    def _list(self) -> Path:
        return self.folder / f".bayesgrad-{self.command}.json"

    def others(self, names: Iterable[str], *, inputs: Iterable[Path] = ()) -> dict[str, str]:
        """Why files of these names may not be replaced, nor those of an earlier run removed.

        Parameters
        ----------
        names : iterable of str
        inputs : iterable of Path
            Files that are read.

        Returns
        -------
        dict of str to str
            By name, of those that are there and are not this command's own, or are an input.
        """
        own = self._written()
        inputs = tuple(inputs)
        found = {}
        for name in dict.fromkeys((*names, *own)):
            path = self.folder / name
            if not os.path.lexists(path):
                continue
            read = next((given for given in inputs if _same(path, given)), None)
            if read is not None:
                found[name] = f"is the same file as {read}, which is read"
            elif name not in own:
                found[name] = "is there already, and is not of an earlier run"
            elif path.is_symlink() or path.stat().st_size != own[name]:
                found[name] = "was changed since an earlier run wrote it"
        return found

    def refuse_others(self, names: Iterable[str], *, inputs: Iterable[Path] = ()) -> None:
        """Refuse, before any work is done, a folder where `names` cannot be written.

        Raises
        ------
        FitError
            If the folder cannot be made or written to, or would lose a file; see `others`.
        """
        require_writable_folder(self.folder)
        for name, why in self.others(names, inputs=inputs).items():
            raise FitError(
                f"{self.folder / name}: {why}: it would be lost",
                "Move it elsewhere, or give another folder.",
            )

    def write(self, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
        """Write files to the folder and remove those of an earlier run, all or nothing.

        Parameters
        ----------
        contents : dict of str to bytes
            By name.

        Returns
        -------
        tuple of Path
            The files of `contents`.

        Raises
        ------
        FitError
            As `refuse_others`.
        """
        self.refuse_others(contents)
        return self.write_beside_others(contents)

    def write_beside_others(self, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
        """As `write`, but what `others` names is left as it is, and not written."""
        others = self.others(contents)
        own = {name: size for name, size in self._written().items() if name not in others}
        contents = {name: content for name, content in contents.items() if name not in others}
        self.folder.mkdir(parents=True, exist_ok=True)
        listing = {name: len(content) for name, content in contents.items()}
        old = [self.folder / name for name in own if name not in contents]
        text = json.dumps({"bayesgrad": self.command, "files": listing}, indent=1)
        files = {self.folder / name: content for name, content in contents.items()}
        write_bytes(
            {**files, self._list: text.encode()}, removed=[path for path in old if path.exists()]
        )
        return tuple(files)

    def _written(self) -> dict[str, int]:
        """Names of the files of the last run, with their sizes."""
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            files = json.loads(self._list.read_text(encoding="utf-8"))["files"]
            return {str(name): int(size) for name, size in files.items() if Path(name).name == name}
        return {}


def _same(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return os.path.samefile(one, other)
    return False


def _try(folder: Path) -> None:
    """Make a file in a folder, and remove it. Raises OSError."""
    path = folder / f".{uuid.uuid4().hex[:12]}.tmp"
    try:
        path.touch(exist_ok=False)
    finally:
        with suppress(OSError):
            path.unlink()


def _unwritable(path: Path, error: OSError) -> FitError:
    return FitError(
        f"{path}: cannot be written: {error.strerror or error}",
        "Give a path where you may write files, with a shorter name if that is too long.",
    )
