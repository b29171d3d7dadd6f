"""A refused record, sent again after what was wrong is mended, enters the journal once; the trail says so."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.cli.main import main
from flows.connectors import clickhouse
from flows.connectors.engine import Item
from flows.connectors.kafka.outbox import Outbox
from flows.connectors.kafka.settings import KafkaSettings
from flows.connectors.placement import keys_for
from flows.journal import entries as en
from flows.journal.codec import EntryBatch, encode_entries
from flows.lanes import intake
from flows.lanes.audit import row_of
from flows.lanes.check import records
from flows.lanes.refused import Wanted, on_topic
from flows.lanes.settings import Live
from tests.connectors.engine import NewDatabase
from tests.journal.small import SECOND, START, line, venue
from tests.journal.test_bulk import stream
from tests.system.kafka.conftest import Broker, Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.compiled]

POOL = "majors"
JSON_HEADERS = (("content-type", b"application/json"),)


@dataclass
class Intake:
    """The flow's one lane of the pool, on the real broker."""

    live: Live
    sent: Outbox = field(init=False)
    numbers: int = 0

    def __post_init__(self) -> None:
        key = keys_for([pool.id for pool in self.live.venue.pools])[POOL]
        self.reader = intake.reader(self.live, key)
        self.step = intake.Admit(self.live, POOL)
        self.writer = intake.writer(self.live, key)
        self.sent = Outbox(self.live.kafka, "venue")

    def say(self, topic: str, second: float, source: str, **fields: Any) -> None:
        """One message of a producer."""
        self.numbers += 1
        at = {"time_ns": START + int(second * SECOND), "sent_ns": START + int(second * SECOND)}
        value = line({"source": source, "number": self.numbers} | at | fields)
        self.sent.send(topic, 0, POOL, value, JSON_HEADERS)
        self.sent.flush()

    def state(self, market: int, second: int) -> None:
        """A market's first price, as the flow market tells it."""
        claim = EntryBatch(POOL, 0, en.empty(0), {}, 1, "m", claim=True)
        row = en.empty(1)
        row[0, [en.KIND, en.TIME_NS, en.TOPIC, en.SOURCE]] = (
            en.MARKET_STATE,
            START + second * SECOND,
            en.TOPIC_MARKET_STATE,
            -1,
        )
        row[0, [en.MarketState.MARKET, en.MarketState.MARK_TICKS]] = market, 600_000
        for batch in (claim, EntryBatch(POOL, 0, row, {}, 1, "m")):
            self.sent.send("market-state", 0, POOL, encode_entries(batch), ())
        self.sent.flush()

    def until(self, holds: Any, seconds: float = 30) -> None:
        """Run until something holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, (self.entries(), self.letters())
            for _, item in self.reader.read() or ():
                self.writer.write([Item(POOL, each) for each in self.step.apply(item.body)])
            self.writer.snapshot()

    def entries(self, kind: int = en.FILL) -> list[tuple[int, int]]:
        """Origin and number of the journal's fills."""
        told = intake.Standing()
        rows = [
            batch.rows
            for each in records(self.live, "journal", POOL)
            for batch in [intake.decode_entries(each.value)]
            if told.take(batch.about, each.offset)
        ]
        found = np.concatenate([en.empty(0), *rows])
        return [
            tuple(row) for row in found[found[:, en.KIND] == kind][:, [en.ORIGIN_OFFSET, en.NUMBER]].tolist()
        ]

    def letters(self) -> list[tuple[str, str, int | None]]:
        """What was refused, and where it was sent again."""
        found = on_topic(self.live.kafka, Wanted())
        return [(each.id, each.said["reason"], each.replayed_offset) for each in found]

    def close(self) -> None:
        for each in (self.reader, self.writer, self.sent):
            each.close()


@pytest.fixture
def flow(kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Intake]:
    """Intake of a venue whose first market is not open yet, with two accounts."""
    settings: KafkaSettings = kafka(venue())
    monkeypatch.setenv("MARGINLINE_KAFKA_BOOTSTRAP", settings.bootstrap)
    monkeypatch.setenv("MARGINLINE_KAFKA_TOPIC_PREFIX", settings.topic_prefix)
    made = Intake(Live(venue(), settings, tmp_path / "state"))
    made.say("clock", 0, "clock")
    for name in ("alice", "bob"):
        made.say(
            "collateral", 0.5, "wallet", pool=POOL, kind="deposit", account=name, asset="USDT", amount="1000"
        )
    made.until(lambda: len(made.entries(en.DEPOSIT)) == 2)
    yield made
    made.close()


FILL = {
    "market": "BTC-PERP",
    "buyer": "alice",
    "seller": "bob",
    "taker": "buyer",
    "quantity": "0.1",
    "price": "60000",
}


