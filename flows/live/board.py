"""What the terminal view shows, folded from messages: no clock, no wire, no widget.

    events, market-state, typed topics -> Board        metrics pages -> Board.flows

Events are folded as columns; a start reads them from the first one, so that what it shows is what is.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.codes import BREAKERS, LEVELS, STATUSES
from flows.registry.load import Venue
from flows.registry.parameters import PoolParameters
from flows.rules.scale.time import SECOND_NS

VAULT: Final = 0
"""Account row of the backstop vault."""

OK: Final = next(level for level, name in LEVELS.items() if name == "ok")

LOG_LINES: Final = 500
"""Lines of the log that are kept."""

RATE_S: Final = 5.0
"""Seconds over which a rate is taken."""

Id = tuple[int, int]
"""An event: journal offset and index."""


@dataclass(slots=True)
class Wanted:
    """An order or an offer that is open."""

    market: int
    lots: int  # that are left, without sign
    deadline_ns: int


@dataclass(slots=True)
class MarketBoard:
    """One market, as its last state says."""

    id: str
    mark_ticks: int = 0
    first_ticks: int = 0
    status: int = -1  # -1: no state yet
    breakers: int = 0

    @property
    def words(self) -> str:
        """Status of the index, and the breakers that hold."""
        if self.status < 0:
            return "no price yet"
        held = [name for bit, name in BREAKERS.items() if self.breakers & bit]
        return ", ".join([STATUSES[self.status], *held])


class PoolBoard:
    """One pool."""

    def __init__(self, of: PoolParameters) -> None:
        """Nothing has happened."""
        self.of = of
        self.entries = 0  # whose events are known
        self.time_ns = 0
        self.accounts = 0
        self.levels = np.zeros(len(LEVELS), np.int64)
        self.counts = np.zeros(len(ev.TYPE_NAMES), np.int64)
        self.orders: dict[Id, Wanted] = {}
        self.offers: dict[Id, Wanted] = {}
        self.fund_quanta = [0] * (len(of.markets) + 1)  # compartments, then the general part
        self.deficit_quanta = 0  # found in all
        self.vault_lots = [0] * len(of.markets)
        self.gate_closed = False
        self.markets = [MarketBoard(market.id) for market in of.markets]

    # --- what comes in ------------------------------------------------------------------------------------------------
    def add_events(self, end_offset: int, rows: en.Rows) -> None:
        """Events of whole entries up to one. What was known before it is a repeat."""
        if end_offset <= self.entries:
            return
        rows = rows[rows[:, ev.OFFSET] >= self.entries]
        self.entries = end_offset
        if len(rows) == 0:
            return
        kinds = rows[:, ev.TYPE].copy()
        self.time_ns = max(self.time_ns, int(rows[-1, ev.TIME_NS]))
        self.counts += np.bincount(kinds, minlength=len(ev.TYPE_NAMES))
        opened = rows[kinds == ev.ACCOUNT_OPENED]
        self.accounts += int(np.count_nonzero(opened[:, ev.ACCOUNT] != VAULT))
        moved = rows[kinds == ev.LEVEL]
        self.levels += np.bincount(moved[:, ev.CODE], minlength=len(LEVELS))
        self.levels -= np.bincount(moved[:, ev.FORMER_CODE], minlength=len(LEVELS))
        self.deficit_quanta += int(rows[kinds == ev.BANKRUPT, ev.QUANTA].sum())
        self._fund(rows[kinds == ev.FUND])
        self._vault(rows[(kinds == ev.POSITION) & (rows[:, ev.ACCOUNT] == VAULT)])
        for row in rows[np.isin(kinds, _RARE)].tolist():
            self._one(row)

    def add_states(self, rows: en.Rows) -> None:
        """Market states; the last of each market counts."""
        states = rows[rows[:, en.KIND] == en.MARKET_STATE]
        for row in states[:, _STATE].tolist():
            market = self.markets[row[0]]
            market.status, market.breakers, mark = row[1:]
            market.mark_ticks = mark or market.mark_ticks
            market.first_ticks = market.first_ticks or mark
        if len(states):
            self.time_ns = max(self.time_ns, int(states[-1, en.TIME_NS]))

    # --- what is shown ------------------------------------------------------------------------------------------------
    @property
    def standing(self) -> dict[str, int]:
        """Accounts at each level; whoever was never moved is well."""
        levels = self.levels.tolist()
        levels[OK] += self.accounts
        return {LEVELS[level]: count for level, count in enumerate(levels)}

    @property
    def fund_now_quanta(self) -> int:
        """All parts of the insurance fund."""
        return sum(self.fund_quanta)

    def open_of(self, which: Mapping[Id, Wanted]) -> int:
        """How many orders or offers are open by the pool's time."""
        return sum(each.deadline_ns >= self.time_ns for each in which.values())

    def worth_quanta(self, which: Mapping[Id, Wanted]) -> int:
        """What is left of open orders or offers, at the marks."""
        return sum(
            self._notional(each.market, each.lots)
            for each in which.values()
            if each.deadline_ns >= self.time_ns
        )

    @property
    def vault_quanta(self) -> int:
        """The vault's positions at the marks, long and short alike."""
        return sum(self._notional(market, abs(lots)) for market, lots in enumerate(self.vault_lots))

    def count(self, kind: int) -> int:
        """Events of a type."""
        return int(self.counts[kind])

    # --- inside -------------------------------------------------------------------------------------------------------
    def _notional(self, market: int, lots: int) -> int:
        return lots * self.markets[market].mark_ticks * self.of.markets[market].lot_tick_quanta

    def _fund(self, rows: en.Rows) -> None:
        for market in np.unique(rows[:, ev.MARKET]).tolist():  # -1, the general part, is the last
            self.fund_quanta[market] = int(rows[rows[:, ev.MARKET] == market][-1, ev.BALANCE_QUANTA])

    def _vault(self, rows: en.Rows) -> None:
        for market in np.unique(rows[:, ev.MARKET]).tolist():
            self.vault_lots[market] = int(rows[rows[:, ev.MARKET] == market][-1, ev.POSITION_LOTS])

    def _one(self, row: list[int]) -> None:
        kind, lots = row[ev.TYPE], abs(row[ev.LOTS])
        if kind in _OPENS:
            which = self.offers if kind == ev.OFFER_OPENED else self.orders
            which[row[ev.OFFSET], row[ev.INDEX]] = Wanted(row[ev.MARKET], lots, row[ev.DEADLINE_NS])
            _forget(which, self.time_ns)
        elif kind == ev.GATE:
            self.gate_closed = row[ev.CODE] == 1
        else:
            which = self.offers if kind in (ev.OFFER_FILL, ev.OFFER_WITHDRAWN) else self.orders
            answered = row[ev.REFERENCE_OFFSET], row[ev.REFERENCE_INDEX]
            if (wanted := which.get(answered)) is not None:
                wanted.lots -= lots
                if wanted.lots <= 0 or kind in (ev.LIQUIDATION_LAPSED, ev.OFFER_WITHDRAWN):
                    del which[answered]


