"""Rows and integers as the wire writes them: names of accounts, markets and assets, decimals by their scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flows.journal import entries as en
from flows.journal.admission import VAULT
from flows.journal.entries import Rows
from flows.registry.parameters import PoolParameters

Decimal = Callable[[int], str]
"""Writes a count of some unit as a decimal."""


def decimal(scale: int) -> Decimal:
    """Writes ``value / scale`` exactly, always with as many decimals as the scale needs.

    Every scale of the registry divides a power of ten, so there is no remainder to own.
    """
    places = next(places for places in range(19) if 10**places % scale == 0)
    unit = 10**places
    factor = unit // scale

    def text(value: int) -> str:
        whole, part = divmod(abs(value) * factor, unit)
        sign = "-" if value < 0 else ""
        return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"

    return text


class Texts:
    """One pool's names and decimals. ``names`` are its accounts in the order of their opening."""

    def __init__(self, pool: PoolParameters) -> None:
        """Only the vault is open."""
        self.pool = pool.id
        self.names: list[str] = [VAULT]
        self.producers = pool.producers
        self.markets = [each.id for each in pool.markets]
        self.assets = [each.id for each in pool.assets]
        self.price = [decimal(each.tick_scale) for each in pool.markets]
        self.quantity = [decimal(each.lot_scale) for each in pool.markets]
        self.units = [decimal(each.unit_scale) for each in pool.assets]
        self.money = self.units[0]
        self.tick = [text(1) for text in self.price]
        self.lot = [text(1) for text in self.quantity]

    def open_accounts(self, entries: Rows, texts: Mapping[int, str]) -> None:
        """Learn the accounts that these entries open; ``texts`` by place in ``entries``."""
        for place in sorted(texts):
            row = entries[place]
            kind = int(row[en.KIND])
            if kind not in {en.DEPOSIT, en.TRANSFER} or not row[en.Deposit.OPENS]:
                continue
            account = int(row[en.Deposit.ACCOUNT if kind == en.DEPOSIT else en.Transfer.TO_ACCOUNT])
            assert account == len(self.names), "accounts are numbered in the order of their opening"
            self.names.append(texts[place].partition(" ")[0])

    def source(self, entry: list[int]) -> str:
        """Who sent an entry: a producer, or the part of the system that made it."""
        source = entry[en.SOURCE]
        return self.producers[source] if source >= 0 else en.TOPICS[entry[en.TOPIC]]
