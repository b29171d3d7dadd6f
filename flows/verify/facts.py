"""What the database knows about one event: all that explaining it takes, fetched once, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from flows.connectors.clickhouse import Database, ask
from flows.registry.canonical import from_canonical
from flows.registry.parameters import PoolParameters
from flows.rules.breaker.command import states_in_force

Row = Mapping[str, Any]

EVIDENCE_TYPES = ("margin", "position-margin", "collateral-margin")

FOR_ANOTHER = ("adl", "adl-cash", "loss-charge")
"""Events whose cause is the other account: the bankrupt."""

OF_AN_ASSET = ("collateral", "collateral-decision", "collateral-margin", "collateral-sold")
"""Events whose `market` is the row of an asset."""


class NoSuchEvent(LookupError):  # noqa: N818 - its name is what it says
    """The database holds no event of this id."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An account as it stood when a decision was taken: the rows that the pool wrote down before it."""

    margin: Row
    positions: tuple[Row, ...]
    holdings: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """An event and what it rests on. ``basis`` is the event itself or, for an answer, the order or offer it answers."""

    pool: str
    parameters: PoolParameters
    event: Row
    entry: Row
    siblings: tuple[Row, ...]  # all events of its entry
    basis: Row
    evidence: Evidence | None
    changed_since: str  # type of the first event that changed the account after the evidence, if any
    marks: tuple[Row, ...] = ()  # market states in force at the basis
    assets: tuple[Row, ...] = ()  # asset states in force at the basis
    ladder: tuple[Row, ...] = ()  # the account's moves up to the basis
    names: Mapping[int, str] = field(default_factory=dict)
    fund_before: Row | None = None
    position_before: Row | None = None
    funding: tuple[Row, ...] = ()  # the market's funding instants so far

    def name(self, account: int) -> str:
        """Name of an account row."""
        return self.names.get(account, f"account {account}")


def gather(client: Database, pool: str, offset: int, index: int) -> Facts:
    """Fetch the facts about event ``pool:offset:index``, and nothing that it does not rest on."""
    siblings = ask(client, "entry_events", pool=pool, offset=offset)
    event = next((row for row in siblings if row["event_index"] == index), None)
    if event is None:
        raise NoSuchEvent(f"there is no event {pool}:{offset}:{index} in this database")
    entry = ask(client, "entry", pool=pool, offset=offset)[0]
    basis, evidence, changed = _evidence_for(client, event, siblings)
    at: dict[str, Any] = {"pool": pool, "offset": basis["journal_offset"]}
    in_force = ask(client, "parameters_in_force", **at)[0]
    before: dict[str, Any] = {"pool": pool, "offset": offset, "index": index, "market": event["market"]}
    kind, account = event["type"], basis["account"]

    def rows(wanted: object, question: str, **parameters: Any) -> tuple[Row, ...]:
        return tuple(ask(client, question, **parameters)) if wanted else ()

    markets = _markets(event, evidence)
    holds = kind == "collateral-sold" or (evidence is not None and evidence.holdings)
    return Facts(
        pool=pool,
        parameters=from_canonical(in_force["text"].encode()),
        event=event,
        entry=entry,
        siblings=tuple(siblings),
        basis=basis,
        evidence=evidence,
        changed_since=changed,
        marks=_with_halts(
            rows(markets, "market_states", markets=markets, **at),
            rows(markets, "manual_halts", markets=markets, index=basis["event_index"], **at),
        ),
        assets=rows(holds, "asset_states", **at),
        ladder=rows(kind == "level", "ladder", account=account, **at),
        names=_names(client, pool, [event["account"], event["counter_account"], account]),
        fund_before=_first(rows(kind == "fund", "fund_before", **before)),
        position_before=_first(
            rows(kind == "position", "position_before", account=event["account"], **before)
        ),
        funding=rows(kind == "funding", "funding_instants", pool=pool, offset=offset, market=event["market"]),
    )


