"""Orders of people on their lane: into the journal, into effect, and past an entry at which clearing stops."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codec import decode_entries, decode_events, encode_entries
from flows.lanes.check import check
from flows.lanes.settings import Live
from flows.pool.pool import PoolStoppedError
from flows.rules.breaker.permissions import STATE_MANUAL
from tests.journal import small
from tests.keys import message
from tests.lanes.memory import Memory
from tests.lanes.processes import POOL, Process, live, records
from tests.worlds import COMMANDS

pytestmark = pytest.mark.compiled

LANE = 0
SECOND = small.SECOND


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The recorded seconds on their lanes."""
    made = Memory(random.Random(11)).install(monkeypatch)
    for _, topic, lane, value in records():
        made.append(topic, lane, value)
    return made


@pytest.fixture
def at(tmp_path: Path) -> Live:
    """The shipped venue, with signers whose keys tests can make."""
    of = live(tmp_path)
    signers = replace(COMMANDS, venue=of.venue.name)
    pools = tuple(replace(pool, commands=signers) for pool in of.venue.pools)
    return replace(of, venue=replace(of.venue, pools=pools))


def send(memory: Memory, at: Live, number: int, second: int, *names: str, **fields: Any) -> None:
    """An order on the pool's lane, signed, sent at a second of the recording."""
    time_ns = small.START + second * SECOND
    order = {
        "venue": at.venue.name,
        "pool": POOL,
        "nonce": number,
        "expires_ns": time_ns + 3_000 * SECOND,
        **fields,
    }
    value = message(order, *names, time_ns=time_ns, number=number, source="operator")
    memory.append("commands", LANE, value)


def later(memory: Memory, seconds: range) -> None:
    """More seconds on the clock's partition."""
    for second in seconds:
        at_ns = small.START + second * SECOND
        clock = {"source": "clock", "number": second, "time_ns": at_ns, "sent_ns": at_ns}
        memory.append("clock", 0, orjson.dumps(clock))


def run(memory: Memory, at: Live, *flows: str) -> None:
    """Each flow from a start until nothing more comes."""
    for flow in flows:
        process, quiet = Process(memory, at, flow), 0
        while quiet < 8:
            quiet = 0 if process.turn() else quiet + 1
        process.commit()
        process.stop()


def events(memory: Memory) -> np.ndarray[Any, np.dtype[np.int64]]:
    found = [decode_events(each.data).rows for each in memory.logs["events", LANE]]
    return np.concatenate([np.zeros((0, ev.WIDTH), np.int64), *found])


def test_a_halt_on_the_lane_is_an_entry_and_takes_effect(memory: Memory, at: Live) -> None:
    send(memory, at, 1, 20, "ada", command="halt", market="BTC-PERP")
    send(memory, at, 2, 21, "eve", command="halt", market="ETH-PERP")
    run(memory, at, "market", "intake", "clearing")
    told = events(memory)
    [taken] = told[told[:, ev.TYPE] == ev.COMMAND_TAKEN].tolist()
    journal = [decode_entries(each.data) for each in memory.logs["journal", LANE]]
    rows = np.concatenate([batch.rows for batch in journal])
    assert rows[taken[ev.OFFSET], [en.KIND, en.TOPIC]].tolist() == [en.COMMAND, en.TOPIC_COMMANDS]
    halted = told[(told[:, ev.TYPE] == ev.MARKET_STATUS) & (told[:, ev.OFFSET] == taken[ev.OFFSET])]
    assert (halted[:, ev.QUANTA] & STATE_MANUAL).tolist() == [STATE_MANUAL]
    [letter] = [orjson.loads(each.data) for each in memory.logs["dead-letters", LANE]]
    assert (letter["topic"], letter["reason"]) == ("commands", "unknown_key")
    assert all(each.is_sound for each in check(at))


def poison(memory: Memory, after: int) -> int:
    """Make the first clock behind this many entries one that no pool can apply; its journal offset."""
    log = memory.logs["journal", LANE]
    for place, record in enumerate(log):
        batch = decode_entries(record.data)
        clocks = (
            np.flatnonzero(batch.rows[:, en.KIND] == en.CLOCK) if len(batch.rows) else np.zeros(0, np.int64)
        )
        clocks = clocks[clocks + batch.first_offset > after]
        if len(clocks):
            batch.rows[clocks[0], en.KIND] = en.GENESIS
            log[place] = record._replace(data=encode_entries(batch))
            return int(clocks[0]) + batch.first_offset
    raise AssertionError("there is no such clock")


@pytest.mark.parametrize("after", [0, 400])
def test_only_a_signed_skip_leads_past_an_entry_that_stops_clearing(
    memory: Memory, at: Live, after: int
) -> None:
    run(memory, at, "market", "intake")
    named = poison(memory, after)
    for _ in ("it stops there", "and so does the next start"):
        with pytest.raises(PoolStoppedError, match=f"pool {POOL}: entry {named} cannot be applied"):
            run(memory, at, "clearing")
    assert events(memory)[:, ev.OFFSET].max(initial=0) < named
    send(memory, at, 1, 41, "ada", command="skip", journal_offset=named)
    send(memory, at, 2, 41, "ada", "bea", command="skip", journal_offset=named - 1)
    later(memory, range(41, 44))
    run(memory, at, "intake")
    with pytest.raises(PoolStoppedError):
        run(memory, at, "clearing")
    send(memory, at, 3, 44, "cyd", "bea", command="skip", journal_offset=named)
    later(memory, range(44, 47))
    run(memory, at, "intake", "clearing")
    told = events(memory)
    assert told[told[:, ev.TYPE] == ev.ENTRY_SKIPPED][:, ev.OFFSET].tolist() == [named]
    ends = told[np.isin(told[:, ev.TYPE], (ev.COMMAND_VOID, ev.COMMAND_EFFECTIVE))]
    assert ends[:, ev.TYPE].tolist() == [ev.COMMAND_VOID, ev.COMMAND_EFFECTIVE]
    run(memory, at, "clearing")
    found = check(at)
    assert [each.differences for each in found] == [[], []]
    assert found[0].entries > named
