"""What a run is: its recording, its accounts, its folder; the names of its files; and how flows read them back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.connectors.errors import RunBroken, RunDiffers, SettingError
from flows.connectors.files import hashes
from flows.connectors.run_files import RunLock, frames, write_whole
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
SUMMARY: Final = "summary.json"
"""Written last, by rename: a run is whole once it is there."""

RUNS: Final = Path("runs")
"""Where runs go that are not told where, below the folder that one stands in."""

RECORDING: Final = "crash-2025-04-07"
ACCOUNTS: Final = 10_000
"""What is replayed unless one says otherwise."""


@dataclass(frozen=True)
class Run:
    """Everything that a flow over a recording needs to know. ``sources``: folders that hold the topics' files."""

    venue: Venue
    sources: tuple[Path, ...]
    horizon: tuple[int, int]  # first and last instant, ns
    folder: Path  # that is written to
    slice_records: int = SLICE_RECORDS
    journal_folder: Path | None = None  # where journal and events are read from, if not there
    lock: RunLock | None = None  # on the folder, held as long as this is

    @property
    def read_folder(self) -> Path:
        """Where journal and events are read from."""
        return self.journal_folder or self.folder


class Environment(BaseSettings):
    """Settings of a flow that bytewax starts: ``MARGINLINE_RUN=runs/... python -m bytewax.run flows.audit``."""

    model_config = SettingsConfigDict(env_prefix="MARGINLINE_", env_ignore_empty=True)
    recording: str = Field(default=RECORDING, description="what flows.replay replays")
    accounts: int = Field(
        default=ACCOUNTS, ge=100, le=1_000_000, description="how many flows.replay generates"
    )
    run: Path | None = Field(
        default=None, description="folder of the run; runs/RECORDING-ACCOUNTS by default"
    )
    out: Path | None = Field(default=None, description="folder that market, intake and clearing write to")
    database: str = Field(default="", description="ClickHouse: a folder or a URL; the run's own by default")

    @property
    def run_folder(self) -> Path:
        """Where the run is."""
        return self.run or RUNS / f"{Path(self.recording).name}-{self.accounts}"


def environment() -> Environment:
    """The settings. SettingError names the variable that is not allowed."""
    try:
        return Environment()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(each) for each in first["loc"]).upper()
        raise SettingError(f"MARGINLINE_{name}: {first['input']!r}: {first['msg']}.") from error


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
    files: dict[str, str]  # SHA-256 of each file of the recording, by name: and on the same lines

    def check_recording(self, folder: Path, found: dict[str, str]) -> None:
        """Refuse to go on with the run in ``folder`` if the recording's files, hashed in ``found``, are others now."""
        for name in sorted(self.files.keys() | found.keys()):
            if self.files.get(name) != found.get(name):
                raise RunDiffers(
                    f"{folder}: was begun on another {name} than {self.sources[0]} holds now; use --fresh, "
                    f"or another --out."
                )

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


def run_from_environment(*, on_recording: bool = False) -> Run:
    """The run that ``MARGINLINE_RUN`` names, to be read. ``on_recording``: so is its recording, which must be the same."""
    folder = environment().run_folder
    manifest = read_manifest(folder)
    if manifest is None:
        raise RunBroken(
            f"{folder}: no run was begun there; name one in MARGINLINE_RUN, or start one with `marginline replay`."
        )
    run = manifest.run(folder)
    if on_recording:
        manifest.check_recording(folder, hashes(run.sources[0]))
    return run


def rerun_from_environment(*, on_recording: bool = False) -> Run:
    """The same, with what is made of it going to ``MARGINLINE_OUT``: a run's own files are its replay's alone."""
    run, out = run_from_environment(on_recording=on_recording), environment().out
    if out is None or out.resolve() == run.folder.resolve():
        raise SettingError(
            "MARGINLINE_OUT: name a folder, another than the run's, for what this flow writes."
        )
    return replace(run, folder=out, journal_folder=run.folder, lock=RunLock(out))


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
