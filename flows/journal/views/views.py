"""Events as the messages of their typed topics: what execution systems, dashboards and account holders read.

    entries, their events -> open_accounts, of -> (topic, journal offset, index, JSON)

An event that has no typed topic is passed over: all of them are on the topic ``events``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from flows.journal import events as ev
from flows.journal.entries import Rows
from flows.journal.views import steps
from flows.journal.views.answers import bidder, collateral_decision, order_decision
from flows.journal.views.figures import FIGURES
from flows.journal.views.texts import Texts
from flows.registry.parameters import PoolParameters

TOPIC_OF: Final[dict[int, str]] = {
    **dict.fromkeys(steps.TYPES, "liquidations"),
    **{kind: topic for kind, (topic, _) in FIGURES.items()},
    ev.ORDER_DECISION: "order-decisions",
    ev.COLLATERAL_DECISION: "collateral-decisions",
}
"""By type of event: the typed topic that carries it."""

TOPICS: Final = tuple(dict.fromkeys(TOPIC_OF.values()))
"""All typed topics."""

_HAS_TOPIC: Final = np.array([kind in TOPIC_OF for kind in range(len(ev.TYPE_NAMES))])


@dataclass(frozen=True, slots=True)
class View:
    """One message of a typed topic."""

    topic: str
    offset: int  # journal offset of the event
    index: int
    time_ns: int
    value: bytes


class Views:
    """One pool's views. Its state is the names of the accounts: row by row, the vault first."""

    def __init__(self, pool: PoolParameters, names: list[str] | None = None) -> None:
        """``names`` as an earlier one left them."""
        self._texts = Texts(pool)
        if names is not None:
            self._texts.names = list(names)
        self._rules: dict[int, str] = {}

    @property
    def names(self) -> list[str]:
        """Accounts, by row."""
        return self._texts.names

    def open_accounts(self, entries: Rows, texts: Mapping[int, str]) -> None:
        """Learn the accounts that these entries open, before their events are viewed; ``texts`` by place."""
        self._texts.open_accounts(entries, texts)

    def of(self, events: Rows, entries: Rows, texts: Mapping[int, str], first_offset: int) -> list[View]:
        """The views of these events, in their order. ``entries`` from ``first_offset`` on are what they came from."""
        chosen = events[_HAS_TOPIC[events[:, ev.TYPE]]]
        return [self._view(event, entries, texts, first_offset) for event in chosen.tolist()]

    def _view(self, event: list[int], entries: Rows, texts: Mapping[int, str], first: int) -> View:
        kind, offset, index = event[ev.TYPE], event[ev.OFFSET], event[ev.INDEX]
        message = {
            "id": f"{self._texts.pool}:{offset}:{index}",
            "pool": self._texts.pool,
            "journal_offset": offset,
            "event_index": index,
            "time_ns": event[ev.TIME_NS],
            "rule": self._rule(event[ev.RULE]),
            "rule_version": event[ev.RULE_VERSION],
            "parameters_version": event[ev.PARAMETERS_VERSION],
            **self._said(kind, event, entries, texts, offset - first),
        }
        return View(TOPIC_OF[kind], offset, index, event[ev.TIME_NS], orjson.dumps(message))

    def _said(
        self, kind: int, event: list[int], entries: Rows, texts: Mapping[int, str], place: int
    ) -> dict[str, Any]:
        """The part of a message that is its topic's own; ``place`` is that of the event's entry."""
        if (figure := FIGURES.get(kind)) is not None:
            return figure[1](self._texts, event)
        if kind == ev.ORDER_DECISION:
            return order_decision(self._texts, event, entries[place].tolist(), texts.get(place, ""))
        if kind == ev.COLLATERAL_DECISION:
            return collateral_decision(self._texts, event, entries[place].tolist())
        said = steps.message(self._texts, event)
        if kind == ev.BID_DECISION:
            said |= bidder(self._texts, event, entries[place].tolist(), texts.get(place, ""))
        return said

    def _rule(self, rule: int) -> str:
        """``R-H1`` for 801: chapter x 100 + number."""
        text = self._rules.get(rule)
        if text is None:
            text = self._rules[rule] = f"R-{chr(64 + rule // 100)}{rule % 100}"
        return text
