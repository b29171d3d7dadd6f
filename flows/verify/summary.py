"""The summary of a run: the hashes that two runs compare, and every figure of the report, as plain JSON.

It is counted from the journal and the events alone, in the order in which they were written, so a run that was taken up
again, or re-executed, comes to the same summary; only ``wall_s`` is the clock's.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from flows.journal import entries as en
from flows.journal import events as ev
from flows.journal.canonical import Chain, canonical_events, combined
from flows.journal.codec import EntryBatch, EventBatch
from flows.registry.parameters import PoolParameters
from flows.verify import tally as counted
from flows.verify.ledger import VAULT
from flows.verify.minutes import CHANNELS
from flows.verify.tally import Tally

ROWS_AT_ONCE: Final = 65_536
"""Rows that are counted together: small batches wait for each other."""


class AccountNames:
    """Names of one pool's accounts by row. A block is one text, since there may be a million."""

    def __init__(self) -> None:
        """Row 0, the vault, has no entry that names it."""
        self._firsts: list[int] = []
        self._blocks: list[str] = []
        self._next = VAULT + 1

    def add(self, batch: EntryBatch) -> None:
        """The accounts that a batch opens, in the order of their rows."""
        named = [
            batch.texts.get(place, "").partition(" ")[0] for place in _opening_places(batch.rows).tolist()
        ]
        if named:
            self._firsts.append(self._next)
            self._blocks.append("\n".join(named))
            self._next += len(named)

    def of(self, account: int) -> str:
        """An account's name; its row where it has none."""
        if account == VAULT:
            return "vault"
        block = bisect_right(self._firsts, account) - 1
        if block < 0 or account >= self._next:
            return f"account {account}"
        return self._blocks[block].split("\n")[account - self._firsts[block]] or f"account {account}"


class PoolSummary:
    """One pool's part of it."""

    def __init__(self, of: PoolParameters) -> None:
        """Nothing is written yet."""
        self.names = AccountNames()
        self.entries = 0
        self.events = 0
        self._events_end = 0  # journal offset up to which events are in
        self._chain = Chain()
        self._hash = hashlib.sha256()
        self._tally = Tally(of)
        self._waiting: list[en.Rows] = []
        self._waiting_entries: list[en.Rows] = []
        self._waits = 0

    def add(self, batch: EntryBatch) -> None:
        """The journal's next entries."""
        assert batch.first_offset == self.entries, "a journal has no gap"
        self.entries += len(batch.rows)
        self._chain.add(batch.rows, batch.texts)
        self.names.add(batch)
        self._waiting_entries.append(batch.rows)
        self._wait(len(batch.rows))

    def add_events(self, batch: EventBatch) -> None:
        """The next events."""
        assert batch.first_offset >= self._events_end, "events of an entry come once"
        self._events_end = batch.end_offset
        self.events += len(batch.rows)
        self._hash.update(canonical_events(batch.rows))
        self._waiting.append(batch.rows)
        self._wait(len(batch.rows))

    def _wait(self, rows: int) -> None:
        self._waits += rows
        if self._waits >= ROWS_AT_ONCE:
            self._count()

    def _count(self) -> None:
        if self._waiting_entries:
            self._tally.add_entries(np.concatenate(self._waiting_entries))
        if self._waiting:
            self._tally.add_events(np.concatenate(self._waiting))
        self._waiting, self._waiting_entries, self._waits = [], [], 0

    @property
    def tally(self) -> Tally:
        """The counts so far."""
        self._count()
        return self._tally

    def journal_head(self) -> bytes:
        """The chain's hash over all entries."""
        return self._chain.head()

    def events_digest(self) -> bytes:
        """The hash over all events."""
        return self._hash.digest()


class RunSummary:
    """Collects a run, pool by pool; each pool's batches in order."""

    def __init__(self, pools: Sequence[PoolParameters]) -> None:
        """Nothing is written yet."""
        self.pools = {of.id: PoolSummary(of) for of in pools}

    def add(self, pool: str, batch: EntryBatch) -> None:
        """The next entries of a pool's journal."""
        self.pools[pool].add(batch)

    def add_events(self, pool: str, batch: EventBatch) -> None:
        """The next events of a pool."""
        self.pools[pool].add_events(batch)

    def tallies(self) -> dict[str, Tally]:
        """The counts so far, by pool."""
        return {pool: each.tally for pool, each in self.pools.items()}

    def name(self, pool: str, account: int) -> str:
        """An account's name."""
        return self.pools[pool].names.of(account)

    def result(
        self, recording: str, accounts: int, wall_s: float, dead_letters: Mapping[str, int]
    ) -> dict[str, Any]:
        """The whole summary; ``dead_letters`` by reason."""
        tallies = self.tallies()
        entries = sum(each.entries for each in self.pools.values())
        types: Counter[str] = Counter(dict.fromkeys(ev.TYPE_NAMES, 0))
        for tally in tallies.values():
            types.update(tally.events)
        return {
            "recording": recording,
            "accounts": accounts,
            "events_sha256": combined({pool: each.events_digest() for pool, each in self.pools.items()}),
            "journal_sha256": combined({pool: each.journal_head() for pool, each in self.pools.items()}),
            "journal_entries": entries,
            "events": sum(each.events for each in self.pools.values()),
            "event_counts": dict(types),
            "dead_letters": {reason: count for reason, count in sorted(dead_letters.items()) if count},
            "value_conserved": {pool: conserved(tally) for pool, tally in tallies.items()},
            "positions_zero_sum": all(tally.ledger.zero_sum() for tally in tallies.values()),
            "wall_s": round(wall_s, 3),
            "entries_per_s": round(entries / wall_s) if wall_s > 0 else 0,
            "pools": {pool: self._figures(pool, tally) for pool, tally in tallies.items()},
        }

    def _figures(self, pool: str, tally: Tally) -> dict[str, Any]:
        return {
            "entries": self.pools[pool].entries,
            "events": self.pools[pool].events,
            "journal_sha256": self.pools[pool].journal_head().hex(),
            "events_sha256": self.pools[pool].events_digest().hex(),
            **figures(tally),
            "worst": [
                {
                    "account": self.name(pool, hit.account),
                    "lost_quanta": hit.lost_quanta,
                    "forced_quanta": hit.forced_quanta,
                    "cost_quanta": hit.cost_quanta,
                    "what": list(hit.fates),
                }
                for hit in tally.worst()
            ],
        }