def test_a_fill_of_a_market_that_was_not_open_is_admitted_once(
    flow: Intake, capsys: pytest.CaptureFixture[str], new_database: NewDatabase
) -> None:
    flow.say("fills", 0.6, "engine", **FILL)
    number = flow.numbers
    flow.until(lambda: len(flow.letters()) == 1)
    assert flow.letters() == [("fills/0/0", "market_not_open", None)]
    flow.state(0, 1)
    flow.until(lambda: len(flow.entries(en.MARKET_STATE)) == 1)
    chosen = [
        "dead-letters",
        "replay",
        "--topic",
        "fills",
        "--reason",
        "market_not_open",
        "--source",
        "engine",
    ]

    assert main([*chosen, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "fills/0/0" in said
    assert said.endswith("1 would be sent, 0 would not. Nothing was sent.\n")
    assert flow.letters() == [("fills/0/0", "market_not_open", None)]

    assert main(chosen) == 0
    assert capsys.readouterr().out.endswith("fills/0/0: sent again, offset 1.\n1 sent, 0 not.\n")
    flow.until(lambda: bool(flow.entries()))
    assert flow.entries() == [(1, number)], "its origin is where it lies now, its number its own"
    assert flow.letters() == [("fills/0/0", "market_not_open", 1)]

    assert main(chosen) == 1, "once only"
    assert "it was sent again already, to offset 1; --again does it once more" in capsys.readouterr().out
    assert main(["dead-letters", "replay", "fills/0/0", "--again"]) == 0
    flow.until(lambda: len(flow.letters()) == 2)
    assert flow.entries() == [(1, number)]
    assert flow.letters() == [("fills/0/0", "market_not_open", 2), ("fills/0/2", "duplicate", None)]

    capsys.readouterr()
    assert main(["dead-letters", "list", "--json", "--topic", "fills"]) == 0
    told = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert [(each["id"], each.get("replayed_offset")) for each in told] == [
        ("fills/0/0", 2),
        ("fills/0/2", None),
    ]

    client = new_database()
    letters = [row_of(each.value) for each in records(flow.live, "dead-letters", POOL)]
    clickhouse.Writer(client).insert_dead_letters(POOL, letters)
    found = clickhouse.ask(client, "dead_letters", topic="", reason="")
    assert [(each["offset"], each["replayed_offset"]) for each in found] == [(0, 2), (2, -1)]


def test_what_is_refused_again_is_a_new_letter_and_cut_or_unknown_ones_are_left(
    flow: Intake, capsys: pytest.CaptureFixture[str]
) -> None:
    flow.say("fills", 0.6, "engine", **FILL)
    flow.say("fills", 0.7, "engine", **FILL, colour="x" * 5_000)
    flow.until(lambda: len(flow.letters()) == 2)
    assert main(["dead-letters", "replay", "fills/0/0", "fills/0/1", "fills/0/77"]) == 1
    said = capsys.readouterr().out
    assert "fills/0/77: there is no such dead letter." in said
    assert "kept 4,096 of its" in said.replace("\n", " ")
    assert said.endswith("1 sent, 2 not.\n")
    flow.until(lambda: len(flow.letters()) == 3)
    assert flow.letters() == [
        ("fills/0/0", "market_not_open", 2),
        ("fills/0/1", "unknown_field", None),
        ("fills/0/2", "market_not_open", None),
    ]
    assert flow.entries() == []


def test_rows_of_a_bulk_record_are_sent_again_as_lines(
    flow: Intake, capsys: pytest.CaptureFixture[str]
) -> None:
    at = {"source": "engine", "time_ns": START + SECOND // 2, "sent_ns": START + SECOND // 2}
    told = [at | FILL | {"number": number} for number in (51, 52, 53)]
    headers = [("content-type", b"application/vnd.apache.arrow.stream"), ("sent_ns", b"%d" % at["sent_ns"])]
    flow.sent.send("fills", 0, POOL, stream("fills", told), headers)
    flow.sent.flush()
    flow.until(lambda: len(flow.letters()) == 3)
    assert [each[0] for each in flow.letters()] == ["fills/0/0", "fills/0/0/1", "fills/0/0/2"]
    flow.state(0, 1)
    flow.until(lambda: len(flow.entries(en.MARKET_STATE)) == 1)
    assert main(["dead-letters", "replay", "fills/0/0/2", "fills/0/0/0"]) == 0
    flow.until(lambda: len(flow.entries()) == 2)
    assert sorted(number for _, number in flow.entries()) == [51, 53]
    flow.say("clock", 2, "clock")
    flow.sent.send("fills", 0, POOL, stream("fills", told), headers)
    flow.sent.flush()
    flow.until(lambda: len(flow.entries()) == 3)
    flow.until(lambda: len(flow.letters()) == 5)
    assert [each[1] for each in flow.letters()[3:]] == ["duplicate", "duplicate"]
    assert flow.entries()[2] == (3, 52), "the record's own offset"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replay"], "name records, or choose them with --topic"),
        (["list", "--since", "yesterday"], "yesterday is no time such as 2025-04-07T06:00"),
        (["list", "--reason", "ugly"], "'ugly' is not one of"),
    ],
)
def test_what_is_wrong_with_the_words_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dead-letters", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_nothing_was_refused(
    broker: Broker, kafka: Kafka, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = kafka(2)
    monkeypatch.setenv("MARGINLINE_KAFKA_TOPIC_PREFIX", settings.topic_prefix)
    assert main(["dead-letters", "list", "--kafka", broker.bootstrap]) == 0
    assert capsys.readouterr().out.endswith("0 in all.\n")
