"""What the flows tell of themselves, on lanes in memory: clocks set back, news after a start, strangers, load."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from flows.connectors.engine import Item
from flows.connectors.telemetry import metrics
from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codec import EntryBatch, decode_entries, encode_entries
from flows.journal.conflate import is_conflation
from flows.journal.terms import Standing, Verdict, judge
from flows.journal.views.views import View
from flows.lanes import intake
from flows.lanes.check import check
from flows.lanes.clearing import Cleared, EventsWriter
from tests.connectors.telemetry.values import shown
from tests.journal.small import SECOND, START
from tests.lanes.memory import Memory
from tests.lanes.processes import POOL, Process, live, records

pytestmark = pytest.mark.compiled

STRANGE = (
    b"",
    b"\x00" * 64,
    b"ARROW1\x00\x00",
    b'{"pool":"majors"}',
    encode_entries(EntryBatch("alts", 0, en.empty(0), {}, 1 << 40, "stranger", claim=True)),
)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    return Memory(random.Random(11)).install(monkeypatch)


def feed(memory: Memory, first: int = 0, end: int | None = None) -> None:
    for _, topic, lane, value in records()[first:end]:
        memory.append(topic, lane, value)


def run(process: Process, quiet_turns: int = 8) -> Process:
    """Turn it until nothing more comes."""
    quiet = 0
    while quiet < quiet_turns:
        quiet = 0 if process.turn() else quiet + 1
    process.commit()
    return process


def run_all(memory: Memory, folder: Path, flows: tuple[str, ...] = ("market", "intake", "clearing")) -> None:
    for flow in flows:
        run(Process(memory, live(folder), flow, checkpoints=0)).stop()


def second(number: int) -> bytes:
    at_ns = START + number * SECOND
    return orjson.dumps({"source": "clock", "number": 1_000 + number, "time_ns": at_ns, "sent_ns": at_ns})


def lane(memory: Memory, topic: str) -> en.Rows:
    """The rows of a lane that count."""
    standing = Standing()
    found = [
        decode_entries(each.data).rows
        for each in memory.logs[topic, 0]
        if judge(standing, POOL, each.number, each.data) is Verdict.COUNTS
    ]
    return np.concatenate([en.empty(0), *found])


# ---- time ------------------------------------------------------------------------------------------------------------
def test_a_clock_set_back_is_told_and_pool_time_stands_still(memory: Memory, tmp_path: Path) -> None:
    of = {"flow": "intake", "pool": POOL}
    feed(memory)
    run_all(memory, tmp_path, ("market",))
    process = run(Process(memory, live(tmp_path), "intake", checkpoints=0))
    before, stood_ns = shown("clock_setbacks_total", **of), process.step.clock_ns
    for number in (39, 30, 31):
        memory.append("clock", 0, second(number))
    run(process)
    assert shown("clock_setbacks_total", **of) == before + 3
    assert process.step.clock_ns == stood_ns
    assert shown("clock_event_timestamp_seconds", **of) == stood_ns / SECOND
    process.kill()
    again = run(Process(memory, live(tmp_path), "intake", checkpoints=0))
    memory.append("clock", 0, second(32))
    memory.append("clock", 0, second(41))
    run(again)
    assert shown("clock_setbacks_total", **of) == before + 4, "another start knows how far time had come"
    assert again.step.clock_ns == START + 41 * SECOND
    times = lane(memory, "journal")
    clocks = times[times[:, en.KIND] == en.CLOCK, en.TIME_NS]
    assert np.all(np.diff(clocks) > 0), "the journal has no clock that goes back"


def test_this_machine_s_clock_is_told_when_it_goes_back(
    memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = intake.Seconds(live(tmp_path))
    for now in (100, 100, 101, 99, 99, 100, 102):
        monkeypatch.setattr(intake.time, "time_ns", lambda now=now: now * SECOND + 5)
        seconds.tell()
    seconds.close()
    told = [orjson.loads(each.data)["time_ns"] // SECOND for each in memory.logs["clock", 0]]
    assert told == [100, 101, 99, 100, 102]


# ---- news ------------------------------------------------------------------------------------------------------------
def counted() -> dict[str, float]:
    """What must not be counted again: events and entries by kind, and where the pool stands."""
    names = {f"event {name}": ("pool_events_total", {"pool": POOL, "type": name}) for name in ev.TYPE_NAMES}
    names |= {
        f"entry {kind}": ("journal_entries_total", {"flow": "clearing", "pool": POOL, "kind": kind})
        for kind in en.KIND_NAMES
    }
    names["accounts"] = ("pool_accounts", {"pool": POOL, "level": "ok"})
    names["fund"] = ("fund_quanta", {"pool": POOL, "part": "general"})
    names["position"] = ("journal_position_entries", {"flow": "clearing", "pool": POOL})
    return {said: shown(name, **labels) for said, (name, labels) in names.items()}


@pytest.mark.parametrize("checkpoints", [0, 0.3])
def test_what_was_published_is_not_counted_again(memory: Memory, tmp_path: Path, checkpoints: float) -> None:
    feed(memory, 0, len(records()) // 2)
    run_all(memory, tmp_path)
    feed(memory, len(records()) // 2)
    run_all(memory, tmp_path, ("market", "intake"))
    run(Process(memory, live(tmp_path), "clearing", checkpoints)).kill()
    before = counted()
    assert before["event account-opened"] > 0
    again = run(Process(memory, live(tmp_path / "elsewhere"), "clearing", checkpoints=0))
    assert counted() == before | {"position": before["position"]}
    assert again.step.news_from is not None, "nothing was news"
    memory.append("clock", 0, second(41))
    run_all(memory, tmp_path, ("market", "intake"))
    run(again)
    after = counted()
    assert after["entry clock"] == before["entry clock"] + 1
    assert after["event account-opened"] == before["event account-opened"]
    assert after["accounts"] == before["accounts"]


def test_what_the_topics_hold_is_not_sent_again_and_said_to_be(memory: Memory, tmp_path: Path) -> None:
    feed(memory)
    run_all(memory, tmp_path)
    of = {"flow": "clearing", "topic": "events"}
    metrics.output_repeats("clearing", "events")
    records_before, repeats = len(memory.logs["events", 0]), shown("output_repeated_records_total", **of)
    run_all(memory, tmp_path / "elsewhere", ("clearing",))
    assert len(memory.logs["events", 0]) == records_before
    assert shown("output_repeated_records_total", **of) == repeats + records_before


@pytest.mark.parametrize(("is_now", "count"), [(True, 1), (False, 0)])
def test_how_long_a_liquidation_took_is_told_once_it_is_safe(
    memory: Memory, tmp_path: Path, is_now: bool, count: int
) -> None:
    told = "pool_quote_to_liquidation_seconds"
    metrics.quote_to_liquidation(POOL)
    before = shown(f"{told}_count", pool=POOL), shown(f"{told}_sum", pool=POOL)
    writer: Any = EventsWriter(live(tmp_path), Process(memory, live(tmp_path), "clearing").reader.key)
    writer.last = {"liquidations": (-1, -1), "margin-calls": (-1, -1)}
    views = [
        View(topic, 7, index, time.time_ns() - SECOND // 4, b"{}")
        for index, topic in enumerate(("liquidations", "margin-calls"))
    ]
    writer.write([Item(POOL, Cleared(7, 8, np.zeros((0, ev.WIDTH), np.int64), views, 0, is_now=is_now))])
    writer.snapshot()
    assert shown(f"{told}_count", pool=POOL) == before[0] + count
    assert shown(f"{told}_sum", pool=POOL) - before[1] == pytest.approx(0.25 * count, abs=0.2)


@pytest.mark.parametrize(
    ("behind_s", "writes_time", "is_now"),
    [(0.2, False, True), (30, False, False), (30, True, True), (90_000, True, False), (-30, False, False)],
)
def test_when_event_time_is_the_wall_s(
    memory: Memory, tmp_path: Path, behind_s: float, writes_time: bool, is_now: bool
) -> None:
    step = Process(memory, live(tmp_path), "clearing").step
    assert not step._is_now(), "no clock was heard yet"
    object.__setattr__(step.live, "writes_time", writes_time)
    step.facts.clock.skew_s = behind_s
    assert step._is_now() is is_now


# ---- strangers -------------------------------------------------------------------------------------------------------
def test_what_strangers_write_to_the_lanes_changes_nothing(memory: Memory, tmp_path: Path) -> None:
    topics = ("market-state", "journal", "events", "liquidations", "margin-calls")
    flows = ("market", "intake", "clearing")

    def throw() -> None:
        for topic in topics:
            for value in STRANGE:
                memory.append(topic, 0, value)

    for flow, topic in zip(flows, topics, strict=False):
        metrics.foreign(flow, topic)
    before = [
        shown("input_foreign_records_total", flow=flow, topic=topic)
        for flow, topic in zip(flows, topics, strict=False)
    ]
    throw()
    feed(memory, 0, len(records()) // 2)
    run_all(memory, tmp_path)
    throw()
    feed(memory, len(records()) // 2)
    first = [Process(memory, live(tmp_path), flow, checkpoints=0) for flow in flows]
    for process in first:
        run(process)
    throw()
    memory.append("clock", 0, second(41))
    for process in first:
        run(process)
    after = [
        shown("input_foreign_records_total", flow=flow, topic=topic)
        for flow, topic in zip(flows, topics, strict=False)
    ]
    assert after[0] >= before[0] + len(STRANGE), "market heard the last of them on its own lane"
    assert after[1] >= before[1] + len(STRANGE)
    told, _ = check(live(tmp_path))
    assert told.is_sound, told.differences
    assert told.entries > 300
    letters = [orjson.loads(each.data) for each in memory.logs["dead-letters", 0]]
    refused = [each["offset"] for each in letters if each["topic"] == "market-state"]
    assert len(refused) == len(set(refused)) == 3 * len(STRANGE), "each is a dead letter, once"


# ---- load ------------------------------------------------------------------------------------------------------------
def test_superseded_marks_are_left_out_only_when_intake_is_behind(memory: Memory, tmp_path: Path) -> None:
    of = {"pool": POOL, "class": "market-state"}
    metrics.conflated(POOL, "market-state")
    before = shown("input_conflated_records_total", **of)
    market, admit = (Process(memory, live(tmp_path), flow, checkpoints=0) for flow in ("market", "intake"))
    step = len(records()) // 60
    for first in range(0, len(records()), step):
        feed(memory, first, first + step)
        for _ in range(4):
            market.turn()
            market.commit()
            admit.turn()
    run(market)
    memory.dice = random.Random(3)
    states, taken = lane(memory, "market-state"), run(admit).step
    assert shown("input_conflated_records_total", **of) == before, "it kept up"
    taken.checkpoints.join()
    # Another one finds all slices waiting.
    other = Memory(random.Random(11))
    other.logs.update({at: list(log) for at, log in memory.logs.items() if at[0] != "journal"})
    with pytest.MonkeyPatch.context() as patch:
        other.install(patch)
        run(Process(other, live(tmp_path / "behind"), "intake", checkpoints=0))
    dropped = shown("input_conflated_records_total", **of) - before
    assert dropped > 0
    entries = lane(other, "journal")
    left = entries[np.isin(entries[:, en.KIND], (en.MARKET_STATE, en.ASSET_STATE))]
    assert len(left) == len(states) - dropped
    assert is_conflation(states, left)
