"""Small recordings for the tests of this room: a quarter of an hour of the shipped one, built at a quick level."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.recording.build import Built, build
from flows.recording.files import SHIPPED, SPECS
from flows.recording.manifest import Recording, load
from flows.registry.load import load as load_venue
from flows.registry.parameters import PoolParameters

PROJECT = SHIPPED.parent
SOURCE = SHIPPED / "source"
MINUTES = 15
APRIL = SPECS / "crash-2025-04-07.toml"
OCTOBER = SPECS / "crash-2025-10-10.toml"
PRICES = Path(os.environ.get("MARGINLINE_PRICES", "prices"))

where_prices_are = pytest.mark.skipif(
    not (PRICES / "oct10_2025_perp_1s.parquet").is_file(),
    reason="MARGINLINE_PRICES names no folder with the price files of 2025-10-10",
)
"""For tests on the price files of 2025-10-10, which are not shipped."""


def pools() -> tuple[PoolParameters, ...]:
    return load_venue(PROJECT / "venues" / "crash-2025-04-07.toml").pools


def short_specification(folder: Path, **changes: str) -> Path:
    """The shipped specification, cut to a quarter of an hour; ``changes`` replace values, by key."""
    text = APRIL.read_text("utf-8").replace("end = 2025-04-07T09:00:00Z", "end = 2025-04-06T23:15:00Z")
    for key, value in changes.items():
        lines = [f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    path = folder / "short.toml"
    path.write_text(text, "utf-8")
    return path


def short_recording(folder: Path, out: str = "recording", **changes: str) -> tuple[Recording, Built]:
    """Build the short recording into ``folder/out``."""
    specification = short_specification(folder, **changes)
    recording = load(specification)
    return recording, build(recording, specification, SOURCE, folder / out, pools(), level=1)
