"""What is to be played: a recording, its venue, and the topics of the accounts that are generated for it, kept in a folder."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.connectors.settings import venue_of
from flows.recording import accounts as generated
from flows.recording import files, manifest
from flows.registry.load import Venue
from flows.rules.scale.time import SECOND_NS

TOPICS: Final = "topics"


@dataclass(frozen=True, slots=True)
class Script:
    """A recording and the accounts that go with it."""

    venue: Venue
    folders: tuple[Path, ...]  # that hold the topics' files
    horizon: tuple[int, int]  # first and last instant, ns


def prepare(recording: str, accounts: int, folder: Path) -> Script:
    """Find the recording; generate the accounts' topics into ``folder``, unless they are there."""
    found = files.find(recording)
    described = manifest.load(found)
    venue = venue_of(described.venue)
    target = folder / TOPICS
    if not target.exists():
        draft = folder / f".{TOPICS}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        generated.write_accounts(described, found, venue.pools, accounts, draft)
        draft.rename(target)  # whole, or not there
    return Script(venue, (found, target), (described.start_s * SECOND_NS, described.end_s * SECOND_NS))
