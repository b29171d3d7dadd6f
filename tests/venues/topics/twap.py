"""Time-weighted averages over irregular observations."""

from __future__ import annotations

from math import lcm
from typing import Any

from flows.rules.exact import PPM
from flows.rules.oracle.twap import accumulate, twap_subticks
from tests.venues.amounts import whole
from tests.venues.mapping import Inputs, maps
from tests.venues.verdict import Answer, Difference

NO_GAP = 10**18
"""Any silence is shorter: a value holds until the next."""


# ---- Uniswap v3: sums from the first observation on ------------------------------------------------------------------
class Observations:
    """What was in force from when on; at most one observation a second."""

    def __init__(self, given: Any) -> None:
        self.times = [whole(given["start_time"])]
        self.ticks = [whole(given["tick"])]
        self.liquidity = [whole(given["liquidity"])]
        for update in given.get("updates", []):
            time = self.times[-1] + whole(update["advance_seconds"])
            self.put(time, whole(update["tick"]), whole(update["liquidity"]))
        self.now = self.times[-1] + whole(given.get("advance_seconds", 0))
        self.kept = min(whole(given["cardinality"]), len(self.times))

    def put(self, time: int, tick: int, liquidity: int) -> None:
        if time == self.times[-1]:
            self.ticks[-1], self.liquidity[-1] = tick, liquidity
        else:
            self.times.append(time)
            self.ticks.append(tick)
            self.liquidity.append(liquidity)

    def is_covered(self, ago: int) -> bool:
        """Tell whether the rows that are kept reach back so far (R-O9's coverage)."""
        if ago == 0:
            return True
        times, ticks = self.times[-self.kept :], self.ticks[-self.kept :]
        area, covered = [0] * len(times), [0] * len(times)
        accumulate(times, ticks, area, covered, 1, NO_GAP)
        _, _, coverage_ppm = twap_subticks(times, ticks, area, covered, self.now, ago, NO_GAP)
        return coverage_ppm == PPM

    def area(self, values: list[int], ago: int) -> int:
        """Sum value x time up to an instant: a row set there changes nothing else (R-O9)."""
        at = self.now - ago
        rows = [row for row, time in enumerate(self.times) if time <= at]
        times = [*(self.times[row] for row in rows), at]
        held = [values[row] for row in rows]
        area, covered = [0] * len(times), [0] * len(times)
        accumulate(times, [*held, held[-1]], area, covered, 1, NO_GAP)
        return area[-1]

    def floored(self, ago: int) -> int:
        """Sum 2^128 / liquidity as the source does: each observation floored, and what lies between two of them."""
        at, total = self.now - ago, 0
        ends = [*self.times[1:], self.now]
        for start, end, liquidity in zip(self.times, ends, self.liquidity, strict=True):
            if start >= at:
                break
            step = (end - start << 128) // max(liquidity, 1)
            total += step * (at - start) // (end - start) if at < end else step
        return total % 2**160


@maps("one-observation", "R-O9", ("start_time", "seconds_ago"))
@maps("two-observations", "R-O9", ("start_time", "seconds_ago"))
@maps("five-observations", "R-O9", ("start_time", "seconds_ago"))
@maps("many", "R-O9", ("start_time", "seconds_ago"))
@maps("extreme-liquidity", "R-O9", ("start_time", "seconds_ago"))
def cumulative_of(given: Inputs) -> Answer:
    observed = Observations(given)
    ago = [whole(seconds) for seconds in given["seconds_ago"]]
    if not all(observed.is_covered(seconds) for seconds in ago):
        return Answer({"error": "too_old"})
    over = lcm(*(max(liquidity, 1) for liquidity in observed.liquidity))
    inverse = [over // max(liquidity, 1) << 128 for liquidity in observed.liquidity]
    return Answer(
        {
            "tick_cumulatives": [observed.area(observed.ticks, seconds) for seconds in ago],
            "seconds_per_liquidity_x128": [
                observed.area(inverse, seconds) // over % 2**160 for seconds in ago
            ],
        },
        {
            "seconds_per_liquidity_x128": Difference(
                [observed.floored(seconds) for seconds in ago],
                "each observation's sum is cut; here sums are exact and one division ends them (R-O9)",
            )
        },
        note="the sum of any value in force; seconds stand for microseconds",
    )


# ---- Vega: the difference of two averages ----------------------------------------------------------------------------
PAID_ON_AVERAGES = (
    "funding paid on a difference of averages, scaled, bounded and without auctions: R-N2 pays a rate an hour"
)
FLOORED = "an average is rounded down; here half to even (R-O9)"
NO_TIME = "an average of no time is the price there; here there is none (R-O9)"


def average(points: list[dict[str, Any]], start: int, end: int) -> tuple[int | None, int]:
    """Average over the period from its start or the first point: ours where valid, and theirs."""
    times = [whole(point["time"]) for point in points]
    prices = [whole(point["price"]) for point in points]
    area, covered = [0] * len(times), [0] * len(times)
    accumulate(times, prices, area, covered, 1, NO_GAP)
    window = end - max(start, times[0])
    if window <= 0:
        return None, prices[0]
    valid, mean, _ = twap_subticks(times, prices, area, covered, end, window, NO_GAP)
    # The same average of prices a billion times as fine, so that only its own rounding is left out.
    fine = 10**9
    finer = [price * fine for price in prices]
    areas = [0] * len(times)
    accumulate(times, finer, areas, covered, 1, NO_GAP)
    return (mean if valid else None), twap_subticks(times, finer, areas, covered, end, window, NO_GAP)[
        1
    ] // fine


@maps("funding", "R-O9", ("period_start", "internal", "external"))
@maps("twap", "R-O9", ("period_start", "internal", "external"))
def averages_of(given: Inputs) -> Answer:
    if set(given) - {"period_start", "time", "internal", "external"}:
        return Answer(missing={"*": PAID_ON_AVERAGES})
    start, end = whole(given["period_start"]), whole(given["time"])
    internal, internal_floor = average(given["internal"], start, end)
    external, external_floor = average(given["external"], start, end)
    ours: dict[str, Any] = {"internal_twap": internal, "external_twap": external}
    if internal is not None and external is not None:
        ours["payment"] = internal - external
    theirs = {
        "internal_twap": internal_floor,
        "external_twap": external_floor,
        "payment": internal_floor - external_floor,
    }
    reason = NO_TIME if internal is None or external is None else FLOORED
    return Answer(
        ours,
        {key: Difference(value, reason) for key, value in theirs.items()},
        {"rate": PAID_ON_AVERAGES},
        note="the payment is the difference of two averages",
    )
