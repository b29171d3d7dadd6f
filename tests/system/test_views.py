"""The typed topics of a whole run: every message fits its schema, and answers are told by the request's own number."""

from __future__ import annotations

from collections import Counter

import numpy as np
import orjson
import pytest

from flows import replay
from flows.journal import events as ev
from flows.journal.views.views import TOPIC_OF, View, Views
from flows.registry.parameters import PoolParameters
from schemas.catalogue import BY_NAME
from tests.system import short

pytestmark = pytest.mark.slow


def views_of(whole: replay.Done, pool: PoolParameters, cut: int) -> tuple[list[View], list[str]]:
    """All views of a pool's events, its journal taken up ``cut`` entries at a time."""
    rows, texts = short.journal_rows(whole.run, pool.id)
    events = short.event_rows(whole.run, pool.id)
    views, found = Views(pool), []
    for first in range(0, len(rows), cut):
        part = {place - first: text for place, text in texts.items() if first <= place < first + cut}
        start, end = np.searchsorted(events[:, ev.OFFSET], [first, first + cut])
        views.open_accounts(rows[first : first + cut], part)
        found += views.of(events[start:end], rows[first : first + cut], part, first)
        views = Views(pool, views.names)
    return found, views.names


def test_every_event_of_a_run_fits_its_schema(whole: replay.Done) -> None:
    counts: Counter[str] = Counter()
    for pool in whole.run.venue.pools:
        found, names = views_of(whole, pool, 1_000)
        events = short.event_rows(whole.run, pool.id)
        typed = [event for event in events.tolist() if event[ev.TYPE] in TOPIC_OF]
        assert [(view.offset, view.index) for view in found] == [
            (event[ev.OFFSET], event[ev.INDEX]) for event in typed
        ]
        for view in found:
            BY_NAME[view.topic].model.model_validate_json(view.value)
            counts[view.topic] += 1
        assert len(names) == len(set(names)) == 1 + names_opened(events)
        assert views_of(whole, pool, 7_777) == (found, names)
    assert min(counts[topic] for topic in set(TOPIC_OF.values())) > 0, counts


def names_opened(events: np.ndarray) -> int:
    """Accounts opened, the vault aside."""
    return int((events[:, ev.TYPE] == ev.ACCOUNT_OPENED).sum()) - 1


def test_each_check_is_answered_once_by_its_number(whole: replay.Done) -> None:
    numbers: Counter[int] = Counter()
    for pool in whole.run.venue.pools:
        found, _ = views_of(whole, pool, 10_000)
        for view in found:
            if view.topic == "order-decisions":
                message = orjson.loads(view.value)
                assert message["check_source"] == "gateway"
                numbers[message["check_number"]] += 1
    assert set(numbers.values()) == {1}
