"""A market's trades by second of event time: its 60-s volume, and the mean price of R-P1 row 1."""

from __future__ import annotations

from flows.journal.compiled import part
from flows.pricing.columns import market, stage
from flows.pricing.records import LOTS as TRADE_LOTS
from flows.pricing.records import PRICE, TIME_NS, Records
from flows.pricing.state import LOTS, SECOND, TAPE_SECONDS, TICKS_SUM, TRADES, State
from flows.rules.breaker.band import OPENED
from flows.rules.scale.time import SECOND_NS

VOLUME_SECONDS, MEAN_SECONDS = 60, 300


@part
def take_trade(s: State, row: int, trade: Records) -> bool:
    """Put a trade on the tape; whether it is the market's last."""
    m, second = s.markets[row], trade[TIME_NS] // SECOND_NS
    # Behind what is summed nothing reads it; the room ahead is more than the clock's skew.
    if second >= m[market.TAPE_UNTIL] - MEAN_SECONDS:
        here = s.tape[row, second % TAPE_SECONDS]
        if here[SECOND] != second:
            here[SECOND], here[LOTS], here[TICKS_SUM], here[TRADES] = second, 0, 0, 0
        here[LOTS] += trade[TRADE_LOTS]
        here[TICKS_SUM] += trade[PRICE]
        here[TRADES] += 1
        if second < m[market.TAPE_UNTIL]:
            if second >= m[market.VOLUME_FROM]:
                m[market.VOLUME_LOTS] += trade[TRADE_LOTS]
            if second >= m[market.MEAN_FROM]:
                m[market.MEAN_TICKS_SUM] += trade[PRICE]
                m[market.MEAN_TRADES] += 1
    if trade[TIME_NS] < m[market.LAST_NS]:
        return False
    m[market.LAST_TICKS], m[market.LAST_NS] = trade[PRICE], trade[TIME_NS]
    return True


@part
def _of_second(s: State, row: int, second: int, column: int) -> int:
    """What the tape holds of a second, 0 for one without a trade."""
    here = s.tape[row, second % TAPE_SECONDS]
    return here[column] if here[SECOND] == second else 0


@part
def end_seconds(s: State, row: int) -> None:
    """Move the windows to the clock: sums over [clock - window, clock), the mean's from the last opening on."""
    m = s.markets[row]
    until, former = s.stage[stage.CLOCK_NS] // SECOND_NS, m[market.TAPE_UNTIL]
    opened = -(-m[market.BAND + OPENED] // SECOND_NS)
    volume_from, mean_from = until - VOLUME_SECONDS, max(until - MEAN_SECONDS, opened)
    if until - former > MEAN_SECONDS:
        former = until - MEAN_SECONDS
        m[market.VOLUME_FROM], m[market.MEAN_FROM] = former, former
        m[market.VOLUME_LOTS], m[market.MEAN_TICKS_SUM], m[market.MEAN_TRADES] = 0, 0, 0
    for second in range(m[market.VOLUME_FROM], min(volume_from, former)):
        m[market.VOLUME_LOTS] -= _of_second(s, row, second, LOTS)
    for second in range(m[market.MEAN_FROM], min(mean_from, former)):
        m[market.MEAN_TICKS_SUM] -= _of_second(s, row, second, TICKS_SUM)
        m[market.MEAN_TRADES] -= _of_second(s, row, second, TRADES)
    m[market.VOLUME_FROM] = max(m[market.VOLUME_FROM], volume_from)
    m[market.MEAN_FROM] = max(m[market.MEAN_FROM], mean_from)
    for second in range(max(former, m[market.VOLUME_FROM]), until):
        m[market.VOLUME_LOTS] += _of_second(s, row, second, LOTS)
    for second in range(max(former, m[market.MEAN_FROM]), until):
        m[market.MEAN_TICKS_SUM] += _of_second(s, row, second, TICKS_SUM)
        m[market.MEAN_TRADES] += _of_second(s, row, second, TRADES)
    m[market.TAPE_UNTIL] = until
