"""Expectations about what happened: events as tables, answers to requests, and what did not happen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flows.journal import events as ev
from flows.journal.codes import BID_CODES, ORDER_CODES
from flows.rules.offer.bid import VALID
from flows.rules.orders.check import ACCEPT
from flows.scenario.amounts import units
from flows.scenario.compare import must_agree, must_be
from flows.scenario.errors import ScenarioError
from flows.scenario.pools import Event, PoolInPlay
from flows.scenario.view import COLUMNS, NONE, cell
from flows.scenario.vocabulary import Chapter, Table, unknown
from flows.scenario.world import World

CHAPTER: Final = Chapter(
    "Expectations on events",
    "All of them look at what has happened since the last When. A table is complete: as many rows as there were"
    " events, in their order. An empty cell agrees with anything.",
)

ALL: Final[Mapping[str, str]] = {name: meaning for name, (meaning, _) in COLUMNS.items()}


RENAMED: Final[Mapping[str, tuple[str, str]]] = {
    "bankrupt": ("other", "whose loss it is"),
    "bonus": ("fee", "bonus, as a rate"),
    "charge": ("amount", "what it pays"),
    "cure": ("amount", "deposit that clears the call"),
    "haircut": ("fee", "gain given up"),
    "limit": ("price", "worst price of the order"),
    "penalty": ("fee", "penalty taken; on an order its rate"),
    "proceeds": ("amount", "signed quote of the account's side"),
    "share": ("fee", "equity that goes with the lots; with the last ones all that is left goes"),
    "stage": ("level", "level that the order belongs to"),
}
"""Columns of single tables: which of all columns they are, under a name that fits there."""


def some(*names: str) -> dict[str, str]:
    """Columns of a table, with what they hold."""
    return {name: RENAMED[name][1] if name in RENAMED else ALL[name] for name in names}


def must_show(about: str, pool: PoolInPlay, found: list[Event], table: Table) -> None:
    """The events' cells must be the table's."""
    columns = table.columns
    at = [RENAMED[column][0] if column in RENAMED else column for column in columns]
    shown = [[cell(pool, each, column) for column in at] for each in found]
    expected = [[row[column] for column in columns] for row in table.rows]
    must_agree(about, columns, expected, shown)


def recent(pool: PoolInPlay, *kinds: int, account: str | None = None) -> list[Event]:
    """Events of some types since the last When, of one account or all."""
    row = pool.account(account) if account else None
    return [
        each for each in pool.recent() if each[ev.TYPE] in kinds and (row is None or each[ev.ACCOUNT] == row)
    ]


def must_happen(world: World, account: str, kind: int, about: str, table: Table) -> None:
    """An account's events of one type since the last When must be the table's."""
    pool = world.pool_of(account)
    must_show(f"{about} {account}", pool, recent(pool, kind, account=account), table)


# --- tables -----------------------------------------------------------------------------------------------------------
@CHAPTER.expectation("these events follow[ in pool {pool}]", "these events follow", ALL)
def events_follow(world: World, pool: str | None, table: Table) -> None:
    """All events of the types that the table names; a row without a type is refused."""
    of = world.pool(pool)
    if "event" not in table.columns:
        raise ScenarioError("this table needs a column event.")
    kinds = [type_of(row["event"]) for row in table.rows]
    must_show("events since the last When", of, recent(of, *kinds), table)


def type_of(name: str) -> int:
    """A type of event by name."""
    if name not in ev.TYPE_NAMES:
        raise unknown("type of event", name, ev.TYPE_NAMES)
    return ev.TYPE_NAMES.index(name)


@CHAPTER.expectation(
    "no {event} event follows[ for {account}]", "no liquidation-order event follows for alice"
)
def none_follows(world: World, event: str, account: str | None) -> None:
    """Nothing of that type has happened, to one account or at all."""
    kind = type_of(event)
    pools = [world.pool_of(account)] if account else world.present()
    found = [each for pool in pools for each in recent(pool, kind, account=account)]
    must_be("since the last When", f"{event} events", NONE, NONE if not found else str(len(found)))


@CHAPTER.expectation("{account} has had {count} {event} event[s]", "alice has had 1 margin-call event")
def has_had(world: World, account: str, count: str, event: str) -> None:
    """How many there were since the scenario began."""
    pool = world.pool_of(account)
    row, kind = pool.account(account), type_of(event)
    found = sum(each[ev.TYPE] == kind and each[ev.ACCOUNT] == row for each in pool.events)
    must_be(account, f"{event} events", str(units(count, 1, "events")), str(found))


@CHAPTER.expectation(
    "{account} is called",
    "alice is called",
    some("time", "level", "deadline", "equity", "maintenance margin", "cure"),
)
def called(world: World, account: str, table: Table) -> None:
    """Margin calls (R-G2): what cures, and until when."""
    must_happen(world, account, ev.MARGIN_CALL, "margin calls of", table)


@CHAPTER.expectation(
    "{account} is liquidated",
    "alice is liquidated",
    some("time", "market", "side", "quantity", "price", "other", "why", "penalty"),
)
def liquidated(world: World, account: str, table: Table) -> None:
    """Fills of its liquidation orders, with the penalty taken (R-H5)."""
    must_happen(world, account, ev.LIQUIDATION_FILL, "liquidation fills of", table)


@CHAPTER.expectation(
    "{account} is to be liquidated",
    "alice is to be liquidated",
    some("time", "market", "side", "quantity", "restore", "why", "stage", "limit", "penalty"),
)
def ordered(world: World, account: str, table: Table) -> None:
    """Orders that execution gets (R-H1 to R-H4): their limit is the worst price that keeps health (R-H2)."""
    must_happen(world, account, ev.LIQUIDATION_ORDER, "liquidation orders of", table)


@CHAPTER.expectation(
    "{account} is offered to liquidators",
    "alice is offered to liquidators",
    some("time", "market", "side", "quantity", "restore", "deadline", "bonus"),
)
def offered(world: World, account: str, table: Table) -> None:
    """Offers that open (R-I1), with the bonus at opening (R-I2)."""
    must_happen(world, account, ev.OFFER_OPENED, "offers of", table)


@CHAPTER.expectation(
    "the bids are answered",
    "the bids are answered",
    some("time", "account", "quantity", "answer", "bonus"),
)
def bids_answered(world: World, table: Table) -> None:
    """Answers to bids (R-I3): VALID, or the code of the first reason against it; and the bonus at that moment."""
    pool = world.pool()
    must_show("answers to bids", pool, recent(pool, ev.BID_DECISION), table)


@CHAPTER.expectation(
    "the vault takes over from {account}",
    "the vault takes over from alice",
    some("market", "side", "quantity", "reason", "proceeds", "share"),
)
def taken_over(world: World, account: str, table: Table) -> None:
    """Lots that the vault takes (R-J2), and the equity that goes with them."""
    must_happen(world, account, ev.TAKEOVER, "takeovers from", table)


@CHAPTER.expectation(
    "winners are deleveraged",
    "winners are deleveraged",
    some("account", "market", "side", "quantity", "amount", "other", "haircut", "bankrupt"),
)
def deleveraged(world: World, table: Table) -> None:
    """Winners closed against the bankrupt (R-L2, R-L3); a purchase of theirs has an amount above 0."""
    pool = world.pool()
    found = recent(pool, ev.ADL)
    must_show("deleveraging", pool, found, table)


@CHAPTER.expectation("the loss is socialized", "the loss is socialized", some("account", "other", "charge"))
def socialized(world: World, table: Table) -> None:
    """What each account is charged of a loss that neither fund nor winners bear (R-M1)."""
    pool = world.pool()
    must_show("charges", pool, recent(pool, ev.LOSS_CHARGE), table)


# --- answers ----------------------------------------------------------------------------------------------------------
def last_answer(world: World, kind: int, what: str) -> tuple[PoolInPlay, Event]:
    """The last decision of a type since the last When."""
    for pool in world.present():
        if found := recent(pool, kind):
            return pool, found[-1]
    raise ScenarioError(f"no {what} has been answered since the last When.")


def must_answer(pool: PoolInPlay, event: Event, what: str, code: str, largest: str | None) -> None:
    """An answer's code and, if named, the largest size that would pass."""
    names, expected, found = ["answer"], [code], [cell(pool, event, "answer")]
    if largest is not None:
        names.append("at most")
        expected.append(largest)
        found.append(cell(pool, event, "largest"))
    must_agree(what, names, [expected], [found])