_OPENS: Final = (ev.LIQUIDATION_ORDER, ev.VAULT_ORDER, ev.OFFER_OPENED)
_RARE: Final = np.array(
    [
        *_OPENS,
        ev.LIQUIDATION_FILL,
        ev.LIQUIDATION_LAPSED,
        ev.OFFER_FILL,
        ev.OFFER_WITHDRAWN,
        ev.GATE,
    ]
)
_STATE: Final = [
    en.MarketState.MARKET,
    en.MarketState.STATUS,
    en.MarketState.BREAKERS,
    en.MarketState.MARK_TICKS,
]
_KEPT: Final = 4_096
"""Orders or offers beyond which those whose time is over are forgotten."""


def _forget(which: dict[Id, Wanted], time_ns: int) -> None:
    if len(which) > _KEPT:
        for id_ in [id_ for id_, each in which.items() if each.deadline_ns < time_ns]:
            del which[id_]


# ---- flows -----------------------------------------------------------------------------------------------------------
_SAMPLE: Final = re.compile(
    r"^marginline_(\w+)\{([^}]*)\} ([0-9.e+-]+)$|^(process_\w+) ([0-9.e+-]+)$", re.MULTILINE
)
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(slots=True)
class FlowBoard:
    """One flow, as its page of metrics says."""

    name: str
    answers: bool = False
    ready: bool = False
    lag: dict[str, int] = field(default_factory=dict)  # records that wait, by topic
    records: int = 0  # read since it started
    entries: int = 0  # journal entries since it started
    memory_bytes: int = 0
    silent_s: float = 0.0  # since its quietest part gave its last beat
    rate: float = 0.0  # records a second
    _before: deque[tuple[float, int]] = field(default_factory=deque)

    def take_page(self, page: str, now_s: float) -> None:
        """A page of metrics as Prometheus reads it, got at a time since 1970."""
        self.answers, self.lag, self.records, self.entries = True, {}, 0, 0
        beat_s = 0.0
        for name, labels, value, process, process_value in _SAMPLE.findall(page):
            if process == "process_resident_memory_bytes":
                self.memory_bytes = int(float(process_value))
                continue
            label, figure = dict(_LABEL.findall(labels)), int(float(value)) if name else 0
            if name == "input_lag_records":
                self.lag[label["topic"]] = self.lag.get(label["topic"], 0) + figure
            elif name == "input_records_total":
                self.records += figure
            elif name == "journal_entries_total":
                self.entries += figure
            elif name == "flow_ready_bool":
                self.ready = figure == 1
            elif name == "flow_beat_timestamp_seconds":
                beat_s = float(value)
        self.silent_s = max(0.0, now_s - beat_s) if beat_s else 0.0
        self._before.append((now_s, self.records))
        while len(self._before) > 2 and now_s - self._before[1][0] >= RATE_S:
            self._before.popleft()
        then_s, then = self._before[0]
        self.rate = max(0, self.records - then) / (now_s - then_s) if now_s > then_s else 0.0

    def no_page(self) -> None:
        """Nobody answers at its page."""
        self.answers = self.ready = False
        self._before.clear()

    @property
    def waiting(self) -> int:
        """Records that wait, of all topics."""
        return sum(self.lag.values())


