"""Records that nobody should send: broken JSON, wrong types, numbers and texts beyond all bounds, bytes of strangers."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Final

from flows.connectors.kafka.errors import KafkaFailure
from flows.connectors.kafka.outbox import Outbox
from flows.journal import entries as en
from flows.lanes import intake, market
from flows.lanes.settings import SHARED, Live

JSON: Final = ("content-type", b"application/json")

TEXTS: Final = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b'{"source":',
    b'{"source":"engine"}',
    b'{"source":"engine","number":"1","time_ns":"now","sent_ns":true}',
    b'{"source":"engine","number":1e400,"time_ns":1e400,"sent_ns":1e400}',
    b'{"source":"gateway","number":1,"time_ns":1,"sent_ns":99999999999999999999}',
    b'{"source":"clock","number":1,"time_ns":9223372036854775807,"sent_ns":9223372036854775807}',
    b'{"source":"clock","number":-1,"time_ns":-1,"sent_ns":-1}',
    b'{"source":"engine","number":NaN,"price":Infinity}',
    b"\xff\xfe\x00\x80 no text",
    b'{"source":"\xc3\x28"}',
    b'{"source":"engine","source":"wallet"}',
    b"[" * 50_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b'{"source":"' + b"x" * 200_000 + b'"}',
    b'{"source":"' + b"x" * 1_500_000 + b'"}',
    b'{"source":"engine","market":"BTC-PERP' + b"\\u0000" * 100 + b'"}',
    # Whole, on the lane of another pool.
    (
        b'{"source":"engine","number":900,"time_ns":1744008300014000000,"sent_ns":1744008300017000000,"market":"BTC-PERP",'
        b'"buyer":"a-000220","seller":"a-000186","taker":"seller","quantity":"5.363","price":"75011.9"}'
    ),
)
"""What is sent to every input topic."""

STRANGE: Final = (
    b"",
    b"\x00" * 64,
    b"ARROW1\x00\x00",
    b'{"pool":"majors"}',
    b"\xff\xff\xff\xff\x10\x00\x00\x00",
)
"""What is sent to the flows' own lanes."""


def throw(live: Live, dice: random.Random, *, lanes: bool) -> None:
    """Send them, in an order of the dice; a record that the broker itself refuses is no record."""
    out = Outbox(live.kafka, "stranger")
    told = _to_lanes(live) if lanes else _to_inputs(live)
    dice.shuffle(told)
    for topic, lane, value, sent in told:
        headers = [JSON, *([("sent_ns", sent)] if sent else [])]
        try:
            out.send(topic, lane, "stranger", value, headers)
            out.flush()
        except KafkaFailure:
            with suppress(KafkaFailure):
                out.close()
            out = Outbox(live.kafka, "stranger")
    out.close()


def _to_inputs(live: Live) -> list[tuple[str, int, bytes, bytes]]:
    topics = sorted({*market.INPUTS, *intake.INPUTS} - {en.TOPIC_MARKET_STATE})
    found = []
    for topic in topics:
        for lane in range(1 if topic in SHARED else len(live.venue.pools)):
            found += [(en.TOPICS[topic], lane, text, b"") for text in TEXTS]
            # A header of a stranger says when the record was sent.
            found += [(en.TOPICS[topic], lane, TEXTS[6], sent) for sent in (b"soon", b"-1", b"9" * 30)]
    return found


def _to_lanes(live: Live) -> list[tuple[str, int, bytes, bytes]]:
    return [
        (topic, lane, value, b"")
        for topic in ("market-state", "journal", "events")
        for lane in range(len(live.venue.pools))
        for value in STRANGE
    ]
