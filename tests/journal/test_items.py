"""Account topics as rows: every column of every kind, and every fault that needs no account."""

from __future__ import annotations

from typing import Any

import pytest

from flows.journal import entries as en
from flows.journal.dead_letters import DeadLetter
from flows.journal.items import Items, account_items, joined
from flows.journal.merge import Merge, Part
from flows.journal.screen import Screen
from flows.journal.tables import Tables
from schemas.dead_letter import Reason
from tests.journal.small import END, SECOND, START, line, sources, venue

MAJORS, ALTS = 0, 1
AT = START + SECOND

BASE: dict[str, dict[str, Any]] = {
    "collateral": {
        "source": "wallet",
        "pool": "majors",
        "kind": "deposit",
        "account": "alice",
        "asset": "USDT",
        "amount": "12.5",
    },
    "fills": {
        "source": "engine",
        "market": "ETH-PERP",
        "buyer": "alice",
        "seller": "bob",
        "taker": "seller",
        "quantity": "0.25",
        "price": "1500.01",
    },
    "order-checks": {
        "source": "gateway",
        "account": "alice",
        "market": "SUI-PERP",
        "side": "sell",
        "quantity": "7",
        "price": "2.5",
        "reduce_only": True,
    },
    "liquidation-bids": {
        "source": "bidders",
        "offer": "alts:88:2",
        "market": "SUI-PERP",
        "account": "liq-1",
        "quantity": "3",
        "minimum_bonus_ppm": 4_000,
        "limit_price": "2.25",
    },
    "commands": {
        "source": "operator",
        "command": "halt",
        "venue": "crash-2025-04-07",
        "pool": "alts",
        "market": "SUI-PERP",
        "nonce": 7,
        "expires_ns": AT + 60 * SECOND,
        "signatures": [{"key": "9d" * 32, "signature": "5a" * 64}],
    },
}


def message(topic: str, /, number: int = 7, **changes: Any) -> bytes:
    common = {"number": number, "time_ns": AT, "sent_ns": AT + 5}
    told = common | BASE[topic] | changes
    return line({name: value for name, value in told.items() if value is not None})


def part_of(topic: str, lines: list[bytes]) -> Part:
    merge = Merge(sources({topic: lines}), START, END)
    parts = [part for piece in merge for part in piece.parts]
    assert len(parts) == 1
    return parts[0]


def read(topic: str, *lines: bytes) -> tuple[list[Items], list[tuple[int, DeadLetter]]]:
    tables = Tables(venue())
    return account_items(part_of(topic, list(lines)), tables, Screen(tables, START))


def only(topic: str, /, **changes: Any) -> tuple[int, Items]:
    """The pool that a good message goes to, and its item."""
    items, dead = read(topic, message(topic, **changes))
    assert not dead
    (pool,) = [pool for pool, each in enumerate(items) if len(each.rows)]
    assert not items[pool].letters
    return pool, items[pool]


def named(row: en.Rows, of: type) -> dict[str, int]:
    """A row's payload by the names of its kind's columns."""
    return {name: int(row[place]) for name, place in vars(of).items() if name.isupper()}


def producer(name: str) -> int:
    return venue().producers.index(name)


def test_the_header_is_the_message_and_its_line() -> None:
    items, _ = read("fills", b"x", message("fills"))
    row = items[MAJORS].rows[0]
    assert row[: en.PAYLOAD].tolist() == [en.FILL, AT, en.TOPIC_FILLS, 0, 1, producer("engine"), 7]


def test_a_deposit() -> None:
    pool, items = only("collateral", asset="BTC", amount="0.00000001", owner="carol")
    assert (pool, items.first, items.second) == (MAJORS, ["alice"], ["carol"])
    told = {"ACCOUNT": -1, "ASSET": 1, "AMOUNT_UNITS": 1, "OWNER": -1, "OPENS": 0, "ISOLATED_MARKET": -1}
    assert items.rows[0, en.KIND] == en.DEPOSIT
    assert named(items.rows[0], en.Deposit) == told


def test_a_withdrawal_from_an_isolated_account() -> None:
    pool, items = only("collateral", kind="withdrawal", pool="alts", account="alice:SUI-PERP")
    market = venue().pools[ALTS].market_row("SUI-PERP")
    told = {"ACCOUNT": -1, "ASSET": 0, "AMOUNT_UNITS": 12_500_000, "OWNER": -1, "OPENS": 0}
    assert (pool, items.rows[0, en.KIND]) == (ALTS, en.WITHDRAWAL)
    assert named(items.rows[0], en.Deposit) == told | {"ISOLATED_MARKET": market}


@pytest.mark.parametrize(
    ("account", "to", "market"), [("alice", "alice:ETH-PERP", 1), ("alice:ETH-PERP", "alice", -1)]
)
def test_a_transfer_names_the_market_of_its_target(account: str, to: str, market: int) -> None:
    pool, items = only("collateral", kind="transfer", account=account, to=to)
    assert (pool, items.first, items.second, items.rows[0, en.KIND]) == (MAJORS, [account], [to], en.TRANSFER)
    found = named(items.rows[0], en.Transfer)
    assert (found["ISOLATED_MARKET"], found["TO_ACCOUNT"], found["ACCOUNT"]) == (market, -1, -1)


