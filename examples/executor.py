"""An execution system: fills liquidation and vault orders against the recorded books, and says so on the topic fills.

    liquidations, order-decisions -> [depth, clock] -> fills

    python executor.py --bootstrap 127.0.0.1:9092 --state executor.json --maker 'mm-{pool}-1'

An order takes what the latest snapshot of its market has within its limit, one fill a level; what it takes is used up
until the next snapshot. What is left of it is not tried again: it lapses, and the venue sends the next order. With --match
it also stands in for a matching engine: orders that the venue has accepted trade in the same way.

Each order is answered once, also across kill -9: a start first reads what this producer has published since the offsets in
the state file, and passes over the orders that have a fill there. So a kill can make an answer smaller, never double it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import KafkaException

from link import Link, Reader, Record, State, Stop, Writer, decimal, parser, units

ORDERS: Final = ("liquidation-order", "vault-order")

MARGIN_NS: Final = 500_000_000
"""A fill must be in the journal before the order lapses: with less time left than this, nothing is traded."""

SECOND_NS: Final = 1_000_000_000

REMEMBERED: Final = 1 << 18
"""Orders whose answers are remembered: far more than can be out at once."""

SNAPSHOTS_BACK: Final = 2_000
"""Snapshots that a start reads, so that it has a book of each market."""

SAVE_S: Final = 1.0

Level = list[Any]
"""Price and what is left of its quantity, in 1e-9, and the price as it was written."""


class Books:
    """The latest snapshot of each market, less what has been traded against it."""

    def __init__(self) -> None:
        self.levels: dict[
            tuple[str, str], list[Level]
        ] = {}  # market, side of the one who trades -> best first

    def take_snapshot(self, depth: dict[str, Any]) -> None:
        """A market's new book. A crossed one is no book, and what is no snapshot changes nothing."""
        try:
            bids, asks = (
                [[units(price), units(quantity), price] for price, quantity in depth[side]]
                for side in ("bids", "asks")
            )
            market = str(depth["market"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return
        if bids and asks and bids[0][0] >= asks[0][0]:
            bids, asks = [], []
        self.levels[market, "sell"], self.levels[market, "buy"] = bids, asks

    def trade(self, market: str, side: str, quantity: int, limit: int) -> Iterator[tuple[str, int]]:
        """Prices and quantities that an order gets, level by level, while the limit lets it."""
        for level in self.levels.get((market, side), ()):
            price, left, text = level
            if quantity == 0 or (price > limit if side == "buy" else price < limit):
                return
            taken = min(left, quantity)
            if taken:
                level[1] -= taken
                quantity -= taken
                yield text, taken


class Executor:
    """One process for all pools: an answer goes to the lane that the order came from."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.makers: list[str] = arguments.maker or ["mm-{pool}-1"]
        self.fresh_ns: int = arguments.fresh_seconds * SECOND_NS
        self.state = State(arguments.state)
        number, self.kept = self.state.load()
        link = Link(arguments)
        self.fills = Writer(link, "fills", arguments.source)
        self.answered: dict[str, None] = {}
        for own in self.fills.recall(number, self.kept):
            self._remember(own.cause)
        self.market = Reader(link, ["depth", "clock"], {}, SNAPSHOTS_BACK)
        topics = ["liquidations", "order-decisions"] if arguments.match else ["liquidations"]
        self.orders = Reader(link, topics, self.kept)
        self.recalled = self.orders.ends()  # no order beyond these has an answer yet
        self.books = Books()
        self.now_ns = 0  # the venue's time, as far as it was heard of
        self.saved_s = 0.0

    def run(self, stop: Stop) -> None:
        """Until the process is asked to stop."""
        self._hear(self.market.take_all())
        while not stop.asked:
            self._hear(self.market.take(0, 2_000))
            orders = self.orders.take(0.02)
            if orders:
                # After a pause of this process, what waits here is old: see what time it is before acting on it.
                self._hear(self.market.take_all())
                for order in orders:
                    self._consider(order.said, order.lane)
            if time.monotonic() - self.saved_s > SAVE_S:
                self._save()
        self._save()

    def _hear(self, records: Iterator[Record] | list[Record]) -> None:
        """Books, and what time it is."""
        for record in records:
            if record.topic == "depth":
                self.books.take_snapshot(record.said)
            else:
                self.now_ns = max(self.now_ns, record.second())

    def _consider(self, order: dict[str, Any], lane: int) -> None:
        """Answer what is an order, is in time, and has no answer yet."""
        if not order or order["id"] in self.answered:
            return
        self.now_ns = max(self.now_ns, order["time_ns"])
        if order.get("type") in ORDERS:
            if order["deadline_ns"] - MARGIN_NS > self.now_ns:
                self._answer(order, lane, liquidation=order["id"])
        elif order.get("decision") == "ACCEPT" and order["time_ns"] + self.fresh_ns > self.now_ns:
            self._answer(order, lane)

    def _answer(self, order: dict[str, Any], lane: int, **names: str) -> None:
        """Trade as much as there is, and publish a fill a level."""
        wanted, done = units(order["quantity"]), 0
        buys = order["side"] == "buy"
        for price, quantity in self.books.trade(
            order["market"], order["side"], wanted, units(order["price"])
        ):
            maker = self._maker(order)
            self.fills.send(
                order["pool"],
                lane,
                order["id"],
                self.now_ns,
                market=order["market"],
                buyer=order["account"] if buys else maker,
                seller=maker if buys else order["account"],
                taker="buyer" if buys else "seller",
                quantity=decimal(quantity),
                price=price,
                **names,
            )
            done += quantity
        self._remember(order["id"])
        if names:
            of = f"{decimal(done)} of {decimal(wanted)} {order['market']}"
            print(f"{order['id']} {order['side']} {of} for {order['account']}", flush=True)

    def _maker(self, order: dict[str, Any]) -> str:
        """The next market maker in turn, who does not trade with itself."""
        turn = self.fills.number
        makers = [each.replace("{pool}", order["pool"]) for each in self.makers]
        others = [each for each in makers if each != order["account"]] or makers
        return others[turn % len(others)]

    def _remember(self, order: str) -> None:
        self.answered[order] = None
        if len(self.answered) > REMEMBERED:
            del self.answered[next(iter(self.answered))]

    def _save(self) -> None:
        """Keep the offsets behind which everything is answered, once the answers are safe."""
        self.fills.flush()
        own = self.fills.places
        if not self.orders.has_passed(self.recalled):
            # Orders that wait here were answered by an earlier start: another one must read those answers again.
            own = {place: at for place, at in self.kept.items() if place in own}
        self.state.save(self.fills.number, {**self.orders.positions, **own})
        self.saved_s = time.monotonic()


def main() -> None:
    """Read the command line, and work."""
    options = parser(__doc__ or "", "executor")
    options.add_argument("--match", action="store_true", help="fill accepted order checks, too")
    options.add_argument(
        "--maker",
        action="append",
        help="account on the other side; {pool} stands for the pool's id. Several take turns. Default: mm-{pool}-1",
    )
    options.add_argument(
        "--fresh-seconds",
        type=int,
        default=5,
        help="venue time for which an accepted check is worth a trade: what it was judged on changes (default 5)",
    )
    arguments = options.parse_args()
    stop = Stop()
    try:
        Executor(arguments).run(stop)
    except KafkaException as error:
        sys.exit(f"kafka: {error.args[0].str()}")


if __name__ == "__main__":
    main()