def conserved(tally: Tally) -> dict[str, Any]:
    """Both sides of R-A7, booked again from the events; ``ok`` if they agree, and those of every other asset."""
    left, right = tally.ledger.conserved()
    return {
        "left_quanta": left,
        "right_quanta": right,
        "ok": left == right and tally.ledger.assets_conserved(),
    }


def figures(tally: Tally) -> dict[str, Any]:
    """One pool's figures, money in quanta."""
    steps = tally.steps
    return {
        "accounts": tally.accounts,
        "accounts_at_level": tally.minutes.standing(),
        "entries_by_kind": {name: tally.entries[name] for name in en.KIND_NAMES},
        "markets": {each.id: _market(each) for each in tally.markets},
        "order_checks": {"answered": sum(tally.decisions.values()), "refused": tally.orders_refused()},
        "calls": {
            "announced": tally.events["margin-call"],
            "accounts": tally.touched(counted.CALLED),
            "cured": steps.calls_cured,
            "cleared_after_a_forced_step": steps.calls_forced,
            "open": len(steps.calls_open),
        },
        "liquidations": {
            stage: {
                "orders": forced.orders,
                "fills": forced.fills,
                "accounts": tally.touched(counted.OF_STAGE[stage]),
                "quanta": forced.quanta,
                "penalty_quanta": forced.penalty_quanta,
            }
            for stage, forced in steps.stages.items()
        },
        "orders_lapsed": steps.lapsed,
        "liquidated_quanta": dict(zip(CHANNELS, tally.channel_quanta(), strict=True)),
        "auction": {
            "offers": tally.events["offer-opened"],
            "fills": tally.events["offer-fill"],
            "accounts": tally.touched(counted.AUCTIONED),
            "quanta": tally.auction_quanta,
            "bonus_quanta": tally.bonus_quanta,
        },
        "vault": {
            "takeovers": tally.events["takeover"],
            "accounts": tally.touched(counted.TAKEN),
            "taken_quanta": tally.vault_taken_quanta,
            "equity_taken_quanta": tally.vault_equity_quanta,
            "unwinding_fills": tally.vault_fills,
            "unwound_quanta": tally.vault_sold_quanta,
            "worth_first_quanta": tally.of.vault_opening_quanta,
            "worth_last_quanta": tally.vault_worth_quanta(),
        },
        **_waterfall(tally),
    }


def _market(market: counted.MarketTally) -> dict[str, Any]:
    return {
        "first_ticks": market.first_ticks,
        "low_ticks": market.low_ticks,
        "high_ticks": market.high_ticks,
        "last_ticks": market.last_ticks,
        "states": market.states,
        "trips": dict(sorted(market.trips.items())),
        "funding_quanta_per_lot": market.funding_quanta,
        "liquidated_quanta": market.liquidated_quanta,
        "adl_lots": market.adl_lots,
    }


def _waterfall(tally: Tally) -> dict[str, Any]:
    """What happened below zero, as part of `figures`."""
    return {
        "fund": {
            "first_quanta": tally.fund_first_quanta,
            "low_quanta": tally.fund_low_quanta,
            "last_quanta": tally.fund_quanta,
            "flows_quanta": {reason: tally.fund_flows[reason] for reason in ev.FUND_REASONS},
            "in_kind_units": {
                asset.id: units
                for asset, units in zip(tally.of.assets[1:], tally.ledger.fund_units[1:], strict=True)
            },
        },
        "bankruptcies": {
            "events": tally.events["bankrupt"],
            "accounts": tally.touched(counted.BANKRUPTED),
            "deficit_quanta": tally.deficit_quanta,
        },
        "adl": {
            "events": tally.events["adl"],
            "positions": tally.adl_positions,
            "accounts": tally.touched(counted.DELEVERAGED),
            "quanta": tally.adl_quanta,
            "haircut_quanta": tally.adl_haircut_quanta,
        },
        "socialized_loss": {
            "events": tally.events["socialized-loss"],
            "accounts": tally.touched(counted.CHARGED),
            "quanta": tally.socialized_quanta,
        },
        "insolvency": {"events": tally.events["insolvent"], "unborne_quanta": tally.unborne_quanta},
        "withdrawal_gate_closings": tally.gate_closings,
    }


def _opening_places(rows: en.Rows) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Places of the entries that open an account: a deposit, or a transfer into an isolated one."""
    kinds = rows[:, en.KIND]
    opens = (kinds == en.DEPOSIT) & (rows[:, en.Deposit.OPENS] == 1)
    opens |= (kinds == en.TRANSFER) & (rows[:, en.Transfer.OPENS] == 1)
    return np.flatnonzero(opens)
