"""SIGTERM as a flag: every source ends at its next poll, so the last epoch is committed and the process ends with 0."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Final

STOP: Final = threading.Event()
"""Set once the process is asked to stop."""


def stop_on_sigterm() -> None:
    """Have SIGTERM set `STOP`."""
    signal.signal(signal.SIGTERM, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    STOP.set()