@CHAPTER.expectation("the order is accepted", "the order is accepted")
def order_accepted(world: World) -> None:
    """The answer to the last order check."""
    pool, event = last_answer(world, ev.ORDER_DECISION, "order check")
    must_answer(pool, event, "order check", ORDER_CODES[ACCEPT], None)


@CHAPTER.expectation(
    "the order is refused: {code}[, at most {amount}]",
    "the order is refused: INSUFFICIENT_MARGIN, at most 0.5",
)
def order_refused(world: World, code: str, amount: str | None) -> None:
    """The first reason against it, and the largest quantity that would pass (R-F2)."""
    pool, event = last_answer(world, ev.ORDER_DECISION, "order check")
    must_answer(pool, event, "order check", known(code, ORDER_CODES), amount)


@CHAPTER.expectation("the (withdrawal|transfer) is accepted", "the withdrawal is accepted")
def payout_accepted(world: World) -> None:
    """The answer to the last withdrawal or transfer."""
    pool, event = last_answer(world, ev.COLLATERAL_DECISION, "withdrawal or transfer")
    must_answer(pool, event, "request", ORDER_CODES[ACCEPT], None)


@CHAPTER.expectation(
    "the (withdrawal|transfer) is refused: {code}[, at most {amount}]",
    "the withdrawal is refused: GATE_CLOSED, at most 0",
)
def payout_refused(world: World, code: str, amount: str | None) -> None:
    """The first reason against it, and the largest amount that would pass (R-F3, R-F4)."""
    pool, event = last_answer(world, ev.COLLATERAL_DECISION, "withdrawal or transfer")
    must_answer(pool, event, "request", known(code, ORDER_CODES), amount)


@CHAPTER.expectation(
    "the bid is accepted[ at a bonus of {rate}]", "the bid is accepted at a bonus of 1.1263 %"
)
def bid_accepted(world: World, rate: str | None) -> None:
    """The answer to the last bid, and its bonus."""
    must_answer_bid(world, BID_CODES[VALID], rate)


@CHAPTER.expectation(
    "the bid is refused: {code}[, the bonus being {rate}]",
    "the bid is refused: BONUS_BELOW_MIN, the bonus being 1.1263 %",
)
def bid_refused(world: World, code: str, rate: str | None) -> None:
    """The first reason against it (R-I3), and the bonus at that moment."""
    must_answer_bid(world, known(code, BID_CODES), rate)


def must_answer_bid(world: World, code: str, bonus: str | None) -> None:
    """A bid's code and, if named, the bonus."""
    pool, event = last_answer(world, ev.BID_DECISION, "bid")
    names, expected, found = ["answer"], [code], [cell(pool, event, "answer")]
    if bonus is not None:
        names.append("bonus")
        expected.append(bonus)
        found.append(cell(pool, event, "fee"))
    must_agree("bid", names, [expected], [found])


def known(code: str, codes: Mapping[int, str]) -> str:
    """A code that exists."""
    if code not in codes.values():
        raise unknown("code", code, list(codes.values()))
    return code
