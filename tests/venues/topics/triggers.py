"""Triggers: who may be liquidated, who is riskier, which change an account may make."""

from __future__ import annotations

from typing import Any

from flows.rules.call.levels import BACKSTOP_PPM, BANKRUPT, CALL_PPM, HARD_PPM, level_of
from flows.rules.exact import PPM, is_below, riskier
from flows.rules.margin.health import is_liquidatable
from flows.rules.margin.initial import missing_quanta
from flows.rules.margin.limits import only_reduces
from flows.rules.orders.check import (
    ACCEPT,
    after_order,
    after_reduction,
    decide_increase,
    decide_reduction,
    lowers_health,
)
from tests.venues.amounts import ONE_TIER, exact, ppm, scale_for, whole
from tests.venues.dydx import ANY_LEVERAGE, accounts
from tests.venues.mapping import Inputs, maps
from tests.venues.topics.accounts import ORDERS
from tests.venues.verdict import Answer, Difference


def is_bankrupt(equity: int, margin: int) -> bool:
    """Tell whether the ladder's last level is reached; equity has no haircut here."""
    return level_of(equity, equity, margin, False, CALL_PPM, HARD_PPM, BACKSTOP_PPM, False) == BANKRUPT


# ---- dYdX v4 ---------------------------------------------------------------------------------------------------------
@maps("trigger", "R-E2, R-A5, R-D2", ("net_collateral",))
def requirement_of(given: Inputs) -> Answer:
    equity = whole(given["net_collateral"])
    ours: dict[str, Any] = {}
    if "initial_margin" in given:
        ours["initial_collateralized"] = missing_quanta(equity, whole(given["initial_margin"])) == 0
    if "maintenance_margin" in given:
        margin = whole(given["maintenance_margin"])
        ours["maintenance_collateralized"] = not is_below(equity, margin, PPM)
        ours["liquidatable"] = is_liquidatable(equity, margin)
    return Answer(ours)


@maps("trigger", "R-E1, R-D1, R-E2", ("quote_balance", "markets", "positions"))
def account_trigger_of(given: Inputs) -> Answer:
    plain, habits = accounts(given, {key: given[key] for key in ("quote_balance", "positions")})
    return Answer(
        {"liquidatable": is_liquidatable(plain.equity(), plain.margin())},
        {"liquidatable": Difference(is_liquidatable(habits.equity(), habits.margin()), plain.habit())},
    )


@maps("risk-order", "R-A5", ("first_net_collateral", "second_net_collateral"))
def risk_order_of(given: Inputs) -> Answer:
    first = whole(given["first_net_collateral"]), whole(given["first_maintenance_margin"])
    second = whole(given["second_net_collateral"]), whole(given["second_maintenance_margin"])
    before, after = riskier(*first, 1, *second, 2), riskier(*first, 2, *second, 1)
    return Answer(
        {"order": 0 if before != after else 1 if before else -1},
        note="ids decide what is left; where they do, the order is 0",
    )


@maps(
    "undercollateralized-change",
    "R-F1",
    ("old_net_collateral", "new_net_collateral"),
    ("old_initial_margin",),
)
def change_of(given: Inputs) -> Answer:
    equity, margin = whole(given["old_net_collateral"]), whole(given["old_maintenance_margin"])
    equity_after, margin_after = whole(given["new_net_collateral"]), whole(given["new_maintenance_margin"])
    reduces = margin_after <= margin
    passes = reduces and not lowers_health(equity, margin, equity_after, margin_after)
    theirs = passes if margin_after else margin == 0 and equity_after > equity
    word = {True: "success", False: "still_undercollateralized"}
    return Answer(
        {"result": word[passes]},
        {
            "result": Difference(
                word[theirs],
                "an account left without a margin must have had none and gain; "
                "here closing may not lower health (R-F1), and without a margin there is none",
            )
        },
    )


@maps("when", "R-G1", ("quote_balance", "market_status"))
def deleverages_when(given: Inputs) -> Answer:
    plain, _ = accounts(given, {key: given[key] for key in ("quote_balance", "positions")})
    bankrupt = is_bankrupt(plain.equity(), plain.margin())
    ours = {"deleverage_at_bankruptcy_price": bankrupt}
    if given["market_status"] != "final_settlement":
        ours["deleverage_at_oracle_price"] = False
        return Answer(ours, note="a market that does not expire closes nobody at the oracle price")
    return Answer(ours, missing={"*": "R-B5: final settlement of a market"})


# ---- Drift v2, Paradex -----------------------------------------------------------------------------------------------
@maps("bankrupt", "R-G1, R-E1", ())
def bankrupt_of(given: Inputs) -> Answer:
    perps = [perp for perp in given.get("perp", []) if not perp.get("isolated", False)]
    spots = [whole(amount) for amount in given.get("spot", [])]
    if any(set(perp) - {"quote", "isolated"} for perp in perps):
        return Answer(missing={"*": "the worth of a position whose price is not given"})
    quotes = [whole(perp["quote"]) for perp in perps]
    equity = sum(quotes) + sum(spots)
    owes = any(amount < 0 for amount in (*quotes, *spots))
    holds = any(amount > 0 for amount in (*quotes, *spots))
    return Answer(
        {"bankrupt": is_bankrupt(equity, 0)},
        {
            "bankrupt": Difference(
                owes and not holds,
                "an account with anything left in it is not bankrupt yet; here one with equity below 0 is (R-E2)",
            )
        },
    )


@maps("order-check", "R-F1, R-D2", ("collateral", "order_size", "im_rate"))
def order_check_of(given: Inputs) -> Answer:
    if exact(given.get("open_sells", 0)) or exact(given.get("open_buys", 0)):
        return Answer(missing={"*": ORDERS})
    scale = scale_for(
        (given["position"], given["order_size"]),
        (given["entry_price"], given["mark_price"]),
        (given["collateral"],),
    )
    lots, mark, v = scale.lots(given["position"]), scale.ticks(given["mark_price"]), scale.v
    delta = scale.lots(given["order_size"]) * (1 if given["order_side"] == "buy" else -1)
    equity = scale.quanta(given["collateral"]) + lots * (mark - scale.ticks(given["entry_price"])) * v
    table = (ONE_TIER, (ppm(given["im_rate"]),), (0,))
    equity_after, margin_after = after_order(equity, 0, lots, delta, mark, mark, v, 0, *table, ANY_LEVERAGE)
    if only_reduces(lots, delta):
        kept = after_reduction(equity, 0, lots, 0, mark, mark, v, 0, *table)
        left = after_reduction(equity, 0, lots, delta, mark, mark, v, 0, *table)
        code = decide_reduction(equity_after, margin_after, lowers_health(*kept, *left), True, True)
    else:
        code = decide_increase(equity_after, margin_after, True, True, False, True, True, False, True)
    return Answer(
        {
            "account_value": scale.money(equity),
            "initial_margin_after": scale.money(margin_after),
            "accepted": code == ACCEPT,
        }
    )
