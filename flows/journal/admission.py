"""Admission: what a pool's journal takes up, with accounts numbered as they are opened; the rest are dead letters.

    clocks, states, items -> in_order -> admit -> entries, their texts, dead letters

What admission remembers follows from the entries it admitted and from nothing else: `replay` of a journal rebuilds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

import numpy as np

from flows.journal import entries as en
from flows.journal.commands import CommandDoor, Taken
from flows.journal.dead_letters import DeadLetter
from flows.journal.entries import Rows
from flows.journal.items import Items, none
from flows.journal.numbers import KNOWN, OUTSIDE, Numbers
from flows.journal.screen import jumped, note_all, repeated, rising
from flows.journal.wire import Ints
from flows.registry.canonical import canonical_json
from flows.registry.parameters import PoolParameters
from flows.registry.text import show
from schemas.dead_letter import Reason
from schemas.explain import Refusal

VAULT: Final = "vault"
"""The account that genesis opens: row 0."""

UNKNOWN: Final = -1


class Merged(NamedTuple):
    """What may enter a journal, in its order."""

    rows: Rows
    item: Ints  # the row's place in items, or -1: made by the system, it is admitted as it is
    items: Items
    places: Ints  # of the rows, within the slice
    dead: list[tuple[int, DeadLetter]]  # refused before, by place


@dataclass(slots=True)
class Admitted:
    """What became of it."""

    rows: Rows
    texts: dict[int, str]  # by place in rows
    dead: list[DeadLetter]


def genesis(pool: PoolParameters, time_ns: int) -> tuple[Rows, str]:
    """Entry 0: the pool's parameters, and its vault's account."""
    row = en.empty(1)
    row[0, [en.KIND, en.TIME_NS, en.TOPIC, en.SOURCE]] = en.GENESIS, time_ns, en.TOPIC_POOL, UNKNOWN
    return row, canonical_json(pool).decode("ascii")


def in_order(
    clocks: Rows,
    clock_places: Ints,
    states: Rows,
    state_places: Ints,
    items: Items | None = None,
    dead: list[tuple[int, DeadLetter]] | None = None,
) -> Merged:
    """All by place; a clock comes before the states that follow from it."""
    items = none() if items is None else items
    places = np.concatenate([clock_places, items.places, state_places])
    order = np.argsort(places, kind="stable")
    item = np.full(len(places), UNKNOWN, np.int64)
    item[len(clocks) : len(clocks) + len(items.rows)] = np.arange(len(items.rows))
    rows = np.concatenate([clocks, items.rows, states])
    return Merged(rows[order], item[order], items, places[order], dead or [])


class Admission:
    """One pool's door: names to rows, numbers that are known, what is held, which markets are open."""

    def __init__(self, pool: PoolParameters) -> None:
        """Before the first entry; genesis opens the vault."""
        self.pool = pool
        self.names: list[str] = [VAULT]  # by account row
        self.rows: dict[str, int] = {VAULT: 0}
        self.owners: dict[str, int] = {VAULT: 0}  # the first account that each owner opened
        self.owner_of: list[int] = [0]  # by account row
        self.owner_names: list[str] = [VAULT]  # by account row
        self.open_markets = np.zeros(len(pool.markets), np.bool_)
        self.deposited: list[int] = [0] * len(pool.assets)  # R-A2: no withdrawal makes room for more
        self.deposited[0] = pool.vault_opening_quanta + pool.fund_opening_quanta
        self.deposited[0] += sum(each.fund_opening_quanta for each in pool.markets)
        self.numbers = Numbers((en.TOPIC_COMMANDS - en.TOPIC_COLLATERAL + 1) * len(pool.producers))
        self.commands = CommandDoor(pool)

    def admit(self, merged: Merged) -> Admitted:
        """Take up what may enter, in its order."""
        at = np.flatnonzero(merged.item >= 0)
        batch = _Batch(self, merged, at)
        refused = [place for place in range(len(at)) if not batch.admit(place)]
        batch.note_numbers()
        # A market that opens in this batch is open to what follows it, and from then on.
        self.open_markets |= batch.opens_at < len(merged.rows)
        self.commands.pass_time(merged.rows)
        return batch.outcome(refused)

    def replay(self, rows: Rows, texts: Mapping[int, str]) -> None:
        """Take up entries of this pool's journal again, in their order; ``texts`` by place in ``rows``."""
        kind = rows[:, en.KIND]
        self.commands.replay(rows, texts)
        for place in sorted(texts):
            row = rows[place].tolist()
            if row[en.KIND] in {en.DEPOSIT, en.TRANSFER} and row[en.Deposit.OPENS]:
                name, _, owner = texts[place].partition(" ")
                self._open(name, owner or name.partition(":")[0])
        deposits = rows[kind == en.DEPOSIT]
        for asset in range(len(self.deposited)):
            units = deposits[deposits[:, en.Deposit.ASSET] == asset, en.Deposit.AMOUNT_UNITS]
            self.deposited[asset] += int(units.sum())
        self.open_markets |= _opened(rows, len(self.open_markets)) < len(rows)
        sent = rows[rows[:, en.SOURCE] >= 0]
        window = self.window(sent)
        note_all(window, np.ascontiguousarray(sent[:, en.NUMBER]), self.numbers.highest, self.numbers.bits)

    def window(self, rows: Rows) -> Ints:
        """Row of each record's producer and topic in `numbers`."""
        return (rows[:, en.TOPIC] - en.TOPIC_COLLATERAL) * len(self.pool.producers) + rows[:, en.SOURCE]

    def _open(self, name: str, owner: str) -> tuple[int, int]:
        """Number an account; its row and its owner's."""
        row = len(self.names)
        self.names.append(name)
        self.rows[name] = row
        owner_row = self.owners.setdefault(owner, row)
        self.owner_of.append(owner_row)
        self.owner_names.append(owner)
        return row, owner_row


