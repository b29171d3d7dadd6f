"""No cut of the input shows: batches, checkpoints and re-execution give the same journal and the same events."""

from __future__ import annotations

import random

import numpy as np
import pytest

from flows.journal import entries as en
from flows.pool import checkpoint
from flows.pool.driver import Driver
from flows.pool.pool import Pool, PoolStoppedError
from flows.venue.paper import PaperVenue
from tests.worlds import History, pool

MAKERS, BIDDERS = [1, 2], [3, 4]


def venue() -> PaperVenue:
    """A paper venue with two market makers and two liquidators."""
    made = PaperVenue()
    made.makers, made.bidders = list(MAKERS), list(BIDDERS)
    return made


def rows_of(seed: int, steps: int = 500) -> en.Rows:
    """A random journal's input."""
    history = History(seed, pool(), 8)
    for _ in range(steps):
        history.step()
    return np.array(history.rows, np.int64)


@pytest.mark.parametrize("seed", range(3))
def test_batches_and_checkpoints_do_not_show(seed: int) -> None:
    rows, dice = rows_of(seed), random.Random(seed)
    whole = Driver(Pool(pool()), venue()).drive(rows, {})
    driver = Driver(Pool(pool()), venue())
    journal, events = [], []
    at = 0
    while at < len(rows):
        size = dice.randrange(1, 80)
        driven = driver.drive(rows[at : at + size], {})
        assert driven.first_offset == driver.length - len(driven.rows)
        journal.append(driven.rows)
        events.append(driven.events)
        at += size
        if dice.random() < 0.3:
            fresh = Pool(pool())
            checkpoint.load(fresh.state, checkpoint.save(driver.pool.state))
            fresh.check()
            driver.pool = fresh
    assert np.array_equal(np.concatenate(journal), whole.rows)
    assert np.array_equal(np.concatenate(events), whole.events)


@pytest.mark.parametrize("seed", range(3))
def test_the_journal_alone_gives_the_events(seed: int) -> None:
    driven = Driver(Pool(pool()), venue()).drive(rows_of(seed), {})
    assert len(driven.rows) > 500, "the venue answered"
    again = Driver(Pool(pool()), None).drive(driven.rows, {})
    assert np.array_equal(again.rows, driven.rows)
    assert np.array_equal(again.events, driven.events)


def test_texts_keep_their_entry() -> None:
    rows = rows_of(0)
    texts = {int(place): f"account-{place}" for place in np.flatnonzero(rows[:, en.KIND] == en.DEPOSIT)}
    driven = Driver(Pool(pool()), venue()).drive(rows, texts)
    own = np.flatnonzero(driven.rows[:, en.TOPIC] != en.TOPIC_PAPER)
    assert {int(own[place]): text for place, text in texts.items()} == driven.texts


def test_a_damaged_checkpoint_is_told() -> None:
    driver = Driver(Pool(pool()), venue())
    driver.drive(rows_of(1, 50), {})
    data = bytearray(checkpoint.save(driver.pool.state))
    data[len(data) // 2] ^= 1
    with pytest.raises(checkpoint.CheckpointDamagedError):
        checkpoint.load(Pool(pool()).state, bytes(data))


def test_an_unsound_book_stops_the_pool() -> None:
    one = Pool(pool())
    Driver(one, None).drive(rows_of(2, 50), {})
    one.state.c.record[1, 0] += 1  # a quantum out of nowhere
    one.state.c.pool[0, 12] += 1

    with pytest.raises(PoolStoppedError, match="conservation"):
        Driver(one, None, 60).drive(rows_of(2, 200)[120:], {})
