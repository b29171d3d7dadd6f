"""What a run is: its recording, its accounts, its folder; the names of its files; and how flows read them back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson
from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.connectors.errors import RunBroken
from flows.connectors.run_files import frames, write_whole
from flows.journal.codec import EntryBatch, EventBatch, decode_entries, decode_events
from flows.journal.merge import SLICE_RECORDS
from flows.registry.load import Venue, load

ROOT: Final = Path(__file__).resolve().parents[2]
"""The project's folder: venues and recordings that ship lie below it."""

VENUES: Final = ROOT / "venues"
JOURNAL: Final = "journal-{}.arrows"
EVENTS: Final = "events-{}.arrows"
DEAD_LETTERS: Final = "dead-letters-{}.ndjson"
CHECKPOINTS: Final = "checkpoints"
MANIFEST: Final = "run.json"


@dataclass(frozen=True)
class Run:
    """Everything that a flow over a recording needs to know. ``sources``: folders that hold the topics' files."""

    venue: Venue
    sources: tuple[Path, ...]
    horizon: tuple[int, int]  # first and last instant, ns
    folder: Path  # that is written to
    slice_records: int = SLICE_RECORDS
    journal_folder: Path | None = None  # where journal and events are read from, if not there

    @property
    def read_folder(self) -> Path:
        """Where journal and events are read from."""
        return self.journal_folder or self.folder


class Environment(BaseSettings):
    """Settings of a flow that bytewax starts: ``MARGINLINE_RUN=runs/... python -m bytewax.run flows.clearing``."""

    model_config = SettingsConfigDict(env_prefix="MARGINLINE_")
    run: Path = Field(description="folder of a run that `marginline replay` has begun")
    out: Path | None = Field(
        default=None, description="folder that this flow writes to; the run's own by default"
    )
    database: str = Field(default="", description="ClickHouse: a folder or a URL; the run's own by default")


class Manifest(BaseModel):
    """A run's own description, ``run.json``: written when it starts, the same for every later start."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    recording: str
    title: str
    venue: str
    accounts: int
    sources: tuple[str, ...]
    start_ns: int
    end_ns: int
    parameters: dict[str, str]  # hash of each pool's parameters: a run is resumed under the same ones

    def write(self, folder: Path) -> None:
        """Put it into the run's folder."""
        write_whole(folder / MANIFEST, orjson.dumps(self.model_dump(), option=orjson.OPT_INDENT_2) + b"\n")

    def run(self, folder: Path, slice_records: int = SLICE_RECORDS) -> Run:
        """The run that it describes."""
        venue = venue_of(self.venue)
        sources = tuple(Path(each) if Path(each).is_absolute() else folder / each for each in self.sources)
        return Run(venue, sources, (self.start_ns, self.end_ns), folder, slice_records)


def read_manifest(folder: Path) -> Manifest | None:
    """What the run in a folder says of itself, None where none was begun."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise RunBroken(f"{path}: is not a run's description. Use --fresh.") from error


def run_from_environment() -> Run:
    """The run that ``MARGINLINE_RUN`` names, with its output going to ``MARGINLINE_OUT``."""
    settings = Environment()
    manifest = read_manifest(settings.run)
    if manifest is None:
        raise RunBroken(f"{settings.run}: no run was begun there; start one with `marginline replay`.")
    run = manifest.run(settings.run)
    if settings.out is None:
        return run
    settings.out.mkdir(parents=True, exist_ok=True)
    return replace(run, folder=settings.out, journal_folder=settings.run)


def venue_of(name: str) -> Venue:
    """A venue file: a path, or the name of one that ships."""
    path = Path(name)
    return load(path if path.exists() else VENUES / name)


def journal_file(run: Run, pool: str) -> Path:
    """Where a pool's journal lies."""
    return run.folder / JOURNAL.format(pool)


def events_file(run: Run, pool: str) -> Path:
    """Where a pool's events lie."""
    return run.folder / EVENTS.format(pool)


def journal_of(run: Run, pool: str) -> Iterator[EntryBatch]:
    """A pool's journal from its beginning, whole batches."""
    path = run.read_folder / JOURNAL.format(pool)
    if path.exists():
        for data, _ in frames(path):
            yield decode_entries(data)


def events_of(run: Run, pool: str) -> Iterator[EventBatch]:
    """A pool's events from its beginning, whole batches."""
    path = run.read_folder / EVENTS.format(pool)
    if path.exists():
        for data, _ in frames(path):
            yield decode_events(data)
