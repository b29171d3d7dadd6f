"""Executor and liquidator beside the live flows: killed, paused, doubled and wrong, and what the venue made of it."""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import pytest

from flows.connectors.cloudevents import headers
from flows.connectors.kafka.outbox import Outbox
from flows.journal import events as ev
from flows.journal.codec import decode_events
from flows.lanes.check import records
from flows.live.chaos import fall
from flows.live.outcome import outcome
from flows.live.session import Asked, Session
from schemas.catalogue import JSON
from tests.system.kafka import crowd

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PATIENCE_S = 400
BESIDE = ("executor", "liquidator")


class Watched:
    """A live system whose executor and liquidator are looked after by the test."""

    def __init__(self, folder: Path) -> None:
        crowd.write(folder / "live" / "topics")
        recording = fall.cut(folder / "recording")
        self.session = Session(Asked(str(recording), 300, folder / "live", speed=4), print)

    def until(self, what: str, found: Callable[[], int], more: int) -> None:
        """Until there are so many more."""
        end, before = time.monotonic() + PATIENCE_S, found()
        while found() < before + more:
            assert time.monotonic() < end, f"{more} more {what}"
            assert self.session.look(), f"the recording ended before {more} more {what}"
            time.sleep(0.2)

    def answers(self) -> int:
        """Fills of liquidation and vault orders."""
        return sum("liquidation" in each for each in self.fills())

    def lapsed(self) -> int:
        """Orders that nobody answered."""
        return sum(each["type"] == "liquidation-lapsed" for each in self.said("liquidations"))

    def said(self, topic: str) -> list[dict]:
        """All that is on a topic, lane by lane."""
        found = [records(self.session.live, topic, pool.id) for pool in self.session.live.venue.pools]
        return [orjson.loads(each.value) for lane in found for each in lane]

    def fills(self) -> list[dict]:
        return [each for each in self.said("fills") if each["source"] == "executor"]

    def kill(self, name: str) -> None:
        """As the kernel does; and start it again at once."""
        former = self.session.processes[name]
        former.kill()
        self.session._start(name, list(former.command)[1:], {})

    def events(self) -> dict[str, list[list[int]]]:
        """Every event, by pool."""
        return {
            pool.id: np.concatenate(
                [decode_events(each.value).rows for each in records(self.session.live, "events", pool.id)]
            ).tolist()
            for pool in self.session.live.venue.pools
        }


def send(session: Session, pool: str, said: dict) -> None:
    out = Outbox(session.live.kafka, "wrong")
    told = headers("fills", "wrong", str(said["source"]), said["time_ns"], JSON)
    out.send("fills", session.live.lane(pool), pool, orjson.dumps(said), told)
    out.flush()


def answer_wrongly(live: Watched) -> None:
    """What an execution system must not do: the same again, an account nobody opened, a price off the tick."""
    fills = live.fills()
    last = next(each for each in reversed(fills) if "liquidation" in each)
    pool = last["liquidation"].split(":")[0]
    others = [each["number"] for each in live.said("fills") if each["source"] == "engine"]
    wrong = {**last, "source": "engine"}
    send(live.session, pool, last)
    send(live.session, pool, {**wrong, "number": max(others) + 1, "buyer": "nobody"})
    send(live.session, pool, {**wrong, "number": max(others) + 2, "price": "1.000000001"})


def test_answers_that_are_late_doubled_or_wrong_do_no_harm(jars: Path, tmp_path: Path) -> None:
    live = Watched(tmp_path)
    session = live.session
    try:
        session.start()
        for _ in range(2):
            live.until("answers", live.answers, 4)
            for name in BESIDE:
                live.kill(name)
        live.until("answers", live.answers, 2)
        executor = session.processes["executor"].process
        assert executor is not None
        executor.send_signal(signal.SIGSTOP)
        live.until("orders lapsed", live.lapsed, 2)
        executor.send_signal(signal.SIGCONT)
        live.until("answers", live.answers, 2)
        answer_wrongly(live)
        while session.look():
            time.sleep(0.2)
        session.stop()
        assert [each.differences for each in session.check()] == [[], []]
        judge(live)
    finally:
        session.kill()


def judge(live: Watched) -> None:
    """No order is filled beyond its size or answered twice; wrong answers are told by their reasons."""
    letters = outcome(live.session.live).dead_letters
    wrong = {reason: letters.get(reason, 0) for reason in ("duplicate", "unknown_account", "too_precise")}
    assert wrong == {"duplicate": 1, "unknown_account": 1, "too_precise": 1}
    numbers = [each["number"] for each in live.fills()]
    assert len(set(numbers)) == len(numbers) - 1, "but for the one that was sent again"
    left: dict[str, int] = {}
    answered: dict[str, list[int]] = defaultdict(list)
    for pool, events in live.events().items():
        for event in events:
            if event[ev.TYPE] in {ev.LIQUIDATION_ORDER, ev.VAULT_ORDER}:
                left[f"{pool}:{event[ev.OFFSET]}:{event[ev.INDEX]}"] = abs(event[ev.LOTS])
            elif event[ev.TYPE] == ev.LIQUIDATION_FILL:
                id_ = f"{pool}:{event[ev.REFERENCE_OFFSET]}:{event[ev.REFERENCE_INDEX]}"
                left[id_] -= abs(event[ev.LOTS])
                answered[id_].append(event[ev.OFFSET])
    assert min(left.values()) >= 0
    assert len(answered) > 5
    bids = [each["number"] for each in live.said("liquidation-bids")]
    assert len(set(bids)) == len(bids)
    matched = [each for each in live.fills() if "liquidation" not in each]
    assert len(matched) > 20, "accepted orders trade"