# ---- the whole -------------------------------------------------------------------------------------------------------
class Board:
    """A venue and its flows."""

    def __init__(self, venue: Venue, flows: tuple[str, ...]) -> None:
        """Nothing has happened."""
        self.pools = {pool.id: PoolBoard(pool) for pool in venue.pools}
        self.flows = {flow: FlowBoard(flow) for flow in flows}
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self.logged = 0  # lines in all

    @property
    def time_ns(self) -> int:
        """The venue's time."""
        return max(pool.time_ns for pool in self.pools.values())

    def add_message(self, topic: str, said: Mapping[str, Any]) -> None:
        """A message of a typed topic, as a line of the log if it is worth one."""
        line = line_of(topic, said)
        if line:
            self.log.append(line)
            self.logged += 1


def line_of(topic: str, said: Mapping[str, Any]) -> str:
    """``07:03:12 majors  a-000017 partial: sell 0.412 BTC-PERP, worst 74,100.0`` or nothing."""
    words = _WORDS.get((topic, said.get("type", "")))
    if words is None:
        return ""
    what = " ".join(words.format_map(_Blank(said)).split())
    seconds = said["time_ns"] // SECOND_NS % 86_400
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    who = said.get("account", "")
    return f"{clock} {said['pool']:<8} {who} {what}".rstrip()


class _Blank(dict[str, Any]):
    """What is missing is nothing."""

    def __missing__(self, key: str) -> str:
        return ""


_WORDS: Final = {
    ("margin-calls", "margin-call"): "called: {cure} cures it",
    ("margin-calls", "call-cleared"): "call cleared",
    ("liquidations", "window-over"): "window over by {detail}",
    ("liquidations", "collateral-sold"): "sells {quantity} {asset} collateral for {amount}",
    (
        "liquidations",
        "liquidation-order",
    ): "{detail} liquidation: {side} {quantity} {market} at {price} or better",
    (
        "liquidations",
        "liquidation-fill",
    ): "liquidation fill: {side} {quantity} {market} at {price}, penalty {fee}",
    ("liquidations", "liquidation-lapsed"): "order lapsed: {quantity} {market} left",
    ("liquidations", "liquidation-stuck"): "stuck at {detail}: the next stage takes over",
    ("liquidations", "offer-opened"): "offered to liquidators: {quantity} {market}",
    ("liquidations", "offer-fill"): "taken by {counter_account}: {quantity} {market}, bonus {fee}",
    ("liquidations", "offer-withdrawn"): "offer withdrawn: {detail}",
    ("liquidations", "takeover"): "taken over by the vault: {quantity} {market}",
    ("liquidations", "vault-order"): "unwinds: {side} {quantity} {market} at {price} or better",
    ("liquidations", "bankrupt"): "bankrupt: deficit {amount}",
    ("adl", "adl"): "deleveraged: {quantity} {market} for {bankrupt}",
    ("adl", "adl-cash"): "gain cut by {haircut} for {bankrupt}",
    ("adl", "socialized-loss"): "loss of {bankrupt} shared: {amount}",
    ("adl", "insolvent"): "insolvent: {amount} of {bankrupt} that nobody can bear",
}
"""What is logged, by topic and type."""
