"""Funding: samples each five seconds, a rate each whole hour, skipped while the index is halted (T-29)."""

from __future__ import annotations

import numpy as np
import pytest

from flows.journal import entries as en
from flows.pricing.columns import market as m
from tests.pricing.world import BTC, HOUR_NS, NANO, SECOND_NS, START_NS, Run, markets_of, say
from tests.worlds import market, pool

S = SECOND_NS
FUNDING = en.FLAG_FUNDING | en.FLAG_FUNDING_SKIPPED


def hours(
    run: Run, seconds: range, bid: int = 599_990, silent: range = range(0), book: bool = True
) -> np.ndarray:
    """Play seconds of quotes and books around 60,000; the states at funding instants."""
    for second in seconds:
        t = START_NS + second * S
        run.script.clock(t)
        if second not in silent:
            run.script.quotes(BTC, t, 60_000 * NANO)
        if book:
            run.script.depth(BTC, t, [(bid, 10_000)], [(bid + 20, 10_000)])
    states = markets_of(run.play(), BTC)
    return states[states[:, en.MarketState.FLAGS] & FUNDING > 0]


def test_each_whole_hour_pays_by_the_premium_of_its_samples() -> None:
    run = Run()
    first, second = hours(run, range(7_201), bid=600_540)  # impact bid 90 bp of a thousandth above the index
    assert [(first[en.TIME_NS] - START_NS) // S, (second[en.TIME_NS] - START_NS) // S] == [3_600, 7_200]
    # 720 samples an hour. The index opens with the quotes after the first clock and is trusted after 31 s, so the
    # first seven of the first hour are missing and count as 0: 900 ppm x 713 / 720 = 891,250 ppb.
    assert say(first, "flags", "funding_rate_ppb")[1] == (891_250 - 500_000) // 8
    assert say(second, "funding_rate_ppb") == ((900_000 - 500_000) // 8,)
    assert say(second, "flags")[0] & en.FLAG_FUNDING


def test_inside_the_spread_the_rate_is_the_interest() -> None:
    (state,) = hours(Run(), range(3_601))
    assert say(state, "funding_rate_ppb") == (12_500,)


def test_the_hour_of_the_listing_pays_nothing() -> None:
    first, second = hours(Run(), range(1, 7_201), bid=600_540)
    assert say(first, "funding_rate_ppb") == (0,)
    assert say(second, "funding_rate_ppb") == (50_000,)


def test_an_hour_of_which_most_samples_are_missing_has_no_premium() -> None:
    run = Run()
    hours(run, range(1_700), bid=600_540)
    (state,) = hours(run, range(1_700, 3_601), book=False)
    assert say(state, "funding_rate_ppb") == (12_500,)


def test_a_halted_index_skips_the_instant_and_nothing_is_made_up_for() -> None:
    run = Run()
    first, second = hours(run, range(7_201), bid=600_540, silent=range(3_590, 3_611))
    assert say(first, "status", "funding_rate_ppb") == (2, 0)
    assert say(first, "flags")[0] & FUNDING == en.FLAG_FUNDING_SKIPPED
    assert say(second, "status") == (0,)
    assert say(second, "flags")[0] & FUNDING == en.FLAG_FUNDING
    # The second hour's own samples: those of the seconds 3,600 to 3,640 are missing, nine of 720.
    assert say(second, "funding_rate_ppb") == ((900_000 * 711 // 720 - 500_000) // 8,)


def test_the_cap_holds() -> None:
    capped = pool(markets=(market("BTC-PERP", funding_cap_ppb=30_000), market("ETH-PERP")))
    _, second = hours(Run(capped), range(7_201), bid=600_540)
    assert say(second, "funding_rate_ppb") == (30_000,)


def test_the_mark_carries_the_funding_that_is_still_to_come() -> None:
    run = Run()
    hours(run, range(3_601), bid=600_540)
    hours(run, range(3_601, 3_602 + 1_800), book=False)
    assert run.stage.state.markets[BTC, m.RATE_PPB] == (891_250 - 500_000) // 8
    # The book is gone: of index + basis and index x (1 + 48.9 ppm x time left), the one nearer the index.
    state = run.stage.state.markets[BTC]
    left_ns = HOUR_NS - 1_801 * S
    assert state[m.MARK_SUBTICKS] == 600_000_000 + (600_000_000 * 48_906 // 10**9) * left_ns // HOUR_NS


def test_funding_of_another_rhythm_is_refused() -> None:
    with pytest.raises(ValueError, match="R-N2 pays each hour"):
        Run(pool(markets=(market("BTC-PERP", funding_interval_ns=8 * HOUR_NS), market("ETH-PERP"))))
