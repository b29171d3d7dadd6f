"""A few hundred lines of the shipped venue's topics, and the way from lines to admitted entries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from flows.journal import entries as en
from flows.journal.admission import Admission
from flows.journal.dead_letters import DeadLetter
from flows.journal.merge import Lines, Merge, Slice
from flows.pricing.decode import Router
from flows.pricing.stage import MarketStage
from flows.registry.load import Venue, load

SECOND = 1_000_000_000
START = 1_743_980_400 * SECOND
END = START + 40 * SECOND
VENUE = Path(__file__).resolve().parents[2] / "venues" / "crash-2025-04-07.toml"
SOURCES = ("binance-usdm", "meridian", "northgate")
PRICES = {"BTC": 60_000, "ETH": 1_500, "SUI": 2}
MARKETS = {"BTC-PERP": "BTC", "ETH-PERP": "ETH", "SUI-PERP": "SUI"}
POOLS = {"majors": "BTC-PERP", "alts": "SUI-PERP"}


@cache
def venue() -> Venue:
    """The venue of the shipped recording."""
    return load(VENUE)


def line(message: Mapping[str, Any]) -> bytes:
    """As it travels."""
    return json.dumps(message).encode()


class Pen:
    """Writes messages of one topic, each source's numbers rising."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.numbers: dict[str, int] = {}

    def write(self, source: str, at_ns: int, **fields: Any) -> None:
        """One message, sent three milliseconds after it happened."""
        number = self.numbers[source] = self.numbers.get(source, 100) + 1
        common = {"source": source, "number": number, "time_ns": at_ns, "sent_ns": at_ns + 3_000_000}
        self.messages.append(common | fields)

    def lines(self) -> list[bytes]:
        """All of it in order of sending."""
        return [line(each) for each in sorted(self.messages, key=_sent)]


def _sent(message: dict[str, Any]) -> int:
    return int(message["sent_ns"])


def price_of(asset: str, second: int) -> str:
    """A price on every market's tick, which moves by fractions of a percent."""
    return f"{PRICES[asset] * (10_000 + second * second % 37)}"[:-4] + "." + "0"


def recording() -> dict[str, list[bytes]]:
    """Forty seconds of three markets and four accounts in two pools."""
    quotes, depth, trades = Pen(), Pen(), Pen()
    for second in range(40):
        at = START + second * SECOND
        for place, source in enumerate(SOURCES):
            for asset in PRICES:
                price = price_of(asset, second)
                quotes.write(source, at + place * 1_000_000, asset=asset, price=price, confidence="0.001")
        for market, asset in MARKETS.items():
            price = int(price_of(asset, second)[:-2])
            if second % 5 == 0:
                sides = {"bids": [[f"{price}", "1"]], "asks": [[f"{price + 1}", "2"]]}
                depth.write("binance-usdm", at + 5_000_000, market=market, **sides)
            trades.write(
                "binance-usdm", at + 7_000_000, market=market, price=f"{price}", quantity="1", taker="buy"
            )
    accounts = _accounts()
    market = {"oracle-prices": quotes, "depth": depth, "trades": trades}
    return {topic: pen.lines() for topic, pen in (market | accounts).items()}


def _accounts() -> dict[str, Pen]:
    collateral, fills, checks = Pen(), Pen(), Pen()
    for pool, market in POOLS.items():
        price = f"{PRICES[MARKETS[market]]}"
        for place, name in enumerate(("alice", "bob", "carol", "dave")):
            at = START + (2 + place) * SECOND
            moved = {"pool": pool, "account": f"{pool}-{name}", "asset": "USDT"}
            collateral.write("wallet", at, kind="deposit", amount="10000", **moved)
            collateral.write("wallet", at + 20 * SECOND, kind="withdrawal", amount="0.5", **moved)
        collateral.write(
            "wallet",
            START + 8 * SECOND,
            kind="transfer",
            pool=pool,
            account=f"{pool}-alice",
            to=f"{pool}-alice:{market}",
            asset="USDT",
            amount="100",
        )
        for second in range(9, 36):
            at = START + second * SECOND
            sides = {
                "buyer": f"{pool}-bob",
                "seller": (f"{pool}-carol", f"{pool}-alice:{market}")[second % 2],
            }
            fills.write("engine", at + 9, market=market, taker="buyer", quantity="1", price=price, **sides)
            asked = {
                "account": f"{pool}-{('dave', 'nobody')[second % 9 == 0]}",
                "side": "buy",
                "quantity": "2",
            }
            checks.write("gateway", at + 99, market=market, price=price, reduce_only=False, **asked)
    return {"collateral": collateral, "fills": fills, "order-checks": checks}


def sources(topics: Mapping[str, Sequence[bytes]], chunk: int = 50) -> dict[int, Any]:
    """Topics as a merge reads them, a few lines at a time."""

    def of(lines: Sequence[bytes]) -> Any:
        def read(first: int) -> Iterator[Lines]:
            for start in range(first, len(lines), chunk):
                yield Lines(start, list(lines[start : start + chunk]), {})

        return read

    return {en.TOPICS.index(topic): of(lines) for topic, lines in topics.items()}


class Outcome(NamedTuple):
    """What a run came to, by pool: entries, and texts by journal offset."""

    rows: list[en.Rows]
    texts: list[dict[int, str]]
    dead: list[DeadLetter]


class Intake:
    """Router, market stages and admission of the venue."""

    def __init__(self) -> None:
        of = venue()
        self.router = Router(of, START)
        stages = zip(of.pools, of.market_stages, strict=True)
        self.stages = [MarketStage(pool, settings) for pool, settings in stages]
        self.doors = [Admission(pool) for pool in of.pools]
        self.rows: list[list[en.Rows]] = [[en.empty(0)] for _ in of.pools]
        self.texts: list[dict[int, str]] = [{} for _ in of.pools]
        self.dead: list[DeadLetter] = []

    def take(self, piece: Slice) -> None:
        """One slice, through to the entries."""
        for pool, part in enumerate(self.router.route(piece)):
            states, after = self.stages[pool].apply(part.records, part.levels)
            admitted = self.doors[pool].admit(part.merged(states, after))
            offset = sum(len(rows) for rows in self.rows[pool])
            self.texts[pool] |= {offset + place: text for place, text in admitted.texts.items()}
            self.rows[pool].append(admitted.rows)
            self.dead += admitted.dead

    def outcome(self) -> Outcome:
        """All that came of it."""
        return Outcome([np.concatenate(rows) for rows in self.rows], self.texts, self.dead)


def admitted(topics: Mapping[str, Sequence[bytes]], most: int = 20_000) -> Outcome:
    """From lines to entries."""
    intake = Intake()
    for piece in Merge(sources(topics), START, END, most=most):
        intake.take(piece)
    return intake.outcome()


def without_origin(rows: en.Rows) -> list[list[int]]:
    """Entries, but for the line that each came from."""
    bare = rows.copy()
    bare[:, en.ORIGIN_OFFSET] = 0
    return bare.tolist()
