"""Funding: samples to a rate, a rate to a cap, a capped rate to payments."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flows.rules.exact import PPB, PPM, div_trunc, mul_div_trunc, mul_ppm_floor
from flows.rules.funding.cap import capped_rate_ppb, funding_cap_ppb, margin_gap_ppm
from flows.rules.funding.payment import owed, per_lot
from flows.rules.funding.premium import premium_sample
from flows.rules.funding.rate import DAMPER_PPB, eight_hour_rate_ppb, hourly_rate_ppb, mean_premium_ppb
from flows.rules.oracle.aggregate import aggregate
from flows.rules.oracle.mark import funding_price_subticks
from tests.venues.amounts import Scale, exact, places, ppb, scale_for, whole
from tests.venues.dydx import power_of
from tests.venues.mapping import Inputs, lacks, maps
from tests.venues.verdict import Answer, Difference

EIGHT_HOURS_S = 28_800
MEMORY = "R-N5: a rate that moves with what it was"
NO_DAMPER = "no damper: the premium itself is paid; here the rate is premium + clamp(interest - premium, 0.05 %) (R-N2)"
LISTED_NS, LATER_NS = 0, 1
"""A market listed before the hour began."""


# ---- dYdX v4 ---------------------------------------------------------------------------------------------------------
@maps("settlement", "R-N4", ("new_index", "base_quantums", "old_index"))
def settlement_of(given: Inputs) -> Answer:
    due = owed(whole(given["base_quantums"]), whole(given["new_index"]), whole(given["old_index"]))
    return Answer({"settlement_ppm": -due}, note="their index is our sum per lot, in 1e-6 of a quantum")


def index_delta(rate_8h_ppm: int, seconds: int, given: Any) -> tuple[Fraction, int]:
    """Move the index by a rate for a time: our payment a lot, and theirs with its two truncations."""
    resolution = whole(given["atomic_resolution"])
    ticks, power = power_of(whole(given["price"]), whole(given["price_exponent"]), resolution)
    fine = max(0, -(power + 6))
    v = 10 ** (power + 6 + fine)
    rate = hourly_rate_ppb(rate_8h_ppm * 1_000, LISTED_NS, LATER_NS)
    if seconds != 3_600:
        rate = mul_div_trunc(rate_8h_ppm * 1_000, seconds, EIGHT_HOURS_S)
    paid, _ = per_lot(ticks, v, rate, 0)
    product = div_trunc(rate_8h_ppm * seconds * ticks * v, PPM * 10**fine)
    return Fraction(paid, 10**fine), div_trunc(product, EIGHT_HOURS_S)


@maps("index-delta", "R-N2, R-N4", ("rate_8h_ppm", "seconds", "price"))
def index_delta_of(given: Inputs) -> Answer:
    ours, theirs = index_delta(whole(given["rate_8h_ppm"]), whole(given["seconds"]), given)
    reason = "rate, time and price are multiplied before one division; here the rate of the time comes first (R-N2)"
    return Answer(
        {"index_delta": ours},
        {"index_delta": Difference(theirs, reason)},
        note="an index in 1e-6 of a quantum",
    )


def bound_ppb(initial_ppm: int, fraction_ppm: int, factor_ppm: int) -> int | None:
    """Give the largest rate of a market, or nothing where R-N3 refuses the market: there is no gap."""
    gap = margin_gap_ppm((PPM,), (initial_ppm,), (mul_ppm_floor(initial_ppm, fraction_ppm),))
    return funding_cap_ppb(gap, factor_ppm) if gap > 0 else None


NO_GAP = "a market without a gap between the margins has a bound of 0; here it is refused (R-N3)"


@maps("clamp", "R-N3", ("clamp_factor_ppm", "initial_margin_ppm"))
def clamp_of(given: Inputs) -> Answer:
    factor = whole(given["clamp_factor_ppm"])
    bound = bound_ppb(whole(given["initial_margin_ppm"]), whole(given["maintenance_fraction_ppm"]), factor)
    if bound is None:
        return Answer({"bound_ppm": "refused"}, {"bound_ppm": Difference(0, NO_GAP)})
    return Answer(
        {"bound_ppm": Fraction(bound, 1_000)},
        {
            "bound_ppm": Difference(
                bound // 1_000, "a bound is cut to a millionth; here to a billionth (R-N3)"
            )
        },
    )


@maps("sample", "R-O2", ("votes_ppm", "vote_rounds", "min_votes"))
def sample_of(given: Inputs) -> Answer:
    votes = [whole(vote) for vote in given["votes_ppm"]]
    rounds = max(whole(given["vote_rounds"]), whole(given["min_votes"]), len(votes))
    votes += [0] * (rounds - len(votes))
    if not votes:
        return Answer({"sample_ppm": 0})
    twice = median([2 * vote for vote in votes])
    nearest = (abs(twice) + 1) // 2 * (1 if twice > 0 else -1)
    return Answer(
        {"sample_ppm": median(votes)},
        {
            "sample_ppm": Difference(
                nearest, "the middle of two is rounded half away from zero; here down (R-O2)"
            )
        },
        note="R-O2's median of equal weights without confidence; a missing vote counts as 0",
    )


def median(values: list[int]) -> int:
    count = len(values)
    return aggregate(values, [0] * count, [1] * count, count, [0] * 3 * count, [0] * 3 * count)[0]


@maps("tick", "R-N2, R-N3, R-N4", ("samples_ppm_and_count", "tick_seconds"))
def tick_of(given: Inputs) -> Answer:
    samples = [(whole(value), whole(count)) for value, count in given["samples_ppm_and_count"]]
    seconds = whole(given["tick_seconds"])
    rounds = max(sum(count for _, count in samples), -(-seconds // whole(given["sample_seconds"])))
    premium = mean_premium_ppb(sum(value * count for value, count in samples) * 1_000, 0, rounds)
    default = whole(given["default_funding_ppm"]) * 1_000
    bound = bound_ppb(whole(given["initial_margin_ppm"]), whole(given["maintenance_fraction_ppm"]), 6 * PPM)
    if bound is None:
        return Answer(
            {"rate_8h_ppm": "refused"},
            {"rate_8h_ppm": Difference(0, NO_GAP), "index_delta": Difference(0, NO_GAP)},
        )
    ours = capped_rate_ppb(eight_hour_rate_ppb(premium, default), bound)
    theirs = capped_rate_ppb(div_trunc(premium, 1_000) * 1_000 + default, bound // 1_000 * 1_000) // 1_000
    reason = f"{NO_DAMPER}; a mean is cut to a millionth"
    moved = per_lot_of(hourly_rate_ppb(ours, LISTED_NS, LATER_NS), given) if seconds == 3_600 else None
    differs = {
        "rate_8h_ppm": Difference(theirs, reason),
        "index_delta": Difference(index_delta(theirs, seconds, given)[1], reason),
    }
    rates: dict[str, Any] = {"rate_8h_ppm": Fraction(ours, 1_000)}
    return Answer(rates if moved is None else {**rates, "index_delta": moved}, differs)


def per_lot_of(rate_ppb: int, given: Any) -> Fraction:
    ticks, power = power_of(
        whole(given["price"]), whole(given["price_exponent"]), whole(given["atomic_resolution"])
    )
    fine = max(0, -(power + 6))
    return Fraction(per_lot(ticks, 10 ** (power + 6 + fine), rate_ppb, 0)[0], 10**fine)


lacks("tails", "R-N2", ("removal_ppm", "samples"), "trimming of outlying samples: R-N2 takes every one")


# ---- exchanges -------------------------------------------------------------------------------------------------------
@maps("funding", "R-N4", ("size", "rate", "mark_price"))
def exchange_funding_of(given: Inputs) -> Answer:
    scale = scale_for((given["size"],), (given["mark_price"],))
    rate = exact(given["rate"]) * exact(given.get("time_share", 1))
    paid, _ = per_lot(scale.ticks(given["mark_price"]), scale.v, ppb(rate), 0)
    due = owed(-scale.lots(given["size"]), paid, 0)
    return Answer({"receipt_of_short": scale.money(-due)}, note="their mark stands for the index")


PERCENT = 100


@maps("damper", "R-N2", ("premium_percent", "damper_percent"))
def damper_of(given: Inputs) -> Answer:
    return rate_answer(given, "damper_percent", 0)


@maps("clamp", "R-N2", ("premium_percent", "interest_percent", "clamp_percent"))
def interest_of(given: Inputs) -> Answer:
    return rate_answer(given, "clamp_percent", ppb(exact(given["interest_percent"]) / PERCENT))


def rate_answer(given: Inputs, damper: str, interest: int) -> Answer:
    if ppb(exact(given[damper]) / PERCENT) != DAMPER_PPB:
        return Answer(missing={"*": "a damper of another width: R-N2's is 0.05 %"})
    rate = eight_hour_rate_ppb(ppb(exact(given["premium_percent"]) / PERCENT), interest)
    return Answer({"rate_percent": Fraction(rate * PERCENT, PPB)})


@maps("funding-basis", "R-O8", ("index", "funding_rate", "time_left"))
def funding_price_of(given: Inputs) -> Answer:
    subticks, digits = price_units(given["index"])
    left, period = time_units(given["time_left"], given["period"])
    price = funding_price_subticks(subticks, ppb(given["funding_rate"]), left, period)
    return Answer({"price1": Fraction(price, 10**digits)})


@maps("basis-rate", "R-O8", ("funding_rate_percent", "minutes_left"))
def basis_rate_of(given: Inputs) -> Answer:
    left, period = time_units(given["minutes_left"], given["cycle_minutes"])
    rate = ppb(exact(given["funding_rate_percent"]) / PERCENT)
    moved = funding_price_subticks(PPB, rate, left, period) - PPB
    return Answer({"rate_percent": Fraction(moved * PERCENT, PPB)}, note="on an index of a billion subticks")


def price_units(price: object) -> tuple[int, int]:
    """Give a price in subticks of a trillionth of its last digit."""
    digits = places(price) + 12
    return whole(exact(price) * 10**digits), digits


def time_units(left: object, period: object) -> tuple[int, int]:
    digits = places(left, period)
    return whole(exact(left) * 10**digits), whole(exact(period) * 10**digits)


# ---- Drift v2, Derive v2 ---------------------------------------------------------------------------------------------
@maps("funding-basis", "R-O8", ("oracle_price", "last_funding_rate", "funding_period"))
def drift_basis_of(given: Inputs) -> Answer:
    oracle, twap = whole(given["oracle_price"]), whole(given["last_funding_oracle_twap"])
    period, since = whole(given["funding_period"]), whole(given["seconds_since_funding"])
    hourly = div_trunc(whole(given["last_funding_rate"]) * PPM, twap)
    left = max(0, period - since)
    plain = funding_price_subticks(oracle, hourly, left, period) - oracle
    daily = div_trunc(oracle * (24 * hourly - PPB // 5_000), PPM)
    theirs = div_trunc(div_trunc(daily * left, period), 1_000)
    reason = "a day of the hourly rate less 1/5000 of the price, for the time left; here the rate of the interval itself (R-O8)"
    return Answer({"basis": plain}, {"basis": Difference(theirs, reason)})


@maps("funding", "R-N1, R-N2, R-N4", ("index_price", "convergence_hours", "impact_bid"))
def derive_funding_of(given: Inputs) -> Answer:
    prices = (given["index_price"], given["impact_bid"], given["impact_ask"])
    scale = scale_for((given.get("size", 1),), prices)
    index, bid, ask = (scale.ticks(price) for price in prices)
    # An impact price is what a book gives; a side that adds nothing is left out, so that the two never cross.
    bids, asks = ((bid,) if bid > index else ()), ((ask,) if ask < index else ())
    premium, _ = premium_sample(bids, (1,) * len(bids), asks, (1,) * len(asks), 1, 1, index, PPB)
    cap, static = ppb(given["max_hourly_rate"]), ppb(given.get("static_rate", 0))
    ours = capped_rate_ppb(
        hourly_rate_ppb(eight_hour_rate_ppb(premium, 8 * static), LISTED_NS, LATER_NS), cap
    )
    theirs = capped_rate_ppb(div_trunc(premium, whole(given["convergence_hours"])) + static, cap)
    mine, hers = derive_values(ours, index, scale, given), derive_values(theirs, index, scale, given)
    return Answer(mine, {key: Difference(value, NO_DAMPER) for key, value in hers.items()})


def derive_values(rate: int, index: int, scale: Scale, given: Inputs) -> dict[str, Any]:
    values: dict[str, Any] = {"hourly_rate": Fraction(rate, PPB)}
    if "size" in given:
        due = owed(
            scale.lots(given["size"]), per_lot(index, scale.v, rate, 0)[0] * whole(given.get("hours", 1)), 0
        )
        values |= {"long_payment": -scale.money(due), "short_payment": scale.money(due)}
    return values


# ---- rates of another kind -------------------------------------------------------------------------------------------
lacks("funding", "R-N5", ("skew", "skew_scale", "max_velocity"), MEMORY)
lacks("adaptive", "R-N5", ("long_open_interest", "saved_factor_e30"), MEMORY)
lacks(
    "funding",
    "R-N2",
    ("size", "intervals"),
    "funding that flows all the time on a difference of averages: R-N2 pays a rate an hour",
)
