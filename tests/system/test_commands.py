"""A day on which people give orders: whatever way it is replayed, cut off, or executed again, the same rows."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows import replay
from flows.clearing import Execute
from flows.connectors import engine
from flows.connectors.settings import journal_of
from flows.journal import events as ev
from flows.journal.signing import command_id
from flows.recording import files
from flows.registry.canonical import canonical_json
from flows.registry.load import load
from flows.rules.breaker.command import CANCEL, HALT, PARAMETERS, RELEASE
from flows.verify.plain import PlainPool
from tests.keys import message, public_key
from tests.system import short
from tests.system.short import SHIPPED, START, Short
from tests.system.test_same_bytes import assert_same, crash

ROOT = Path(__file__).resolve().parents[2]
MAJORS = "majors"
SIGNERS = ("risk", "operations", "treasury")


def venue_file(folder: Path, name: str, **changes: str) -> Path:
    """The shipped venue with signers whose keys tests can make, and a delay that fits the recording."""
    text = (ROOT / "venues" / f"{SHIPPED}.toml").read_text("utf-8")
    lines = text.replace('delay = "10 min"', 'delay = "2 min"', 1).splitlines()
    for signer in SIGNERS:
        (place,) = [row for row, line in enumerate(lines) if line.startswith(f'{signer} = "')]
        lines[place] = f'{signer} = "{public_key(signer)}"'
    text = "\n".join(lines) + "\n"
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def orders(venue: Path, new: Path) -> list[bytes]:
    """Six minutes into the fall: a halt and its release, new parameters, a halt whose release is cancelled, a forgery."""
    lines: list[bytes] = []

    def at(second: int, *names: str, **fields: Any) -> dict[str, Any]:
        time_ns = (int(START.timestamp()) + second) * 10**9
        number = len(lines) + 1
        order = {
            "venue": SHIPPED,
            "pool": MAJORS,
            "nonce": number,
            "expires_ns": time_ns + 600 * 10**9,
            **fields,
        }
        lines.append(message(order, *names, time_ns=time_ns, number=number, source="operator"))
        return order

    new_set = json.loads(canonical_json(load(new).pool(MAJORS)))
    at(60, "risk", command="halt", market="BTC-PERP")
    at(90, "risk", "treasury", command="release", market="BTC-PERP")
    at(100, "risk", "operations", command="parameters", parameters=new_set)
    at(400, "treasury", command="halt")
    release = at(410, "treasury", "operations", command="release")
    at(420, "risk", command="cancel", cancels=command_id(release))
    at(430, "risk", command="release")  # one signature of two
    return lines


@pytest.fixture(scope="module")
def ordered(fall: Short, tmp_path_factory: pytest.TempPathFactory) -> Short:
    """The short fall at a venue of its own, with a file of commands."""
    folder = tmp_path_factory.mktemp("ordered")
    venue = venue_file(folder, "venue.toml")
    change = {"version": ("version = 1", "version = 2"), "call": ('call = "125 %"', 'call = "130 %"')}
    new = venue_file(folder, "new.toml", **change)
    place = short.described_as(fall, folder / "recording", venue=f'"{venue}"')
    files.write_lines(files.topic_file(place, "commands"), [orders(venue, new)], level=1)
    return Short(place, fall.topics)


@pytest.fixture(scope="module")
def done(ordered: Short, tmp_path_factory: pytest.TempPathFactory) -> replay.Done:
    """An undisturbed run in a plain loop."""
    out = tmp_path_factory.mktemp("done") / "run"
    return replay.execute(short.asked(ordered, out, plain=True), replay.unheard)


def test_every_order_came_to_its_end(done: replay.Done) -> None:
    events = short.event_rows(done.run, MAJORS)

    def codes(kind: int) -> list[int]:
        return events[events[:, ev.TYPE] == kind][:, ev.CODE].tolist()

    assert codes(ev.COMMAND_TAKEN) == [HALT, RELEASE, PARAMETERS, HALT, RELEASE, CANCEL]
    assert codes(ev.COMMAND_EFFECTIVE) == [HALT, RELEASE, PARAMETERS, HALT]
    assert codes(ev.COMMAND_CANCELLED) == [RELEASE]
    assert done.summary["dead_letters"] == {"not_enough_signatures": 1}
    assert all(each["ok"] for each in done.summary["value_conserved"].values())
    changed = events[events[:, ev.PARAMETERS_VERSION] == 2]
    assert {ev.LEVEL, ev.MARGIN_CALL} <= set(changed[:, ev.TYPE].tolist())
    others = short.event_rows(done.run, "alts")
    assert set(others[:, ev.PARAMETERS_VERSION].tolist()) == {1}, "another pool, other orders"


@pytest.mark.parametrize("way", [{"slice_records": 500}, {"workers": 2, "slice_records": 5_000}])
def test_every_way_gives_the_same_rows(
    ordered: Short, done: replay.Done, tmp_path: Path, way: dict[str, Any]
) -> None:
    assert_same(replay.execute(short.asked(ordered, tmp_path / "run", **way), replay.unheard), done)


def test_a_stop_anywhere_changes_nothing(
    ordered: Short, done: replay.Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nonces, keys and what waits are read back from the journal, the pool's memory from there, too."""
    monkeypatch.setattr(engine, "EPOCH", timedelta(milliseconds=5))
    monkeypatch.setattr(replay, "PLAIN_CUT_SLICES", 3)
    for after in (9_000, 9_000, 9_000):
        crash(ordered, tmp_path / "run", after, slice_records=500)
    assert_same(
        replay.execute(short.asked(ordered, tmp_path / "run", slice_records=500), replay.unheard), done
    )


def test_the_journal_alone_gives_the_same_events_by_both_pools(done: replay.Done) -> None:
    expected = short.event_rows(done.run, MAJORS)
    flow = Execute(done.run, MAJORS, None)
    again = [made.events for batch in journal_of(done.run, MAJORS) for made in flow.apply(batch)]
    assert np.concatenate(again).tobytes() == expected.tobytes()
    rows, texts = short.journal_rows(done.run, MAJORS)
    until = int(expected[expected[:, ev.TYPE] == ev.COMMAND_CANCELLED][0, ev.OFFSET]) + 1
    plain = PlainPool(done.run.venue.pool(MAJORS)).run(rows[:until], texts)
    assert plain == expected[expected[:, ev.OFFSET] < until].tolist()
