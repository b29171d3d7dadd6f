"""From lines to each pool's records: every column, who gets which line, and what is refused at the door."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flows.journal import entries as en
from flows.journal.dead_letters import DeadLetter
from flows.journal.merge import Merge
from flows.pricing import records as record
from flows.pricing.decode import PoolSlice, Router
from flows.pricing.feeds import feeds_of
from schemas.dead_letter import Reason
from tests.journal.small import END, SECOND, START, line, recording, sources, venue

MAJORS, ALTS = 0, 1
AT = START + SECOND // 2

BASE: dict[str, dict[str, Any]] = {
    "oracle-prices": {
        "source": "meridian",
        "asset": "BTC",
        "price": "60000.123",
        "confidence": "0.000000001",
    },
    "depth": {
        "source": "binance-usdm",
        "market": "SUI-PERP",
        "bids": [["2.5", "7"], ["2.4999", "1"]],
        "asks": [["2.5001", "3"]],
    },
    "trades": {
        "source": "binance-usdm",
        "market": "ETH-PERP",
        "price": "1500.01",
        "quantity": "0.25",
        "taker": "buy",
    },
}


def message(topic: str, /, number: int = 7, **changes: Any) -> bytes:
    return line({"number": number, "time_ns": AT, "sent_ns": AT + 5} | BASE[topic] | changes)


def routed(topic: str, *lines: bytes) -> tuple[PoolSlice, ...]:
    """All of it in one slice: clocks at the start, and then what is sent within the first second."""
    piece = Merge(sources({topic: lines}), START, START + SECOND - 1).next_slice()
    assert piece is not None
    return Router(venue(), START).route(piece)


def only(pools: tuple[PoolSlice, ...], pool: int) -> list[dict[str, int]]:
    """The records of a pool that are no clocks, by the names of their columns."""
    names = {
        name: value for name, value in vars(record).items() if isinstance(value, int) and value < record.WIDTH
    }
    columns = [name for name in names if name not in {"QUOTE", "DEPTH", "TRADE", "CLOCK"}]
    rows = [row for row in pools[pool].records.tolist() if row[record.KIND] != record.CLOCK]
    return [{name: row[names[name]] for name in columns} for row in rows]


def header(topic: int, number: int = 7) -> dict[str, int]:
    common = {
        "TIME_NS": AT,
        "SENT_NS": AT + 5,
        "TOPIC": topic,
        "PARTITION": 0,
        "ORIGIN_OFFSET": 0,
        "NUMBER": number,
    }
    return (
        dict.fromkeys(("SOURCE_SLOT", "PRICE", "CONFIDENCE_NANO", "LOTS", "LEVEL", "BIDS", "ASKS"), 0)
        | common
    )


def feed(pool: int, asset: str) -> int:
    return [each.asset for each in feeds_of(venue().pools[pool])].index(asset)


def test_a_quote_goes_to_every_pool_that_uses_its_asset() -> None:
    pools = routed("oracle-prices", message("oracle-prices"))
    for pool in (MAJORS, ALTS):
        told = header(en.TOPIC_ORACLE_PRICES) | {
            "KIND": record.QUOTE,
            "ROW": feed(pool, "BTC"),
            "SOURCE_SLOT": 1,
        }
        assert only(pools, pool) == [told | {"PRICE": 60_000_123_000_000, "CONFIDENCE_NANO": 1}]


def test_a_quote_of_one_pool_s_asset_goes_there_only() -> None:
    pools = routed("oracle-prices", message("oracle-prices", asset="SUI"))
    assert only(pools, MAJORS) == []
    assert [row["ROW"] for row in only(pools, ALTS)] == [feed(ALTS, "SUI")]


def test_a_trade() -> None:
    told = header(en.TOPIC_TRADES) | {"KIND": record.TRADE, "ROW": 1, "PRICE": 150_001, "LOTS": 250}
    pools = routed("trades", message("trades"))
    assert only(pools, MAJORS) == [told]
    assert only(pools, ALTS) == []


def test_the_levels_of_a_pools_books_lie_behind_each_other() -> None:
    lines = [
        message("depth"),
        message("depth", number=8, market="ETH-PERP", bids=[], asks=[["1500.01", "2"]]),
        message("depth", number=9, asks=[["2.50001", "3"]]),
        message("depth", number=10, bids=[["2", "9"]], asks=[]),
    ]
    pools = routed("depth", *lines)
    books = [(row["ROW"], row["LEVEL"], row["BIDS"], row["ASKS"]) for row in only(pools, ALTS)]
    sui = venue().pools[ALTS].market_row("SUI-PERP")
    assert books == [(sui, 0, 2, 1), (sui, 3, 1, 0)]
    assert pools[ALTS].levels.tolist() == [[25_000, 7], [24_999, 1], [25_001, 3], [20_000, 9]]
    assert [row["LEVEL"] for row in only(pools, MAJORS)] == [0]
    assert pools[MAJORS].levels.tolist() == [[150_001, 2_000]]


def test_every_pool_sees_every_clock_in_its_place() -> None:
    piece = Merge(sources(recording()), START, END).next_slice()
    assert piece is not None
    for each in Router(venue(), START).route(piece):
        clocks = each.records[each.records[:, record.KIND] == record.CLOCK]
        assert (
            clocks[:, record.TIME_NS].tolist()
            == piece.clock_ns.tolist()
            == each.clocks[:, en.TIME_NS].tolist()
        )
        assert each.clocks[:, en.ORIGIN_OFFSET].tolist() == list(range(len(piece.clock_ns)))
        assert each.clocks[:, en.SOURCE].tolist() == [-1] * len(piece.clock_ns)
        assert each.places.tolist() == sorted(each.places.tolist())


def test_states_stand_where_the_records_stood_that_made_them() -> None:
    lines = [message("oracle-prices", sent_ns=AT + place, number=place) for place in range(3)]
    (majors, _) = routed("oracle-prices", *lines)
    states = en.empty(2)
    states[:, en.KIND], states[:, en.NUMBER] = en.MARKET_STATE, [1, 2]
    merged = majors.merged(states, np.array([0, 2]))
    assert merged.rows[:, en.KIND].tolist() == [en.CLOCK, en.MARKET_STATE, en.MARKET_STATE]
    assert merged.places.tolist() == [0, 0, 2]


REFUSED: list[tuple[str, dict[str, Any], Reason, str, str]] = [
    ("oracle-prices", {"asset": "DOGE"}, Reason.UNKNOWN_ASSET, "asset", "no pool uses DOGE"),
    (
        "oracle-prices",
        {"source": "stranger"},
        Reason.UNKNOWN_PRODUCER,
        "source",
        "stranger is not registered to send on this topic",
    ),
    (
        "oracle-prices",
        {"price": "10000000.000000001"},
        Reason.OUT_OF_RANGE,
        "price",
        "10000000 is the most, but it is 10000000.000000001",
    ),
    (
        "oracle-prices",
        {"confidence": "9999999999"},
        Reason.OUT_OF_RANGE,
        "confidence",
        "10000000 is the most, but it is 9999999999",
    ),
    ("trades", {"market": "DOGE-PERP"}, Reason.UNKNOWN_MARKET, "market", "there is no market DOGE-PERP"),
    (
        "trades",
        {"source": "meridian"},
        Reason.UNKNOWN_PRODUCER,
        "source",
        "meridian is not registered to send on this topic",
    ),
    (
        "trades",
        {"price": "1500.001"},
        Reason.TOO_PRECISE,
        "price",
        "1500.001 is not a multiple of ETH-PERP's tick 0.01",
    ),
    (
        "trades",
        {"quantity": "10000000.001"},
        Reason.OUT_OF_RANGE,
        "quantity",
        "10000000.001 is above ETH-PERP's max_open_interest 10000000",
    ),
    ("depth", {"market": "DOGE-PERP"}, Reason.UNKNOWN_MARKET, "market", "there is no market DOGE-PERP"),
    (
        "depth",
        {"bids": [["2.5", "7"], ["2.49995", "1"], ["2.49985", "1"]]},
        Reason.TOO_PRECISE,
        "bids[1][0]",
        "2.49995 is not a multiple of SUI-PERP's tick 0.0001",
    ),
    (
        "depth",
        {"asks": [["2.5", "7"], ["200.0001", "1"]]},
        Reason.OUT_OF_RANGE,
        "asks[1][0]",
        "200.0001 is above SUI-PERP's max_price 200",
    ),
    (
        "depth",
        {"asks": [["2.5", "7.5"]]},
        Reason.TOO_PRECISE,
        "asks[0][1]",
        "7.5 is not a multiple of SUI-PERP's lot 1",
    ),
    (
        "trades",
        {"time_ns": START - 601 * SECOND},
        Reason.LATE,
        "time_ns",
        f"{START - 601 * SECOND} is more than 10 min behind the clock",
    ),
    (
        "trades",
        {"time_ns": AT + 2 * SECOND},
        Reason.EARLY,
        "time_ns",
        f"{AT + 2 * SECOND} is more than 2 s ahead of the clock",
    ),
    (
        "trades",
        {"number": 8 + 65_536},
        Reason.NUMBER_JUMP,
        "number",
        "number 65544 of binance-usdm is 65536 or more away from its last one",
    ),
    ("trades", {"number": 7}, Reason.DUPLICATE, "number", "number 7 of binance-usdm was seen before"),
    (
        "trades",
        {"sent_ns": AT + 4},
        Reason.TIME_ORDER,
        "sent_ns",
        f"sent at {AT + 4}, before its predecessor ({AT + 5}) or outside the recording",
    ),
]


@pytest.mark.parametrize(("topic", "changes", "reason", "field", "detail"), REFUSED)
def test_what_is_refused(
    topic: str, changes: dict[str, Any], reason: Reason, field: str, detail: str
) -> None:
    bad = message(topic, **({"number": 8} | changes))
    pools = routed(topic, message(topic), bad, message(topic, number=9))
    ((place, letter),) = pools[MAJORS].dead
    assert pools[ALTS].dead == []
    assert letter == DeadLetter(topic, 0, 1, reason, field, detail, bad, len(bad))
    assert place == 2
    records = [row["ORIGIN_OFFSET"] for pool in (MAJORS, ALTS) for row in only(pools, pool)]
    assert sorted(dict.fromkeys(records)) == [0, 2]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_router_goes_on_from_its_snapshot(cut: int) -> None:
    lines = [
        message("trades"),
        message("trades", price="1"),
        message("trades", number=8),
        message("trades", number=7),
    ]
    slices = list(Merge(sources({"trades": lines}), START, START + SECOND - 1, most=1))
    first, second = Router(venue(), START), Router(venue(), START)
    letters = [each for piece in slices[:cut] for each in first.route(piece)[MAJORS].dead]
    second.restore(first.snapshot())
    letters += [each for piece in slices[cut:] for each in second.route(piece)[MAJORS].dead]
    assert [letter.reason for _, letter in letters] == [Reason.DUPLICATE, Reason.DUPLICATE]
