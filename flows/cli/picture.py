"""The picture of a run: one page that opens without network, and one image."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from flows.cli.drawing.figures import figures
from flows.cli.drawing.page import write_page
from flows.cli.drawing.plot import write_png
from flows.verify.tally import Tally

PAGE: Final = "picture.html"
IMAGE: Final = "picture.png"
SOURCE: Final = "Counted by the minute from the run's own journal and events; times are UTC."


def write_picture(folder: Path, title: str, tallies: Mapping[str, Tally], source: str = "") -> None:
    """Write both into a folder; ``source`` says where the prices come from, in a sentence."""
    drawn = figures(title, f"{source} {SOURCE}".strip(), tallies)
    write_page(folder / PAGE, drawn)
    write_png(folder / IMAGE, drawn)
