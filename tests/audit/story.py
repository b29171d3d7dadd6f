"""A small day at a pool: a random journal, its liquidation orders answered, and what the plain pool decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.entries import Rows
from flows.registry.canonical import canonical_json
from flows.registry.parameters import PoolParameters
from flows.verify.plain import PlainPool
from tests.worlds import History, asset, pool


@dataclass(frozen=True)
class Story:
    """A journal and its events."""

    pool: PoolParameters
    entries: Rows
    texts: dict[int, str]
    events: Rows
    plain: PlainPool  # after the last entry

    def first(self, type_: int, **columns: int) -> int:
        """Row of the first event of a type whose columns have these values."""
        found = self.events[:, ev.TYPE] == type_
        for name, value in columns.items():
            found &= self.events[:, ev.COLUMNS.index(name)] == value
        return int(np.flatnonzero(found)[0])


@cache
def story(seed: int = 7, steps: int = 900, kind: type[History] = History) -> Story:
    """The day of this seed, and of this kind."""
    cash = replace(asset("USDT"), sources=(), source_weights=(), heartbeat_ns=(), max_price_quanta=1_000_000)
    coin = replace(asset("BTC"), max_units=10**10, max_price_quanta=10**12)
    of = pool(id="usdt", assets=(cash, coin), producers=("engine", "wallet", "gateway", "a", "b", "c"))
    history = kind(seed, of, accounts=9)
    plain = PlainPool(of, getattr(history, "skips", {}))
    signed: dict[int, str] = getattr(history, "texts", {})
    events: list[list[int]] = []
    texts = {0: canonical_json(of).decode()}
    done = 0

    def apply() -> list[list[int]]:
        nonlocal done
        fresh: list[list[int]] = []
        while done < len(history.rows):
            row = history.rows[done]
            row[en.TOPIC], row[en.ORIGIN_OFFSET], row[en.SOURCE], row[en.NUMBER] = (
                en.TOPIC_FILLS,
                done,
                0,
                done,
            )
            if row[en.KIND] == en.MARKET_STATE:
                row[en.MarketState.QUOTE_NUMBER : en.MarketState.QUOTE_NUMBER + 8] = [
                    done,
                    -1,
                    2 * done,
                    *[-1] * 5,
                ]
            for at in opened(row):
                texts[done] = f"trader-{at}"
            if done in signed:
                texts[done] = signed[done]
            fresh.extend(plain.apply(row, texts.get(done, "")))
            done += 1
        events.extend(fresh)
        return fresh

    apply()
    for _ in range(steps):
        history.step()
        for event in apply():
            if event[ev.TYPE] == ev.LIQUIDATION_ORDER:
                answer(history, event)
            if event[ev.TYPE] == ev.OFFER_OPENED and history.dice.random() < 0.5:
                bid(history, event)
        apply()
    entries, decided = np.array(history.rows, np.int64), np.array(events, np.int64)
    for each in (entries, decided):
        each.setflags(write=False)  # one story is told to many tests: none may change it for the next
    return Story(of, entries, texts, decided, plain)


def opened(row: list[int]) -> list[int]:
    """The account that an entry opens, if any."""
    if row[en.KIND] == en.DEPOSIT and row[en.Deposit.OPENS]:
        return [row[en.Deposit.ACCOUNT]]
    if row[en.KIND] == en.TRANSFER and row[en.Transfer.OPENS]:
        return [row[en.Transfer.TO_ACCOUNT]]
    return []


def answer(history: History, event: list[int]) -> None:
    """Somebody takes most of the order, at its worst price or better."""
    lots = max(1, abs(event[ev.LOTS]) * history.dice.choice((1, 2, 2)) // 2)
    account = event[ev.ACCOUNT]
    other = next(row for row in range(1, history.accounts) if row != account)
    sells = event[ev.LOTS] < 0
    price = (event[ev.PRICE_TICKS] + event[ev.MARK_TICKS]) // 2
    history.entry(
        en.FILL,
        market=event[ev.MARKET],
        buyer=other if sells else account,
        seller=account if sells else other,
        lots=lots,
        price_ticks=max(1, price),
        order_offset=event[ev.OFFSET],
        order_index=event[ev.INDEX],
    )


def bid(history: History, event: list[int]) -> None:
    """A liquidator takes half of what is offered."""
    at = history.accounts
    history.accounts += 1
    history.entry(en.DEPOSIT, account=at, amount_units=10**12, owner=at, opens=1, isolated_market=-1)
    history.entry(
        en.BID,
        offer_offset=event[ev.OFFSET],
        offer_index=event[ev.INDEX],
        account=at,
        lots=max(1, abs(event[ev.LOTS]) // 2),
        limit_ticks=1 if event[ev.LOTS] > 0 else 10_000_000,
    )
