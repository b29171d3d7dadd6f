"""The book: ordered, on the grid, thinner when it moves, leaning against the move."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flows.recording.depth import DISTANCES, _held, _levels, _round_grid, _two_figures, market_books
from flows.recording.files import RecordingError
from flows.recording.manifest import load
from flows.recording.series import PriceFiles
from tests.recording.worlds import APRIL, SOURCE, pools, short_specification
from tests.tables import table

SECOND = 10**9
PARAMETERS = {market.id: market for pool in pools() for market in pool.markets}


@pytest.mark.parametrize("place", range(12))
def test_books_are_ordered_two_sided_and_never_older_than_the_mark_allows(tmp_path: Path, place: int) -> None:
    recording = load(short_specification(tmp_path))
    files = PriceFiles(recording, SOURCE)
    market = recording.markets[place]
    books = market_books(files, place, PARAMETERS[market.id])
    assert np.all(np.diff(books.time_ns) == 5 * SECOND), "R-O8 drops a book that is older"
    path = files.seconds(recording.series[0], market.asset).value_e10
    for row in range(len(books.time_ns)):
        best = []
        for side, sign in ((0, -1), (1, 1)):
            stands = books.lots[side][row] > 0
            prices = books.price_ticks[side][row][stands] * sign
            assert np.all(np.diff(prices) > 0)
            assert np.all(prices * sign > 0)
            best.append(int(prices[0]) * sign)
        mid = (
            path[books.time_ns[row] // SECOND - recording.start_s - 1]
            * PARAMETERS[market.id].tick_scale
            / 10**10
        )
        assert (best[0] + best[1]) / 2 == pytest.approx(mid)
        assert (best[1] - best[0]) / mid < 0.01, "R-O8 drops a wider book"


def test_levels_rest_at_their_distance_or_nearer() -> None:
    mid, half = np.array([100_000]), np.array([5])
    lots = np.full((1, len(DISTANCES)), 10)
    prices, kept = _levels(mid, half, -1, lots)
    assert kept.tolist() == lots.tolist()
    reached = 1 - prices[0] / 100_000
    assert np.all(reached[1:] <= np.array(DISTANCES[1:]) + 1e-9)
    assert np.all(reached[1:] >= np.array(DISTANCES[1:]) * 7 / 8 - 1e-9)


def test_levels_that_fall_on_one_price_are_one_level_and_nothing_is_lost() -> None:
    lots = np.arange(1, len(DISTANCES) + 1)[None, :]
    prices, kept = _levels(np.array([500]), np.array([2]), 1, lots)
    assert kept.sum() == lots.sum()
    stands = kept[0] > 0
    assert not stands.all()
    assert np.all(np.diff(prices[0][stands]) > 0)


@pytest.mark.parametrize(
    ("most", "grid", "_why"),
    table("""
    0.3     1    never_under_a_tick
    1       1    one
    1.9     1    not_yet_two
    2       2    two
    9       5    five
    10      10   ten
    740     500  hundreds
    """),
)
def test_round_grids(most: str, grid: str, _why: str) -> None:
    assert _round_grid(float(most)) == int(grid)


def test_quantities_have_two_figures() -> None:
    assert _two_figures(np.array([0.2, 1, 94.6, 96.4, 1_234, 1_260])).tolist() == [1, 1, 95, 96, 1_200, 1_300]


def test_the_book_thins_with_movement_and_leans_against_it() -> None:
    recording = load(APRIL)
    files = PriceFiles(recording, SOURCE)
    books = market_books(files, 1, PARAMETERS["ETH-PERP"])
    path = files.seconds(recording.series[0], "ETH").value_e10.reshape(-1, 60)
    moved = (path.max(axis=1) - path.min(axis=1)) / path[:, 0]
    fell = (path[:, -1] - path[:, 0]) / path[:, 0]
    minute = (books.time_ns // SECOND - recording.start_s - 1) // 60
    total = [side.sum(axis=1) for side in books.lots]
    by_minute = [np.bincount(minute, weights=each) / np.bincount(minute) for each in total]
    wild, calm = moved > np.quantile(moved, 0.95), moved < np.quantile(moved, 0.05)
    both = by_minute[0] + by_minute[1]
    assert both[wild].mean() < 0.4 * both[calm].mean()
    falling = fell < np.quantile(fell, 0.05)
    assert by_minute[0][falling].mean() < 0.85 * by_minute[1][falling].mean()


def test_a_market_without_a_price_has_no_book() -> None:
    with pytest.raises(RecordingError, match="without a single price"):
        _held(np.array([-1, -1]))
    assert _held(np.array([-1, 5, 6])).tolist() == [5, 5, 6]
