"""What comes to a pool's admission, written by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from flows.journal import entries as en
from flows.journal.admission import Merged, in_order
from flows.journal.dead_letters import DeadLetter, dead_letter
from flows.journal.items import Chosen, Items
from schemas.dead_letter import Reason
from schemas.explain import Refusal
from tests.worlds import pool

TIME = 1_744_000_000 * 1_000_000_000
POOL = pool()
BTC, ETH = 0, 1
TOPIC = {en.DEPOSIT: 3, en.WITHDRAWAL: 3, en.TRANSFER: 3, en.FILL: 4, en.ORDER_CHECK: 5, en.BID: 6}


class Written:
    """As much of a part as its lines need."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.lines = lines

    def row(self, _row: int) -> int:
        return 0


def chosen(lines: Sequence[bytes]) -> Chosen:
    """All of these lines."""
    return Chosen([Written(lines)], np.zeros(len(lines), np.int64), np.arange(len(lines)))  # type: ignore[list-item]


class Script:
    """What comes to a pool, in the order in which it is written."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        self.names: list[tuple[str, str]] = []
        self.places: list[int] = []
        self.letters: dict[int, DeadLetter] = {}
        self.system: list[tuple[int, list[int]]] = []
        self.next_number: Counter[int] = Counter()
        self.place = 0

    def item(self, kind: int, first: str, second: str = "", *, number: int = -1, **columns: int) -> Script:
        """An account record."""
        row = [0] * en.WIDTH
        topic = TOPIC[kind]
        if number < 0:
            self.next_number[topic] += 1
            number = self.next_number[topic]
        row[: en.PAYLOAD] = [kind, TIME, topic, 0, len(self.rows), topic % 3, number]
        for name, value in columns.items():
            row[getattr(en.PAYLOADS[kind], name.upper())] = value
        self.rows.append(row)
        self.names.append((first, second))
        self.places.append(self.place)
        self.place += 1
        return self

    def deposit(
        self, name: str, amount: int = 100, owner: str = "", asset: int = 0, **columns: int
    ) -> Script:
        return self.item(en.DEPOSIT, name, owner, amount_units=amount, asset=asset, **columns)

    def transfer(self, name: str, to: str, **columns: int) -> Script:
        return self.item(en.TRANSFER, name, to, amount_units=1, **columns)

    def fill(self, buyer: str, seller: str, market: int = BTC, **columns: int) -> Script:
        return self.item(en.FILL, buyer, seller, market=market, lots=1, price_ticks=1, **columns)

    def check(self, name: str, **columns: int) -> Script:
        return self.item(en.ORDER_CHECK, name, **columns)

    def state(self, market: int = BTC, mark: int = 600_000) -> Script:
        """A market-state."""
        row = [0] * en.WIDTH
        row[en.KIND], row[en.SOURCE] = en.MARKET_STATE, -1
        row[en.MarketState.MARKET], row[en.MarketState.MARK_TICKS] = market, mark
        self.system.append((self.place, row))
        self.place += 1
        return self

    def faulty(self, reason: Reason = Reason.LATE) -> Script:
        """The last record is refused for something found before."""
        row = len(self.rows) - 1
        why = Refusal(reason, "time_ns", "found before")
        self.letters[row] = dead_letter(self.rows[row][en.TOPIC], 0, row, why, b"{}")
        return self

    def merged(
        self, start: int = 0, end: int = 10**6, dead: list[tuple[int, DeadLetter]] | None = None
    ) -> Merged:
        """Places from ``start`` up to ``end``."""
        mine = [row for row, place in enumerate(self.places) if start <= place < end]
        system = [(place, row) for place, row in self.system if start <= place < end]
        items = Items(
            np.array([self.rows[row] for row in mine], np.int64).reshape(-1, en.WIDTH),
            np.array([self.places[row] for row in mine], np.int64),
            [self.names[row][0] for row in mine],
            [self.names[row][1] for row in mine],
            {place: self.letters[row] for place, row in enumerate(mine) if row in self.letters},
            chosen([b"line %d" % row for row in mine]),
        )
        states = np.array([row for _, row in system], np.int64).reshape(-1, en.WIDTH)
        places = np.array([place for place, _ in system], np.int64)
        return in_order(en.empty(0), np.zeros(0, np.int64), states, places, items, dead)
