"""An independent liquidator: bids for what the venue offers, once the bonus is worth it.

    liquidations (offers, answers), clock -> liquidation-bids

    python liquidator.py --bootstrap 127.0.0.1:9092 --state liquidator.json --account 'liq-{pool}-1' \
        --minimum-bonus-ppm 5000 --limit-ppm 20000 --most 100000

A bid takes what is left of the offer, up to --most of the settlement asset. It names the least bonus it wants and the worst
mark at which it still wants the position. The venue answers each bid once: taken, or the first reason why not. A refusal
that may pass (the bonus is still small, the mark has moved) is tried again; one for size is tried with half.

Each bid is published once, also across kill -9: a start reads its own bids again, and the liquidations from the oldest offer
that was open. At most one bid a offer is under way.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaException

from link import NANO, Link, Place, Reader, Record, State, Stop, Writer, decimal, parser, units

PASSING: Final = ("BONUS_BELOW_MIN", "PRICE_MOVED", "HALTED", "HEALTH_GUARD")
"""Refusals that may not be repeated a moment later."""

ANSWERS: Final = ("bid-decision", "offer-fill", "offer-withdrawn")

TOO_MUCH: Final = ("OVERSIZED", "UNDERFUNDED")

AGAIN_NS: Final = 3_000_000_000
"""Venue time between two bids for one offer: the bonus grows in steps."""

PPM: Final = 1_000_000
SAVE_S: Final = 1.0


@dataclass(slots=True)
class Offer:
    """An open offer, as far as the topic tells: amounts in 1e-9."""

    id: str
    pool: str
    place: Place
    offset: int  # of the record that opened it
    account: str
    market: str
    side: str  # what the account does: a bidder takes the other side
    left: int
    bonus_ppm: int
    mark: int
    tick: int
    lot: int
    deadline_ns: int
    most: int  # of one bid, by what was refused before
    bid: int = 0  # number of the bid under way
    due_ns: int = 0  # venue time of the next bid


class Liquidator:
    """One process for all pools: a bid goes to the lane that the offer came from."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.account: str = arguments.account
        self.minimum_ppm: int = arguments.minimum_bonus_ppm
        self.limit_ppm: int = arguments.limit_ppm
        self.most: int = arguments.most * NANO
        self.state = State(arguments.state)
        link = Link(arguments)
        self.bids = Writer(link, "liquidation-bids", arguments.source)
        # A bid is a few hundred bytes and a day has some thousand: all are read, so no offset can be wrong.
        self.sent = {own.cause: own.said["number"] for own in self.bids.recall(0, {})}
        self.clock = Reader(link, ["clock"], {}, 1)
        self.steps = Reader(link, ["liquidations"], self.state.load()[1])
        self.offers: dict[str, Offer] = {}  # in the order of their opening
        self.now_ns = 0
        self.saved_s = 0.0

    def run(self, stop: Stop) -> None:
        """Until the process is asked to stop. What was open at the last end is read again before the first bid."""
        for step in self.steps.take_all():
            self._hear(step)
        while not stop.asked:
            steps = self.steps.take(0.02)
            for step in steps:
                self._hear(step)
            # Asked for anew: after a pause of this process, what it believes to be the time is old.
            for tick in self.clock.take_all() if self.offers else self.clock.take(0):
                self.now_ns = max(self.now_ns, tick.second())
            for offer in list(self.offers.values()):
                self._consider(offer)
            if time.monotonic() - self.saved_s > SAVE_S:
                self._save()
        self._save()

    # --- what is said -------------------------------------------------------------------------------------------------
    def _hear(self, record: Record) -> None:
        """A step of a liquidation."""
        step = record.said
        kind = step.get("type", "")
        self.now_ns = max(self.now_ns, step.get("time_ns", 0))
        if kind == "offer-opened":
            self._opened(step, record)
        elif kind == "liquidation-order":
            self._reduced(step)
        elif kind in ANSWERS and step["answers"] in self.offers:
            offer = self.offers[step["answers"]]
            if kind == "offer-withdrawn":
                del self.offers[offer.id]
            elif kind == "bid-decision" and step["bid_source"] == self.bids.source:
                self._answered(offer, step)
            elif kind == "offer-fill" and step["counter_account"] != self._account(offer):
                offer.left -= units(step["quantity"])  # one's own was counted with its answer

    def _reduced(self, order: dict[str, Any]) -> None:
        """A slice that goes to market is taken out of what is on offer."""
        of = (order["pool"], order["account"], order["market"])
        for offer in self.offers.values():
            if (offer.pool, offer.account, offer.market) == of:
                offer.left -= units(order["quantity"])

    def _opened(self, step: dict[str, Any], record: Record) -> None:
        offer = Offer(
            id=step["id"],
            pool=step["pool"],
            place=(record.topic, record.lane),
            offset=record.offset,
            account=step["account"],
            market=step["market"],
            side=step["side"],
            left=units(step["quantity"]),
            bonus_ppm=step["bonus_ppm"],
            mark=units(step["mark_price"]),
            tick=units(step["tick"]),
            lot=units(step["lot"]),
            deadline_ns=step["deadline_ns"],
            most=self.most * NANO // units(step["mark_price"]),
            bid=self.sent.get(step["id"], 0),
        )
        if offer.bonus_ppm < self.minimum_ppm:
            offer.due_ns = step["time_ns"] + AGAIN_NS
        self.offers[offer.id] = offer

    def _answered(self, offer: Offer, step: dict[str, Any]) -> None:
        """The venue's word on a bid, of this start or an earlier one."""
        why = step["detail"]
        if why == "VALID":
            offer.left -= units(step["quantity"])
        if step["bid_number"] != offer.bid:
            return
        offer.bid = 0
        print(f"{offer.id} bid {step['bid_number']}: {why}", flush=True)
        if why in PASSING:
            offer.due_ns = step["time_ns"] + AGAIN_NS
        elif why in TOO_MUCH:
            offer.most = units(step["quantity"]) // 2
        elif why != "VALID":
            del self.offers[offer.id]

    # --- what is done -------------------------------------------------------------------------------------------------
    def _consider(self, offer: Offer) -> None:
        """Bid, if it is time to and there is something left to bid for."""
        if offer.deadline_ns < self.now_ns:
            self.offers.pop(offer.id)
            return
        if offer.bid or offer.due_ns > self.now_ns:
            return
        size = min(offer.left, offer.most) // offer.lot * offer.lot
        if size <= 0:
            return
        offer.bid = self.bids.send(
            offer.pool,
            offer.place[1],
            offer.id,
            self.now_ns,
            offer=offer.id,
            market=offer.market,
            account=self._account(offer),
            quantity=decimal(size),
            minimum_bonus_ppm=self.minimum_ppm,
            limit_price=decimal(self._limit(offer)),
        )

    def _account(self, offer: Offer) -> str:
        return self.account.replace("{pool}", offer.pool)

    def _limit(self, offer: Offer) -> int:
        """The worst mark that is still wanted, on the tick; rounded towards the mark it had at first."""
        if offer.side == "sell":
            return offer.mark * (PPM + self.limit_ppm) // PPM // offer.tick * offer.tick
        low = offer.mark * (PPM - self.limit_ppm) // PPM
        return -(-low // offer.tick) * offer.tick

    def _save(self) -> None:
        """Keep where to read on: at the oldest offer that is open, so that its story is heard again."""
        self.bids.flush()
        kept = dict(self.steps.positions)
        for offer in self.offers.values():
            kept[offer.place] = min(kept[offer.place], offer.offset)
        self.state.save(self.bids.number, kept)
        self.saved_s = time.monotonic()


def main() -> None:
    """Read the command line, and work."""
    options = parser(__doc__ or "", "liquidator")
    options.add_argument("--account", required=True, help="bidder's account; {pool} stands for the pool's id")
    options.add_argument(
        "--minimum-bonus-ppm", type=int, default=5_000, help="least bonus worth a bid (default 5000)"
    )
    options.add_argument(
        "--limit-ppm", type=int, default=20_000, help="how far the mark may move (default 20000)"
    )
    options.add_argument(
        "--most", type=int, default=100_000, help="most of one bid, settlement asset (default 100000)"
    )
    arguments = options.parse_args()
    stop = Stop()
    try:
        Liquidator(arguments).run(stop)
    except KafkaException as error:
        sys.exit(f"kafka: {error.args[0].str()}")


if __name__ == "__main__":
    main()
