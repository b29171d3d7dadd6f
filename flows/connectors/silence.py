"""Compiled code kept off the screen: it writes a stack for each failure, where a user should read one line.

Python goes on writing to the screen. What is kept off lies in memory: on a full disk a panic that cannot be printed is a
second one.
"""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Final, Self

SAID_MOST: Final = 1 << 16
"""Bytes of what was said that anybody is shown."""


class Silence:
    """From its making on, what compiled code writes to the screen is kept."""

    def __init__(self) -> None:
        """The screen's own file stays open for Python."""
        self._kept, self._screen, self._python = os.memfd_create("said"), os.dup(2), sys.stderr
        sys.stderr = os.fdopen(self._screen, "w", encoding="utf-8", errors="replace", buffering=1)
        os.dup2(self._kept, 2)

    def said(self) -> str:
        """The beginning of what was kept."""
        return os.pread(self._kept, SAID_MOST, 0).decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back; a failure takes along, as a note, what was said of it."""
        if error is not None:
            error.add_note(self.said())
        os.dup2(self._screen, 2)
        sys.stderr.close()
        sys.stderr = self._python
        os.close(self._kept)
