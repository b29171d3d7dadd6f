"""What the drills' producers do to records: a seed does the same again, and nothing is left out."""

from __future__ import annotations

from collections import Counter

import pytest

from flows.connectors.kafka.settings import KafkaSettings
from flows.live.chaos import sender
from flows.live.chaos.fall import Sent, clock
from flows.live.chaos.sender import Sender, Trouble

START = 1_744_000_000


class Outbox:
    """Keeps what is sent."""

    def __init__(self, *_: object, **__: object) -> None:
        self.sent: list[tuple[str, int, bytes]] = []

    def send(self, topic: str, lane: int, _key: str, value: bytes, _headers: object) -> None:
        self.sent.append((topic, lane, value))

    def poll(self) -> None: ...

    def flush(self) -> None: ...

    def close(self) -> None: ...


def told() -> list[Sent]:
    """Deposits, a clock, and then fills and order checks on two lanes, numbered as they come."""
    opening = [Sent(START * 10**9, "collateral", lane, b'{"number":%d}' % lane) for lane in range(2)]
    rest = [
        Sent((START + 2) * 10**9 + place, topic, place % 2, b'{"number":%d}' % place)
        for place in range(400)
        for topic in ("fills", "order-checks")
    ]
    return [*opening, clock(START + 1), *rest]


def played(monkeypatch: pytest.MonkeyPatch, trouble: Trouble, seed: int, *, surge: bool = False) -> Outbox:
    out = Outbox()
    monkeypatch.setattr(sender, "Outbox", lambda *_, **__: out)
    playing = Sender(KafkaSettings(), told(), 1e9, seed)
    playing.trouble, playing.surge = trouble, surge
    playing.gate.set()
    playing.run()
    return out


def test_without_trouble_all_is_sent_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    out = played(monkeypatch, "none", 1)
    assert out.sent == [(each.topic, each.lane, each.value) for each in told()]


@pytest.mark.parametrize("trouble", ["swap", "late", "repeat"])
def test_trouble_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch, trouble: Trouble) -> None:
    sent, whole = played(monkeypatch, trouble, 3).sent, played(monkeypatch, "none", 3).sent
    assert sent != whole
    assert Counter(sent).keys() == Counter(whole).keys()
    assert (len(sent) > len(whole)) == (trouble == "repeat")


def test_a_seed_swaps_the_same_records_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = played(monkeypatch, "swap", 5).sent
    assert played(monkeypatch, "swap", 5).sent == first
    assert played(monkeypatch, "swap", 6).sent != first


def test_a_surge_numbers_each_of_its_order_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = played(monkeypatch, "none", 1, surge=True).sent
    checks = [value for topic, _, value in sent if topic == "order-checks"]
    assert len(checks) == len(set(checks)) == 400 * sender.SURGE
    assert Counter(topic for topic, _, _ in sent)["fills"] == 400
