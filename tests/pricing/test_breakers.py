"""Breakers on prices as the stage plays them: the band's limit state, pause and re-opening (T-35), divergence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flows.journal import entries as en
from flows.pricing.columns import market as m
from flows.rules.breaker.band import MANUAL
from flows.rules.breaker.permissions import STATE_DIVERGENCE, STATE_LIMIT, STATE_PAUSE
from tests.pricing.world import BTC, NANO, POOL, SECOND_NS, START_NS, Run, markets_of, say

S = SECOND_NS


class Day(Run):
    """Seconds of quotes, books and trades at prices that drift together."""

    second = 0

    def go(self, seconds: int, index: int, trade: int = 0, book: int = 0) -> np.ndarray:
        """Play so many seconds at an index, trades at a price, a book around one; 0 is the index."""
        for _ in range(seconds):
            t = START_NS + self.second * S
            self.second += 1
            self.script.clock(t)
            self.script.quotes(BTC, t, index * NANO)
            middle = 10 * (book or index)
            self.script.depth(BTC, t, [(middle - 10, 5_000)], [(middle + 10, 5_000)])
            self.script.trade(BTC, t + 1, 10 * (trade or index), 10)
        return markets_of(self.play(), BTC)

    def trips(self) -> list[tuple[int, int]]:
        """When breakers changed, in seconds since the start, and to which states."""
        states = markets_of(np.concatenate(self.states), BTC)
        changes = states[states[:, en.MarketState.FLAGS] & en.FLAG_BREAKER > 0]
        seconds = (changes[:, en.TIME_NS] - START_NS) // S
        return list(zip(seconds.tolist(), changes[:, en.MarketState.BREAKERS].tolist(), strict=True))


CALM = replace(POOL, markets=tuple(replace(each, sigma_table_ppm=20_000) for each in POOL.markets))


def test_a_crash_meets_the_band_pauses_and_opens_again_by_rule() -> None:
    day = Day(CALM)
    day.go(100, 60_000)
    state = markets_of(day.states[-1], BTC)[-1]
    assert say(state, "band_low_ticks", "band_high_ticks") == (582_000, 618_000), "3 % is the least"
    day.go(40, 60_000, trade=58_200)
    # At the band with the trade of second 100, a pause at the first clock 15 s later.
    assert day.trips() == [(100, STATE_LIMIT), (116, STATE_PAUSE)]
    day.go(300 - 24, 60_000, trade=58_200)
    assert day.second == 416
    day.go(1, 60_000)
    assert day.trips()[-1] == (416, 0), "300 s, the book at the index, the index ok"
    state = markets_of(day.states[-1], BTC)[-1]
    assert say(state, "opened_ns", "band_low_ticks") == (START_NS + 416 * S, 582_000)
    # The trades before do not count: the reference is the auction's price.
    day.go(1, 60_000)
    assert day.stage.state.markets[BTC, m.MEAN_TRADES] == 1


def test_inside_the_band_again_within_fifteen_seconds_there_is_no_pause() -> None:
    day = Day(CALM)
    day.go(100, 60_000)
    day.go(10, 60_000, trade=58_100)
    day.go(30, 60_000, trade=58_300)
    assert day.trips() == [(100, STATE_LIMIT), (110, 0)]


def test_a_book_far_from_the_index_extends_the_pause_five_times_and_then_a_human_decides() -> None:
    day = Day(CALM)
    day.go(100, 60_000)
    day.go(17, 60_000, trade=58_000)
    day.go(900, 60_000, trade=56_000, book=56_000)
    # The book is 6.7 % off, twice the band 6 %. An extension is no new bit, and a breaker event all the same. The
    # parted mark is another breaker's.
    pauses = [at for at, bits in day.trips() if bits & STATE_PAUSE]
    assert [at for at in pauses if at > 300] == [416, 476, 536, 596, 656, 716]
    assert day.stage.state.markets[BTC, m.BAND] == MANUAL


def test_a_second_pause_within_the_hour_lasts_twice_as_long() -> None:
    day = Day(CALM)
    day.go(100, 60_000)
    day.go(317, 60_000, trade=58_200)
    day.go(60, 60_000)
    day.go(616, 60_000, trade=58_100)
    assert [at for at, bits in day.trips() if bits & STATE_PAUSE] == [116, 493]
    assert day.second == 1_093
    day.go(1, 60_000)
    assert day.trips()[-1] == (1_093, 0)


def test_the_band_widens_with_volatility() -> None:
    day = Day(CALM)
    for each in range(120):
        day.go(1, 60_000 + 60 * (each % 2))
    calm = Day(CALM)
    calm.go(700, 60_000)
    rough = Day(CALM)
    for each in range(700):
        rough.go(1, 60_000 + 60 * (each % 2))
    widths = []
    for each in (calm, rough):
        low, high = say(markets_of(each.states[-1], BTC)[-1], "band_low_ticks", "band_high_ticks")
        widths.append(high - low)
    assert widths[0] == 36_000
    assert widths[1] > widths[0]


def test_mark_and_index_that_part_trip_after_ten_seconds_and_clear_after_thirty() -> None:
    wide = replace(CALM, markets=tuple(replace(each, mark_band_ppm=200_000) for each in CALM.markets))
    day = Day(wide, basis_half_life_ns=S)
    day.go(100, 60_000)
    day.go(60, 60_000, book=64_000)
    day.go(60, 60_000)
    changes = [(at, bits & STATE_DIVERGENCE) for at, bits in day.trips()]
    tripped = [at for at, bits in changes if bits]
    assert tripped
    assert 110 <= tripped[0] <= 116
    cleared = [at for at, bits in changes if not bits and at > tripped[-1]]
    assert cleared
    assert 190 <= cleared[0] <= 196


def test_without_a_price_there_is_no_breaker() -> None:
    run = Run()
    for second in range(30):
        run.script.clock(START_NS + second * S)
        run.script.trade(BTC, START_NS + second * S, 600_000, 1)
    assert len(run.play()) == 0
    assert not run.stage.state.markets[BTC, m.BAND : m.BAND_END].any()