def _evidence_for(client: Database, event: Row, siblings: Sequence[Row]) -> tuple[Row, Evidence | None, str]:
    """The evidence an event rests on: its own entry's, else that of the order or offer it answers."""
    accounts = (event["account"], event["counter_account"])
    for account in reversed(accounts) if event["type"] in FOR_ANOTHER else accounts:
        evidence = find_evidence(siblings, account, event["event_index"])
        if evidence is not None:
            basis = event if account == event["account"] else {**event, "account": account}
            return basis, evidence, changed_between(siblings, evidence, account, event["event_index"])
    if event["reference_offset"] >= 0:
        there = ask(client, "entry_events", pool=event["pool"], offset=event["reference_offset"])
        answered = next((row for row in there if row["event_index"] == event["reference_index"]), None)
        if answered is not None:
            account, index = answered["account"], answered["event_index"]
            evidence = find_evidence(there, account, index)
            changed = changed_between(there, evidence, account, index) if evidence else ""
            return answered, evidence, changed
    return event, None, ""


def find_evidence(events: Sequence[Row], account: int, index: int) -> Evidence | None:
    """The last evidence about an account up to an index of an entry's events."""
    if account < 0:
        return None
    own = [row for row in events if row["account"] == account and row["event_index"] <= index]
    margin = next((row for row in reversed(own) if row["type"] == "margin"), None)
    if margin is None:
        return None
    # The rows that belong to it follow it, up to the account's next evidence.
    after = [
        row for row in events if row["account"] == account and row["event_index"] > margin["event_index"]
    ]
    parts = [
        row
        for row in takewhile(lambda row: row["type"] != "margin", after)
        if row["type"] in EVIDENCE_TYPES[1:]
    ]
    return Evidence(
        margin,
        tuple(row for row in parts if row["type"] == "position-margin"),
        tuple(row for row in parts if row["type"] == "collateral-margin"),
    )


CHANGES = frozenset(
    {
        "collateral",
        "position",
        "interest",
        "collateral-sold",
        "liquidation-fill",
        "offer-fill",
        "takeover",
        "adl",
        "adl-cash",
        "loss-charge",
    }
)
"""Events after which an account is no longer what its evidence says."""


def changed_between(events: Sequence[Row], evidence: Evidence, account: int, index: int) -> str:
    """Type of the first event that changed the account between its evidence and ``index``, or nothing."""
    for row in events:
        between = evidence.margin["event_index"] < row["event_index"] < index
        if between and row["type"] in CHANGES and account in (row["account"], row["counter_account"]):
            return str(row["type"])
    return ""


def _with_halts(marks: tuple[Row, ...], halts: tuple[Row, ...]) -> tuple[Row, ...]:
    """Market states as they were in force: with the halts and releases that people ordered."""
    by_hand = {row["market"]: row for row in halts}
    found: list[Row] = []
    for row in marks:
        halt = by_hand.get(row["market"], {"halted": 0, "released_ns": 0})
        opened_ns = max(row["opened_ns"], halt["released_ns"])
        breakers = states_in_force(row["breakers"], halt["halted"])
        found.append({**row, "breakers": breakers, "opened_ns": opened_ns})
    return tuple(found)


def _markets(event: Row, evidence: Evidence | None) -> list[int]:
    """Markets whose prices matter: the event's own and those the account is in."""
    markets = {row["market"] for row in evidence.positions} if evidence else set()
    if event["market"] >= 0 and event["type"] not in OF_AN_ASSET:
        markets.add(event["market"])
    return sorted(markets)


def _names(client: Database, pool: str, accounts: Sequence[int]) -> dict[int, str]:
    known = ask(client, "account_names", pool=pool, accounts=sorted({row for row in accounts if row >= 0}))
    return {row["account"]: row["name"] for row in known}


def _first(rows: Sequence[Row]) -> Row | None:
    return rows[0] if rows else None
