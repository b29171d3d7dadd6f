"""Compiled kernels and the one cache they may come from.

Numba's file cache looks at a kernel's own file only: edit a rule and it goes on serving the old rule, without
a word. So kernels are cached in a folder named by a digest of every text that may be compiled into one.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba.core import config as numba_config
from numba.extending import register_jitable

FLOWS: Final = Path(__file__).resolve().parent.parent

SHARED_ROOMS: Final = ("rules", "registry", "journal")
"""Rooms whose text may end in any kernel, beside that of the kernel's own: no other is below it."""

CACHE_VARIABLE: Final = "MARGINLINE_CACHE_DIR"
"""Environment variable: the folder to keep compiled kernels in, where the user's home can't be written."""


class KernelsNotKeptError(Exception):
    """The folder for compiled kernels takes no more of them."""


Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# It makes its names at import, where no type checker sees them.
config: Any = numba_config


def kernel(function: Kernel) -> Kernel:
    """Compile ``function`` at its first call, or take it from the cache; it runs without Python's lock.

    The folder is handed to Numba for this function alone, so no order of imports and no setting of the user's
    can make a kernel come from elsewhere. With ``NUMBA_DISABLE_JIT=1`` the function stays plain Python.
    """
    return _compiled(function, counts_references=True)


def _compiled(function: Kernel, *, counts_references: bool, inline: bool = False) -> Kernel:
    if config.DISABLE_JIT:
        return function
    former, folder = config.CACHE_DIR, cache_folder(room_of(function))
    config.CACHE_DIR = str(folder)
    try:
        options: dict[str, Any] = {"_nrt": counts_references, "forceinline": inline}
        made: Any = numba.njit(cache=True, nogil=True, **options)(function)
    finally:
        config.CACHE_DIR = former
    kept = made._cache  # noqa: SLF001 - Numba has no public place for what is done when its folder is full
    kept.save_overload = partial(_keep, kept.save_overload, folder)
    return cast("Kernel", made)


def _keep(save: Callable[..., None], folder: Path, *compiled: Any) -> None:
    """Put a kernel into the cache; the system's own word for a full disk names no folder."""
    try:
        save(*compiled)
    except OSError as error:
        raise KernelsNotKeptError(
            f"{folder}: compiled kernels cannot be kept there: {error.strerror or error}. Make room, or name another "
            f"folder in {CACHE_VARIABLE}."
        ) from error


def bare(function: Kernel) -> Kernel:
    """Compile ``function`` as `kernel` does, without counting references to arrays: it may use them, not make them.

    Counting costs an atomic operation an array and call, and a call that takes the pool's columns takes a dozen: an
    account's valuation took 770 ns with it and takes 10 without.
    """
    return _compiled(function, counts_references=False)


def inlined(function: Kernel) -> Kernel:
    """Compile as `bare` does, into every caller: a call that takes the pool's columns copies them, some 100 words."""
    return _compiled(function, counts_references=False, inline=True)


def part(function: Kernel) -> Kernel:
    """Let kernels call ``function``: it is compiled into each that does, and stays plain Python beside."""
    compilable: Kernel = register_jitable(function)
    return compilable


def room_of(function: Kernel) -> str:
    """Name the room of ``flows`` that a function stands in; one from elsewhere has none."""
    package, _, place = function.__module__.partition(".")
    return place.partition(".")[0] if package == FLOWS.name else ""


@cache
def cache_folder(room: str) -> Path:
    """Where a room's kernels are kept: the first of the candidates that can be written."""
    name = kernel_digest(FLOWS, room)
    for base in _candidates():
        if (folder := _writable(base / name)) is not None:
            return folder
    return Path(tempfile.mkdtemp(prefix="marginline-"))


def kernel_digest(flows: Path, room: str) -> str:
    """Name the text below ``flows`` that a room's kernels may see, under this compiler and its settings."""
    settings = (numba.__version__, config.BOUNDSCHECK, config.OPT, config.ENABLE_AVX)
    digest = hashlib.sha256(repr(tuple(map(str, settings))).encode())
    for each in dict.fromkeys((*SHARED_ROOMS, room) if room else SHARED_ROOMS):
        for path in sorted((flows / each).rglob("*.py")):
            text = path.read_bytes()
            digest.update(f"{path.relative_to(flows).as_posix()} {len(text)}\n".encode())
            digest.update(text)
    return digest.hexdigest()[:24]


def _candidates() -> list[Path]:
    """List the folder the operator names; else the user's cache and one in the system's temporary folder."""
    if named := os.environ.get(CACHE_VARIABLE):
        return [Path(named).expanduser()]
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return [
        Path(home) / "marginline",
        Path(tempfile.gettempdir()) / f"marginline-{os.getuid()}",
    ]


def _writable(folder: Path) -> Path | None:
    """``folder``, made if it is missing; None where it can't be written, or where it isn't ours.

    A kernel from the cache is code: a folder that another user made, or may write to, is as bad as none.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        found = folder.stat()
    except OSError:
        return None
    ours = found.st_uid == os.getuid() and not found.st_mode & stat.S_IWOTH
    return folder if ours else None