@pytest.mark.parametrize(("taker", "code"), [("buyer", 0), ("seller", 1)])
@pytest.mark.parametrize(("order", "event"), [(None, (-1, -1)), ("majors:88412:2", (88_412, 2))])
def test_a_fill(taker: str, code: int, order: str | None, event: tuple[int, int]) -> None:
    pool, items = only("fills", taker=taker, liquidation=order)
    told = {"MARKET": 1, "BUYER": -1, "SELLER": -1, "TAKER": code, "LOTS": 250, "PRICE_TICKS": 150_001}
    assert (pool, items.first, items.second) == (MAJORS, ["alice"], ["bob"])
    assert named(items.rows[0], en.Fill) == told | {"ORDER_OFFSET": event[0], "ORDER_INDEX": event[1]}


@pytest.mark.parametrize(("side", "sign"), [("buy", 1), ("sell", -1)])
@pytest.mark.parametrize("reduces", [False, True])
def test_an_order_check(side: str, sign: int, reduces: bool) -> None:
    pool, items = only("order-checks", side=side, reduce_only=reduces)
    market = venue().market("SUI-PERP")
    assert market is not None
    row = {"ACCOUNT": -1, "MARKET": venue().pools[ALTS].market_row("SUI-PERP")}
    row |= {"LOTS": sign * 7 * market.lot_scale, "PRICE_TICKS": 5 * market.tick_scale // 2}
    assert (pool, items.first) == (ALTS, ["alice"])
    assert named(items.rows[0], en.OrderCheck) == row | {"REDUCE_ONLY": int(reduces)}


def test_a_bid() -> None:
    pool, items = only("liquidation-bids")
    market = venue().market("SUI-PERP")
    assert market is not None
    told = {"OFFER_OFFSET": 88, "OFFER_INDEX": 2, "ACCOUNT": -1, "MINIMUM_BONUS_PPM": 4_000}
    told |= {"LOTS": 3 * market.lot_scale, "LIMIT_TICKS": 9 * market.tick_scale // 4}
    assert (pool, items.first) == (ALTS, ["liq-1"])
    assert named(items.rows[0], en.Bid) == told | {"NAMED": venue().pools[ALTS].market_row("SUI-PERP") + 1}


HOMELESS: list[tuple[str, dict[str, Any], Reason, str]] = [
    ("collateral", {"pool": "futures"}, Reason.UNKNOWN_POOL, "pool"),
    ("collateral", {"pool": "futures", "account": "alice:BTC-PERP"}, Reason.UNKNOWN_POOL, "pool"),
    ("collateral", {"source": "engine"}, Reason.UNKNOWN_PRODUCER, "source"),
    ("collateral", {"source": "stranger"}, Reason.UNKNOWN_PRODUCER, "source"),
    ("collateral", {"amount": "-1"}, Reason.NOT_POSITIVE, "amount"),
    ("fills", {"market": "DOGE-PERP"}, Reason.UNKNOWN_MARKET, "market"),
    ("order-checks", {"market": "DOGE-PERP"}, Reason.UNKNOWN_MARKET, "market"),
    ("liquidation-bids", {"market": "DOGE-PERP"}, Reason.UNKNOWN_MARKET, "market"),
]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"market": None},
        {"command": "skip", "market": None, "journal_offset": 12},
        {"command": "cancel", "market": None, "cancels": "c0" * 32},
        {"command": "parameters", "market": None, "parameters": {"version": 2, "part": [1.5, None, 10**30]}},
    ],
)
def test_a_command_keeps_its_line_for_its_pools_door(changes: dict[str, Any]) -> None:
    pool, items = only("commands", **changes)
    assert (pool, items.lines[:]) == (ALTS, [message("commands", **changes)])
    assert items.rows[0, : en.PAYLOAD].tolist() == [
        en.COMMAND,
        AT,
        en.TOPIC_COMMANDS,
        0,
        0,
        producer("operator"),
        7,
    ]


@pytest.mark.parametrize(("topic", "changes", "reason", "field"), HOMELESS)
def test_what_no_pool_can_claim(topic: str, changes: dict[str, Any], reason: Reason, field: str) -> None:
    items, dead = read(topic, message(topic), message(topic, **changes, number=8))
    assert sum(len(each.rows) for each in items) == 1
    ((place, letter),) = dead
    assert (letter.reason, letter.field, letter.offset) == (reason, field, 1)
    assert place == 3  # behind the clocks of the first two seconds and the good one
    assert letter.raw == message(topic, **changes, number=8)


