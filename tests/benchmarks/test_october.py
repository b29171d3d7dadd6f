"""Whose price a venue marks on: what 2025-10-10 shows, where its price files are, and how prices are told to an engine."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.october import (
    BELIEVED,
    FORCED,
    INDEX,
    OWN,
    STEP_PPM,
    TELLERS,
    Quote,
    index_price,
    liquidated,
    own_price,
    price_path,
    run,
    steps,
    told_venue,
)
from flows.connectors.settings import VENUES
from flows.registry.load import load as load_venue
from flows.registry.load import parse
from tests.recording.worlds import PRICES, where_prices_are

VENUE = VENUES / "crash-2025-10-10.toml"
SECOND = 10**9


@pytest.mark.slow
@where_prices_are
def test_marking_on_its_own_venue_liquidates_far_more_accounts(tmp_path: Path) -> None:
    done = run(PRICES, 3_000, tmp_path, still=False)
    hit = {engine: liquidated(each) for engine, each in done.items()}
    assert hit[OWN] >= 2.5 * hit[INDEX], hit
    assert hit[OWN] >= 1.2 * hit[BELIEVED], hit
    accounts = {sum(tally.accounts for tally in each.counted.tallies().values()) for each in done.values()}
    assert len(accounts) == 1, "the same accounts in each"
    for each in done.values():
        assert all(side["ok"] for side in each.summary["value_conserved"].values())
        assert each.summary["positions_zero_sum"]
        assert not each.summary["dead_letters"]


def quote(source: str, price: int, second: int, *, late_s: int = 0) -> Quote:
    return Quote(source, "AVAX", price, price // 10_000, second * SECOND, (second + late_s) * SECOND)


def test_the_index_is_the_median_of_who_is_fresh() -> None:
    market = load_venue(VENUE).market("AVAX-PERP")
    assert market is not None
    quotes = [
        quote("coinbase", 2_000_000, 1),
        quote("gemini", 1_900_000, 1),
        quote("binance-coinm", 600_000, 1),
        quote("coinbase", 1_800_000, 60, late_s=5),
        quote("binance-coinm", 700_000, 100),
    ]
    path = price_path(quotes, range(130), index_price(market))
    assert path[1] == 1_900_000, "of three the middle one"
    assert path[64] == 1_900_000, "all are over a minute old, and the quote of the 60th second is on its way"
    assert path[65] == 1_800_000, "who speaks alone is believed"
    assert path[100] == 1_800_000 - 180, "of two the heavier one's vote next to the other"
    assert price_path(quotes, range(130), own_price)[99:101] == [600_000, 700_000]


def test_before_the_first_price_the_first_one_stands() -> None:
    assert price_path([quote("binance-coinm", 7, 3)], range(5), own_price) == [7] * 5


@pytest.mark.parametrize("path", [[100_000, 40_000, 41_000], [40_000, 100_000, 100_000], [500_000] * 3])
def test_a_price_is_told_in_small_steps_and_never_before_it_was_there(path: list[int]) -> None:
    told = list(steps(path, range(10, 13)))
    for (earlier_ns, former), (later_ns, price) in pairwise(told):
        assert earlier_ns < later_ns
        assert abs(price - former) * 1_000_000 <= (STEP_PPM + 50) * min(price, former), (
            "a whole number may be 1 off"
        )
    for second, price, before in zip(range(10, 13), path, [path[0], *path], strict=False):
        within = [each for time_ns, each in told if time_ns // SECOND == second]
        assert within[-1] == price
        assert all(min(before, price) <= each <= max(before, price) for each in within)


def test_the_tellers_are_all_that_a_market_asks() -> None:
    told, shipped = parse(told_venue(VENUE.read_text("utf-8")), "told.toml"), load_venue(VENUE)
    for pool, former in zip(told.pools, shipped.pools, strict=True):
        assert {each.sources for each in pool.markets} == {TELLERS}
        assert pool.assets == former.assets, "collateral is priced as before"


def test_every_forced_step_counts_once() -> None:
    assert len(FORCED) == len(set(FORCED)) == 6
    assert all(each.bit_count() == 1 for each in FORCED)
