"""What a start refuses: states that are not made again, checkpoints that hold what was not published, a lane that is taken."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import KafkaError
from structlog.testing import capture_logs

from flows.connectors.kafka.errors import KafkaFailure
from flows.journal import entries as en
from flows.journal.codec import EntryBatch, decode_entries, encode_entries
from flows.journal.terms import Standing
from flows.lanes import intake, market
from flows.lanes.lane import LaneTaken
from flows.lanes.market import NotRepeatedError
from tests.lanes.memory import Memory
from tests.lanes.processes import POOL, Process, live, records

pytestmark = pytest.mark.compiled


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The recorded seconds on their lanes."""
    made = Memory(random.Random(7)).install(monkeypatch)
    for _, topic, lane, value in records():
        made.append(topic, lane, value)
    return made


def run(process: Process, quiet_turns: int = 8) -> Process:
    """Turn it until nothing more comes."""
    quiet = 0
    while quiet < quiet_turns:
        quiet = 0 if process.turn() else quiet + 1
    process.commit()
    return process


def _nothing(_timeout: float) -> int:
    """The broker takes nothing yet."""
    return 0


def states(memory: Memory) -> list[EntryBatch]:
    return [decode_entries(each.data) for each in memory.logs["market-state", 0]]


def test_a_start_makes_the_published_states_again_and_goes_on(memory: Memory, tmp_path: Path) -> None:
    run(Process(memory, live(tmp_path), "market", checkpoints=0)).kill()
    before = [each for each in states(memory) if not each.claim]
    process = run(Process(memory, live(tmp_path), "market", checkpoints=0))
    assert len([each for each in states(memory) if not each.claim]) == len(before), "there is nothing new"
    assert process.step.count == sum(len(each.rows) for each in before)
    assert process.step.positions == dict(process.reader.standing.settled)


def test_a_state_that_is_not_made_again_stops_the_flow(memory: Memory, tmp_path: Path) -> None:
    run(Process(memory, live(tmp_path), "market", checkpoints=0)).kill()
    log = memory.logs["market-state", 0]
    for place, record in enumerate(log):
        batch = decode_entries(record.data)
        if len(batch.rows):
            batch.rows[0, en.MarketState.MARK_TICKS] += 1
            log[place] = record._replace(data=encode_entries(batch))
            break
    with pytest.raises(
        NotRepeatedError, match="pool majors: states 0 on, made again from the same records, differ"
    ):
        run(Process(memory, live(tmp_path), "market", checkpoints=0))


@pytest.mark.parametrize("flow", ["market", "intake"])
def test_what_a_checkpoint_holds_must_be_published(memory: Memory, tmp_path: Path, flow: str) -> None:
    if flow == "intake":
        run(Process(memory, live(tmp_path / "market"), "market"))
    topic = {"market": market.TOPIC, "intake": intake.TOPIC}[flow]
    first = Process(memory, live(tmp_path), flow, checkpoints=1)
    first.writer.out.client.poll = _nothing
    while len(first.step.checkpoints.places()) < 4:
        first.turn()
        first.step.checkpoints.join()
    first.writer.out.client.queue.clear()
    places = first.step.checkpoints.places()
    memory.dice = random.Random(8)  # what is polled now is cut in another way
    with capture_logs() as logs:
        run(Process(memory, live(tmp_path), flow, checkpoints=0)).kill()
    told = [entry["event"] for entry in logs if "checkpoint" in entry["event"]]
    assert told[0] == "checkpoint holds what was not published"
    # By now the lane has passed those places, in other batches: they are no better than before.
    with capture_logs() as logs:
        last = run(Process(memory, live(tmp_path), flow, checkpoints=0))
    refused = [entry["place"] for entry in logs if entry["event"] == told[0]]
    assert refused == places[::-1][: len(refused)]
    assert refused
    lane = Standing()
    for each in memory.logs[topic, 0]:
        lane.take(decode_entries(each.data).about, each.number)
    assert last.step.positions == lane.settled


def test_whose_lane_was_taken_stops(memory: Memory, tmp_path: Path) -> None:
    one = run(Process(memory, live(tmp_path / "one"), "market"))
    two = Process(memory, live(tmp_path / "two"), "market")
    two.turn()
    with pytest.raises(
        LaneTaken, match=rf"market-state, pool {POOL}: {two.reader.writer} has taken the lane over"
    ):
        run(one)


def test_what_the_broker_does_not_take_stops_the_writer(memory: Memory, tmp_path: Path) -> None:
    process = Process(memory, live(tmp_path), "market")
    process.turn()
    for producer in process.producers:
        producer.refuses = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    with pytest.raises(KafkaFailure, match="a record was not taken"):
        run(process)


def test_a_stop_leaves_a_checkpoint_of_all_that_was_taken(memory: Memory, tmp_path: Path) -> None:
    run(Process(memory, live(tmp_path), "market", checkpoints=0)).stop()
    run(Process(memory, live(tmp_path), "intake", checkpoints=0)).stop()
    with capture_logs() as logs:
        again = [Process(memory, live(tmp_path), flow, checkpoints=0) for flow in ("market", "intake")]
        for each in again:
            each.turn()
    assert [entry["checkpoint"] for entry in logs if entry["event"] == "lane begun"] == [True, True]
    known: list[Any] = [list(each.reader.begun) for each in again]
    assert known == [[], []], "nothing is behind it"
    run(again[1])
    journal = [decode_entries(each.data) for each in memory.logs["journal", 0]]
    assert np.concatenate([each.rows for each in journal])[0, en.KIND] == en.GENESIS
    assert again[1].step.length == sum(len(each.rows) for each in journal)
