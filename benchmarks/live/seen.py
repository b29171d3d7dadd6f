"""What the kernel says of a process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
TICKS: Final = os.sysconf("SC_CLK_TCK")


def seen_of(process: int) -> tuple[float, float] | None:
    """Processor seconds and resident MB of a process; None if it is gone."""
    folder = Path("/proc") / str(process)
    try:
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        pages = int((folder / "statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS, pages * PAGE / 1e6
