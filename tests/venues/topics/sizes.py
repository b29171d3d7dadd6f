"""How much is closed at once: restoring sizes, slices, budgets."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import Any

from flows.rules.backstop.takeover import taken_share
from flows.rules.breaker.permissions import HARD_ORDERS, STATE_PAUSE, permissions
from flows.rules.call.levels import is_under_margin
from flows.rules.call.participation import budget, budget_total, lots_within_budget
from flows.rules.exact import PPM, mul_ppm_ceil, mul_ppm_floor
from flows.rules.liquidation.penalty import penalty_quanta
from flows.rules.liquidation.restore import frees_more_than_it_costs, restore_lots
from flows.rules.liquidation.slice import slice_lots
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.scale.time import is_due, is_in_window
from tests.venues.amounts import ONE_TIER, exact, places, ppm, scale_for, scaled, whole
from tests.venues.dydx import accounts
from tests.venues.mapping import Inputs, maps
from tests.venues.verdict import Answer, Difference

UNBOUNDED = 2**64 - 1
ANY_AMOUNT = 10**60
"""An amount that binds nobody."""


# ---- Drift v2 --------------------------------------------------------------------------------------------------------
@maps("base-to-cover", "R-H1", ("margin_shortage", "margin_ratio", "liquidator_fee"))
def base_to_cover_of(given: Inputs) -> Answer:
    rate, quote_price = whole(given["margin_ratio"]) * 100, whole(given["quote_price"])
    fund_fee = Fraction(whole(given["if_fee"]) * PPM, quote_price)
    if fund_fee.denominator != 1:
        return Answer(missing={"*": "a fee that is no parts per million of the value (R-H5)"})
    penalty = whole(given["liquidator_fee"]) + fund_fee.numerator
    price = whole(given["oracle_price"]) * quote_price
    if price == 0 or not frees_more_than_it_costs(True, rate, PPM, 0, penalty):
        return Answer(
            {"base": "all"},
            {
                "base": Difference(
                    UNBOUNDED, "no size restores: the largest number says so; here all is closed (R-H1)"
                )
            },
        )
    # Lots of 1e-9 at prices of 1e-12, in quanta of 1e-33: rates leave no remainder, so only the size is rounded.
    v, shortage = 10**12, whole(given["margin_shortage"]) * 10**27
    lots = 2 * shortage * PPM // ((rate - penalty) * price * v) + 2
    margin = maintenance_margin(lots * price * v, ONE_TIER, (rate,), (0,))
    size = restore_lots(lots, price, v, margin - shortage, 0, ONE_TIER, (rate,), (0,), PPM, 0, penalty)
    return Answer(
        {"base": size},
        {
            "base": Difference(
                cut_base(given), "a size is cut to 1e-9; here it is the least that restores (R-H1)"
            )
        },
        note="a target of 100 %, fees as the penalty, no slippage",
    )


def cut_base(given: Inputs) -> int:
    """Divide shortage by what a unit frees, each step cut to 1e-6."""
    oracle, rate = whole(given["oracle_price"]), whole(given["margin_ratio"]) * 100
    price = oracle * whole(given["quote_price"]) // PPM
    freed = price * (rate - whole(given["liquidator_fee"])) // PPM - oracle * whole(given["if_fee"]) // PPM
    return whole(given["margin_shortage"]) * 10**9 // freed if freed > 0 else UNBOUNDED


# ---- dYdX v4 ---------------------------------------------------------------------------------------------------------
@maps("size", "R-H4, R-G5", ("markets", "position_base_quantums", "max_position_portion_ppm"))
def dydx_size_of(given: Inputs) -> Answer:
    base, step = whole(given["position_base_quantums"]), whole(given["step_base_quantums"])
    portion, least = whole(given["max_position_portion_ppm"]), whole(given["min_position_notional"])
    plain, _ = accounts(given, {"quote_balance": 0, "positions": []})
    held = plain.markets[given["market"]]
    lot_base = gcd(base, step)
    unit = 10**held.fine
    lots, lot_quanta = base // lot_base, lot_base * held.ticks * held.v
    left = whole(given["remaining_account_notional"]) * unit
    budget_lots = left // lot_quanta
    size = slice_lots(lots, abs(lots), lot_quanta, portion, least * unit, 0, budget_lots)
    # A share in money, so that it is the lots of a least notional, which round down.
    notional = abs(lots) * lot_quanta
    cap = min(max(min(least * unit, notional), mul_ppm_floor(notional // unit, portion) * unit), left)
    by_money = min(max(cap // lot_quanta * lot_base // step * step, step), abs(base))
    by_money = abs(base) if notional <= cap else by_money
    sign = -1 if base > 0 else 1
    in_money = (abs(lots) * lot_quanta // unit, abs(lots) * lot_quanta // unit, 1)
    smallest = slice_lots(*in_money, 0, least, 0, UNBOUNDED)
    largest = slice_lots(*in_money, portion, least, 0, UNBOUNDED)
    return Answer(
        {"delta_base_quantums": sign * size * lot_base, "min_notional": smallest, "max_notional": largest},
        {
            "delta_base_quantums": Difference(
                sign * by_money,
                "a share is rounded down to the step and never under one; "
                "here a share is rounded up to the lot and a budget down (R-H4, R-G5)",
            ),
            "max_notional": Difference(
                max(smallest, mul_ppm_floor(in_money[0], portion)), "a share is rounded down; here up (R-H4)"
            ),
        },
    )


@maps("block-limits", "R-G5", ("max_notional_per_block", "notional_used"))
def block_limits_of(given: Inputs) -> Answer:
    if given["same_market"]:
        return Answer(
            missing={
                "*": "R-H4's one slice a market at a time, which is the pool's state and no rule's value"
            }
        )
    limit, used = whole(given["max_notional_per_block"]), whole(given["notional_used"])
    for key in ("max_insurance_per_block", "insurance_used"):
        given.get(key)
    return Answer(
        {"remaining_notional": budget(limit, 0, PPM, used)},
        {
            "remaining_notional": Difference(
                "limit_exceeded" if used > limit else limit - used,
                "more used than allowed is an error; here nothing is left (R-G5)",
            )
        },
        {"remaining_insurance": "R-K2: a cap on what the fund pays at a time"},
    )


# ---- Synthetix v3 ----------------------------------------------------------------------------------------------------
@maps("window", "R-G5, R-A6", ("skew_scale", "window_seconds", "calls"))
def window_of(given: Inputs) -> Answer:
    fees = exact(given["maker_fee"]) + exact(given["taker_fee"])
    seconds = exact(given["window_seconds"])
    capacity = fees * exact(given["skew_scale"]) * seconds * exact(given["multiplier"])
    scale = scale_for((capacity, *given["positions"].values()), (1,))
    digits = places(seconds, *(time for time, _ in given["calls"]))
    window, room = scaled(seconds, digits), scale.lots(capacity)
    left = {name: abs(scale.lots(size)) for name, size in given["positions"].items()}
    done: list[tuple[int, int]] = []
    for call, name in given["calls"]:
        time = scaled(call, digits)
        used = sum(size for at, size in done if is_in_window(at, time, window))
        size = lots_within_budget(left[name], room, 0, PPM, used, 1) if used < room else 0
        left[name] -= size
        done.append((time, size))
    taken = [Fraction(size, 10**scale.lot_places) for _, size in done]
    return Answer({"liquidated": taken}, note="the capacity stands for the volume, at 100 %, in lots")


# ---- Vega ------------------------------------------------------------------------------------------------------------
@maps("disposal", "R-H4, R-G5, R-P4, R-A6", ("network_position", "disposal_fraction", "full_disposal_size"))
def disposal_of(given: Inputs) -> Answer:
    lots = whole(given["network_position"])
    fraction, consumed = ppm(given["disposal_fraction"]), ppm(given["max_fraction_consumed"])
    full, volume = whole(given["full_disposal_size"]), whole(given["available_volume"])
    due = is_due(whole(given["time_step_seconds"]), whole(given["seconds_since_last_step"]))
    allowed = permissions(STATE_PAUSE if given["in_auction"] else 0) & HARD_ORDERS
    if not due or not allowed:
        return Answer({"order_size": 0})
    size = slice_lots(lots, abs(lots), 1, fraction, 0, full, budget_total(volume, 0, consumed))
    paced = abs(lots) if abs(lots) <= full else mul_ppm_ceil(abs(lots), fraction)
    return Answer(
        {"order_size": size},
        {
            "order_size": Difference(
                min(paced, mul_ppm_ceil(volume, consumed)),
                "a small position goes whole and a budget is rounded up; "
                "here what would be left decides, and a budget is rounded down (R-H4, R-G5)",
            )
        },
        note="the size of a full disposal stands for dust",
    )


# ---- Maker -----------------------------------------------------------------------------------------------------------
WAD = 10**18


@maps("liquidation-size", "R-G1, R-H4, R-G5, R-H5, R-J3", ("ink", "art", "spot", "dust"))
def bark_of(given: Inputs) -> Answer:
    ink, art, rate, dust = (whole(given[key]) for key in ("ink", "art", "rate", "dust"))
    worth, owed = ink * whole(given["spot"]), art * rate
    chop = whole(given["chop"])
    room = min(
        whole(given["global_limit"]) - whole(given["global_used"]),
        whole(given["market_limit"]) - whole(given["market_used"]),
    )
    if not is_under_margin(worth, owed, False):
        return Answer({"error": "not_unsafe"})
    if room <= 0:
        return Answer(missing={"*": "the name of this refusal (here R-G5's budget is 0)"})
    penalty = Fraction(chop, WAD) - 1
    budget_lots = room * WAD // rate // chop
    ours = bark_amounts(ink, art, rate, slice_lots(art, art, rate, PPM, 0, dust, budget_lots), ppm(penalty))
    theirs = min(art, budget_lots)
    if 0 < (art - theirs) * rate < dust:
        theirs = art
    reason = "dust goes with the slice even over the limit; here only where the budget admits it (R-H4)"
    differs = {
        key: Difference(value, reason)
        for key, value in bark_amounts(ink, art, rate, theirs, ppm(penalty)).items()
    }
    if theirs < art and theirs * rate < dust:
        differs["error"] = Difference(
            "dusty_auction", "a slice under the dust limit is refused; here it is taken (R-H4)"
        )
    return Answer(ours, differs, note="debt is the position, its rate the worth of a lot")


def bark_amounts(ink: int, art: int, rate: int, taken: int, penalty_ppm: int) -> dict[str, Any]:
    """What follows from a size: collateral in proportion, and the debt with its penalty."""
    owed = taken * rate
    return {
        "debt_taken": taken,
        "debt_left": art - taken,
        "collateral_taken": taken_share(ink, 1, 1, taken, art),
        "auction_debt": owed + penalty_quanta(owed, penalty_ppm, ANY_AMOUNT, 0),
    }


# ---- Mango v4 --------------------------------------------------------------------------------------------------------
@maps("reduce-and-settle", "R-H1, R-D1", ("base_asset_weight", "settle_token", "max_base"))
def reduce_of(given: Inputs) -> Answer:
    amounts = (given["settle_token"], given["quote"], given["other_token"])
    scale = scale_for((1,), (1,), amounts)
    rate = ppm(1 - exact(given["base_asset_weight"]))
    lots, limit = whole(given["base"]), abs(whole(given["max_base"]))
    for key in ("overall_asset_weight", "positive_pnl_fee", "max_pnl"):
        given.get(key)
    settle, quote, other = (scale.quanta(amount) for amount in amounts)
    v = scale.v
    settling = "settlement of gains against the settle token at a weight and a fee (here gains count as they stand, R-E1)"

    def result(held: int, cash: int) -> int:
        """Gain less margin: the value of a perp that Mango weighs."""
        return held * v + cash - maintenance_margin(abs(held) * v, ONE_TIER, (rate,), (0,))

    if lots == 0 or result(lots, quote) >= 0:
        return Answer(missing={"*": settling})
    equity = settle + other + quote + lots * v
    size = min(restore_lots(lots, 1, v, equity, 0, ONE_TIER, (rate,), (0,), PPM, 0, 0), limit)
    side = 1 if lots > 0 else -1
    left, cash = lots - side * size, quote + side * size * v
    reached = settle + other + result(left, cash) >= 0
    if result(left, cash) > 0 or (result(left, cash) == 0 and not reached):
        return Answer(missing={"*": settling})
    return Answer(
        {"settle_token_after": scale.money(settle), "base_after": left, "quote_after": scale.money(cash)},
        note="only the step that reduces acts",
    )