AT_HOME: list[tuple[str, dict[str, Any], Reason, str, str]] = [
    ("collateral", {"asset": "LTC"}, Reason.UNKNOWN_ASSET, "asset", "the pool does not take LTC"),
    (
        "collateral",
        {"amount": "0.0000001"},
        Reason.TOO_PRECISE,
        "amount",
        "0.0000001 is not a multiple of USDT's smallest unit 0.000001",
    ),
    (
        "collateral",
        {"amount": "200000000000.000001"},
        Reason.OUT_OF_RANGE,
        "amount",
        "more than 9223372035 is above USDT's max_holding 200000000000",
    ),
    (
        "collateral",
        {"asset": "BTC", "amount": "100000.00000001"},
        Reason.OUT_OF_RANGE,
        "amount",
        "100000.00000001 is above BTC's max_holding 100000",
    ),
    (
        "collateral",
        {"kind": "transfer", "to": "alice:BTC-PERP", "asset": "BTC"},
        Reason.BAD_VALUE,
        "asset",
        "a transfer moves the settlement asset, not BTC",
    ),
    (
        "collateral",
        {"account": "alice:SUI-PERP"},
        Reason.ACCOUNT_MARKET,
        "account",
        "the pool does not have the market of this isolated account: alice:SUI-PERP",
    ),
    (
        "collateral",
        {"kind": "transfer", "to": "alice:DOGE-PERP"},
        Reason.ACCOUNT_MARKET,
        "to",
        "the pool does not have the market of this isolated account: alice:DOGE-PERP",
    ),
    (
        "fills",
        {"price": "1500.001"},
        Reason.TOO_PRECISE,
        "price",
        "1500.001 is not a multiple of ETH-PERP's tick 0.01",
    ),
    (
        "fills",
        {"quantity": "0.0001"},
        Reason.TOO_PRECISE,
        "quantity",
        "0.0001 is not a multiple of ETH-PERP's lot 0.001",
    ),
    (
        "fills",
        {"price": "50000.01"},
        Reason.OUT_OF_RANGE,
        "price",
        "50000.01 is above ETH-PERP's max_price 50000",
    ),
    (
        "fills",
        {"quantity": "2000000.001"},
        Reason.OUT_OF_RANGE,
        "quantity",
        "2000000.001 is above ETH-PERP's max_position 2000000",
    ),
    (
        "fills",
        {"liquidation": "alts:1:2"},
        Reason.BAD_VALUE,
        "liquidation",
        "this is no event of the market's pool: alts:1:2",
    ),
    (
        "fills",
        {"liquidation": "futures:1:2"},
        Reason.BAD_VALUE,
        "liquidation",
        "this is no event of the market's pool: futures:1:2",
    ),
    (
        "liquidation-bids",
        {"quantity": "9223372036"},
        Reason.OUT_OF_RANGE,
        "quantity",
        "more than 9223372035 is above SUI-PERP's max_position 400000000",
    ),
    (
        "commands",
        {"market": "BTC-PERP"},
        Reason.UNKNOWN_MARKET,
        "market",
        "the pool has no market BTC-PERP",
    ),
    (
        "commands",
        {"market": "DOGE-PERP"},
        Reason.UNKNOWN_MARKET,
        "market",
        "the pool has no market DOGE-PERP",
    ),
    (
        "fills",
        {"time_ns": START - 13 * 3_600 * SECOND},
        Reason.LATE,
        "time_ns",
        f"{START - 13 * 3_600 * SECOND} is more than 720 min behind the clock",
    ),
]


@pytest.mark.parametrize(("topic", "changes", "reason", "field", "detail"), AT_HOME)
def test_what_is_refused_by_its_pool(
    topic: str, changes: dict[str, Any], reason: Reason, field: str, detail: str
) -> None:
    items, dead = read(topic, message(topic, **changes))
    assert not dead
    (mine,) = [each for each in items if len(each.rows)]
    letter = mine.letters[0]
    assert (letter.reason, letter.field, letter.detail) == (reason, field, detail)


@pytest.mark.parametrize(
    ("topic", "changes"),
    [
        ("collateral", {"asset": "BTC", "amount": "100000"}),
        ("fills", {"price": "50000.00", "quantity": "2000000"}),
        ("fills", {"time_ns": AT - 12 * 3_600 * SECOND}),
    ],
)
def test_bounds_belong_to_what_is_allowed(topic: str, changes: dict[str, Any]) -> None:
    only(topic, **changes)


def test_items_of_two_topics_stand_by_place() -> None:
    lines = {
        "fills": [message("fills", sent_ns=AT + 10), message("fills", sent_ns=AT + 29, price="0.001")],
        "collateral": [message("collateral", sent_ns=AT + 20), message("collateral", sent_ns=AT + 30)],
    }
    tables = Tables(venue())
    screen = Screen(tables, START)
    piece = Merge(sources(lines), START, END).next_slice()
    assert piece is not None
    pieces = [account_items(part, tables, screen)[0][MAJORS] for part in piece.parts]
    items = joined([joined([]), *pieces])
    assert items.rows[:, en.KIND].tolist() == [en.FILL, en.DEPOSIT, en.FILL]
    assert items.places.tolist() == sorted(items.places.tolist())
    assert items.second == ["bob", "", "bob"]
    assert list(items.letters) == [2]
    assert items.lines[2] == lines["fills"][1]