def _opened(rows: Rows, markets: int) -> Ints:
    """By market: place of its first state with a price, or the number of rows."""
    first = np.full(markets, len(rows), np.int64)
    states = np.flatnonzero((rows[:, en.KIND] == en.MARKET_STATE) & (rows[:, en.MarketState.MARK_TICKS] > 0))
    np.minimum.at(first, rows[states, en.MarketState.MARKET], states)
    return first


_NEEDED: Final = (en.KIND, en.TOPIC, en.SOURCE, en.NUMBER, *range(en.PAYLOAD, en.PAYLOAD + 7))
"""Columns of an item that are read one by one."""
_KIND, _TOPIC, _SOURCE, _NUMBER, _PAYLOAD = 0, 1, 2, 3, 4


@dataclass(slots=True)
class _Batch:
    """One call of `Admission.admit`: its items' columns as lists, and what is written back at the end."""

    to: Admission
    merged: Merged
    at: Ints  # places of the items among the rows
    item: list[int] = field(init=False)
    place: list[int] = field(init=False)
    columns: list[list[int]] = field(init=False)
    opens_at: Ints = field(init=False)
    window: Ints = field(init=False)
    is_rising: list[bool] = field(init=False)
    noted: int = 0  # items whose numbers are in the window
    admitted: list[int] = field(default_factory=list)
    writes: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)  # by column: places, values
    texts: dict[int, str] = field(default_factory=dict)  # by place among the rows
    dead: list[tuple[int, DeadLetter]] = field(default_factory=list)

    def __post_init__(self) -> None:
        merged, to = self.merged, self.to
        items = merged.items
        self.opens_at = np.where(to.open_markets, UNKNOWN, _opened(merged.rows, len(to.open_markets)))
        self.item, self.place = merged.item[self.at].tolist(), self.at.tolist()
        self.columns = items.rows[:, _NEEDED].tolist()
        self.window = to.window(items.rows)
        number = np.ascontiguousarray(items.rows[:, en.NUMBER])
        self.is_rising = rising(self.window, number, to.numbers.highest).tolist()

    # --- one item ---
    def admit(self, turn: int) -> bool:
        """Judge one item in its turn; whether it enters."""
        item = self.item[turn]
        why: Refusal | None = None
        if not self.is_rising[item]:
            why = self._repeats(item)
        if why is None and (letter := self.merged.items.letters.get(item)) is not None:
            self.dead.append((self._slice_place(turn), letter))
            return False
        if why is None:
            why = _JUDGES[self.columns[item][_KIND]](self, item, self.place[turn])
        if why is not None:
            self.dead.append((self._slice_place(turn), self.merged.items.letter(item, why)))
            return False
        self.admitted.append(item)
        return True

    def _slice_place(self, turn: int) -> int:
        return int(self.merged.places[self.place[turn]])

    def _repeats(self, item: int) -> Refusal | None:
        """A number that does not rise: known if a record with it was admitted, in this batch or before."""
        self.note_numbers()
        numbers, window = self.to.numbers, int(self.window[item])
        number = self.columns[item][_NUMBER]
        verdict = numbers.judge(window, number)
        source = self.to.pool.producers[self.columns[item][_SOURCE]]
        if verdict == KNOWN:
            return repeated(source, number)
        # Far ahead is the source's to judge: one pool sees only a part of a producer's numbers.
        if verdict == OUTSIDE and number < int(numbers.highest[window]):
            return jumped(source, number)
        return None

    def note_numbers(self) -> None:
        """Make known what was admitted since the last time."""
        rows = np.array(self.admitted[self.noted :], np.int64)
        self.noted = len(self.admitted)
        if len(rows):
            numbers = self.to.numbers
            sent = np.ascontiguousarray(self.merged.items.rows[rows, en.NUMBER])
            note_all(self.window[rows], sent, numbers.highest, numbers.bits)

    def _write(self, column: int, place: int, value: int) -> None:
        places, values = self.writes.setdefault(column, ([], []))
        places.append(place)
        values.append(value)

    # --- kinds ---
    def deposit(self, item: int, place: int) -> Refusal | None:
        """A fact; the first one opens the account."""
        to, items, columns = self.to, self.merged.items, self.columns[item]
        name, owner = items.first[item], items.second[item]
        row = to.rows.get(name, UNKNOWN)
        if row < 0 and ":" in name:
            return Refusal(
                Reason.UNKNOWN_ACCOUNT, "account", f"{name} is opened by a transfer; it is not open"
            )
        if row >= 0 and owner and owner != to.owner_names[row]:
            return Refusal(Reason.BAD_VALUE, "owner", f"{name} is {to.owner_names[row]}'s, not {owner}'s")
        asset, amount = columns[_PAYLOAD + 1], columns[_PAYLOAD + 2]
        most = to.pool.assets[asset].max_units
        if to.deposited[asset] + amount > most:
            return self._too_much(asset, most)
        to.deposited[asset] += amount
        if row < 0:
            row, owner_row = to._open(name, owner or name)  # noqa: SLF001 - a batch is a part of its admission
            self.texts[place] = f"{name} {owner}" if owner and owner != name else name
            self._write(en.Deposit.OPENS, place, 1)
        else:
            owner_row = to.owner_of[row]
        self._write(en.Deposit.ACCOUNT, place, row)
        self._write(en.Deposit.OWNER, place, owner_row)
        return None

    def _too_much(self, asset: int, most: int) -> Refusal:
        of = self.to.pool.assets[asset]
        held = show(self.to.deposited[asset], of.unit_scale)
        detail = f"the pool has taken {held} {of.id} in all; {show(most, of.unit_scale)} is the most"
        return Refusal(Reason.POOL_BOUND, "amount", detail)

    def withdrawal(self, item: int, place: int) -> Refusal | None:
        """A request of an account that exists; clearing answers it."""
        row = self.to.rows.get(self.merged.items.first[item], UNKNOWN)
        if row < 0:
            return self._unknown(item, "account")
        self._write(en.Deposit.ACCOUNT, place, row)
        self._write(en.Deposit.OWNER, place, self.to.owner_of[row])
        return None

    def transfer(self, item: int, place: int) -> Refusal | None:
        """A request; the account it names exists from then on, whatever the answer."""
        to, target = self.to, self.merged.items.second[item]
        row = to.rows.get(self.merged.items.first[item], UNKNOWN)
        if row < 0:
            return self._unknown(item, "account")
        to_row = to.rows.get(target, UNKNOWN)
        if to_row < 0:
            to_row, _ = to._open(target, to.owner_names[row])  # noqa: SLF001 - a batch is a part of its admission
            named = to.owner_names[row]
            self.texts[place] = target if named == target.partition(":")[0] else f"{target} {named}"
            self._write(en.Transfer.OPENS, place, 1)
        self._write(en.Transfer.ACCOUNT, place, row)
        self._write(en.Transfer.OWNER, place, to.owner_of[row])
        self._write(en.Transfer.TO_ACCOUNT, place, to_row)
        return None

    def fill(self, item: int, place: int) -> Refusal | None:
        """A fact with two sides, in a market that has a price."""
        rows, items = self.to.rows, self.merged.items
        buyer, seller = rows.get(items.first[item], UNKNOWN), rows.get(items.second[item], UNKNOWN)
        if buyer < 0:
            return self._unknown(item, "buyer")
        if seller < 0:
            return Refusal(Reason.UNKNOWN_ACCOUNT, "seller", f"nobody opened {items.second[item]}")
        market = self.columns[item][_PAYLOAD]
        if self.opens_at[market] > place:
            detail = f"{self.to.pool.markets[market].id} has no market state yet"
            return Refusal(Reason.MARKET_NOT_OPEN, "market", detail)
        self._write(en.Fill.BUYER, place, buyer)
        self._write(en.Fill.SELLER, place, seller)
        return None

    def order_check(self, item: int, place: int) -> Refusal | None:
        """A request; clearing refuses an unknown account by its code."""
        self._write(en.OrderCheck.ACCOUNT, place, self._asker(item, place))
        return None

    def bid(self, item: int, place: int) -> Refusal | None:
        """A request; clearing refuses one on an offer that is not open, whatever its size."""
        self._write(en.Bid.ACCOUNT, place, self._asker(item, place))
        return None

    def command(self, item: int, place: int) -> Refusal | None:
        """An order of people: whether it is signed and in time is the door's to say."""
        found = self.to.commands.judge(self.merged.items.lines[item], self.merged.rows[:place])
        if isinstance(found, Taken):
            self.texts[place] = found.text
            for column, value in found.columns.items():
                self._write(column, place, value)
            return None
        return found

    def _asker(self, item: int, place: int) -> int:
        """Row of who asks; an unknown one is named in the entry's text."""
        name = self.merged.items.first[item]
        row = self.to.rows.get(name, UNKNOWN)
        if row < 0:
            self.texts[place] = name
        return row

    def _unknown(self, item: int, field_: str) -> Refusal:
        return Refusal(Reason.UNKNOWN_ACCOUNT, field_, f"nobody opened {self.merged.items.first[item]}")

    # --- the end ---
    def outcome(self, refused: list[int]) -> Admitted:
        """The entries without the refused items, and all dead letters in the order of their places."""
        rows = self.merged.rows
        for column, (places, values) in self.writes.items():
            rows[places, column] = values
        dead = sorted([*self.merged.dead, *self.dead], key=itemgetter(0))
        letters = [letter for _, letter in dead]
        if not refused:
            return Admitted(rows, self.texts, letters)
        keep = np.ones(len(rows), np.bool_)
        keep[self.at[refused]] = False
        place = (np.cumsum(keep) - 1).tolist()
        return Admitted(rows[keep], {place[former]: text for former, text in self.texts.items()}, letters)


_JUDGES: Final = {
    en.DEPOSIT: _Batch.deposit,
    en.WITHDRAWAL: _Batch.withdrawal,
    en.TRANSFER: _Batch.transfer,
    en.FILL: _Batch.fill,
    en.ORDER_CHECK: _Batch.order_check,
    en.BID: _Batch.bid,
    en.COMMAND: _Batch.command,
}
