"""Accounts: equity, requirements, and what stands between them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.value import asset_value, debt_value
from flows.rules.exact import PPM, div_trunc, mul_ppm_ceil, mul_ppm_floor
from flows.rules.funding.payment import owed
from flows.rules.margin.equity import equity_maintenance
from flows.rules.margin.health import is_liquidatable
from flows.rules.margin.initial import initial_margin
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.position.fee import taker_fee
from flows.rules.scale.unit import notional_quanta, unrealized_quanta
from tests.venues.amounts import ONE_TIER, Scale, exact, ppm, scale_for, whole
from tests.venues.dydx import ANY_LEVERAGE, accounts
from tests.venues.mapping import Inputs, maps
from tests.venues.topics.margin_tables import SIZE_SCALED
from tests.venues.verdict import Answer, Difference

ORDERS = "R-D5: open orders in a margin"
BORROWS = "debts in other assets: only the settlement asset can be owed (R-C5)"


# ---- dYdX v4 ---------------------------------------------------------------------------------------------------------
@maps("account", "R-E1, R-N4, R-D1, R-D2", ("quote_balance", "markets", "positions"))
def dydx_account_of(given: Inputs) -> Answer:
    raw = {"quote_balance": given["quote_balance"], "positions": given["positions"]}
    plain, habits = accounts(given, raw)
    return Answer(
        {
            "net_collateral": plain.amount(plain.equity()),
            "initial_margin": plain.amount(plain.initial_margin()),
            "maintenance_margin": plain.amount(plain.margin()),
        },
        {
            "net_collateral": Difference(habits.equity(), plain.habit()),
            "initial_margin": Difference(habits.initial_margin(), plain.habit()),
            "maintenance_margin": Difference(habits.margin(), plain.habit()),
        },
        note="a position that cost nothing, its price in the balance",
    )


# ---- JOJO ------------------------------------------------------------------------------------------------------------
E18 = 10**18
JOJO_HABITS = "products are cut to 1e-6; here scales keep them whole (R-A1)"


class Jojo:
    """A JOJO account in quanta of 1e-24: paper in 1e-18 is lots, prices in 1e-6 are ticks, a lot at a tick is one."""

    def __init__(self, given: Any) -> None:
        self.balance = (whole(given["primary_credit_e6"]) + whole(given["secondary_credit_e6"])) * E18
        self.markets: dict[str, Any] = given["markets"]
        self.positions: list[dict[str, Any]] = given["positions"]

    def rate(self, market: str) -> int:
        return ppm(Fraction(whole(self.markets[market]["liquidation_threshold_e18"]), E18))

    def credit(self, held: dict[str, Any]) -> int:
        """Give a position's credit after its fee and funding; a rising rate credits longs."""
        trade = whole(held["trade_credit_e6"]) * E18
        fee = taker_fee(abs(trade), ppm(Fraction(whole(held.get("fee_rate_e18", 0)), E18)))
        change = whole(held.get("funding_rate_change_e6", 0))
        return trade - fee - owed(whole(held["paper_e18"]), -change, 0)

    def equity(self) -> int:
        gains = (
            unrealized_quanta(whole(held["paper_e18"]), -self.credit(held), whole(held["mark_price_e6"]), 1)
            for held in self.positions
        )
        return equity_maintenance(self.balance, 0, sum(gains))

    def margin(self) -> int:
        return sum(
            maintenance_margin(self.notional(held), ONE_TIER, (self.rate(held["market"]),), (0,))
            for held in self.positions
        )

    @staticmethod
    def notional(held: dict[str, Any]) -> int:
        return notional_quanta(whole(held["paper_e18"]), whole(held["mark_price_e6"]), 1)

    def cut_equity(self) -> int:
        """Give net value in 1e-6 as JOJO cuts it: each value, fee and funding towards zero."""
        total = self.balance // E18
        for held in self.positions:
            paper, trade = whole(held["paper_e18"]), whole(held["trade_credit_e6"])
            total += div_trunc(paper * whole(held["mark_price_e6"]), E18) + trade
            total -= abs(trade) * whole(held.get("fee_rate_e18", 0)) // E18
            total += div_trunc(paper * whole(held.get("funding_rate_change_e6", 0)), E18)
        return total

    def cut_margin(self) -> int:
        return sum(
            mul_ppm_floor(self.notional(held) // E18, self.rate(held["market"])) for held in self.positions
        )


@maps("safety", "R-E1, R-N4, R-B2, R-D1, R-E2", ("primary_credit_e6", "markets", "positions"))
def jojo_safety_of(given: Inputs) -> Answer:
    account = Jojo(given)
    equity, margin = account.equity(), account.margin()
    cut_equity, cut_margin = account.cut_equity(), account.cut_margin()
    return Answer(
        {
            "net_value_e6": Fraction(equity, E18),
            "maintenance_e6": Fraction(margin, E18),
            "safe": not is_liquidatable(equity, margin),
        },
        {
            "net_value_e6": Difference(cut_equity, JOJO_HABITS),
            "maintenance_e6": Difference(cut_margin, JOJO_HABITS),
            "safe": Difference(
                cut_equity >= cut_margin,
                f"an account without a margin to keep is unsafe below zero; {JOJO_HABITS}",
            ),
        },
        note="a rising rate credits longs there: its sign is turned",
    )


# ---- Derive v2 -------------------------------------------------------------------------------------------------------
def derive_scale(given: Any, bases: list[Any], perps: list[Any]) -> Scale:
    prices = [base["spot_price"] for base in bases]
    prices += [perp[key] for perp in perps for key in ("perp_price", "entry_price") if key in perp]
    sizes = [holding["size"] for holding in (*bases, *perps)]
    return scale_for((0, *sizes), (0, *prices), (given["cash"],))


@maps("margin", "R-C1, R-C2, R-D1, R-D2, R-E1", ("cash",))
def derive_margin_of(given: Inputs) -> Answer:
    bases, perps = given.get("base_assets", []), given.get("perps", [])
    scale = derive_scale(given, bases, perps)
    equity = equity_initial = market_value = scale.quanta(given["cash"])
    doubtful = False
    for base in bases:
        value = asset_value(scale.lots(base["size"]), scale.ticks(base["spot_price"]) * scale.v, 1)
        weight = ppm(base["margin_factor"])
        equity += tiered_credit(value, ONE_TIER, (weight,))
        equity_initial += tiered_credit(
            value, ONE_TIER, (ppm(exact(base["margin_factor"]) * exact(base.get("im_scale", 1))),)
        )
        market_value += value
        doubtful |= exact(base.get("spot_confidence", 1)) < exact(base.get("confidence_threshold", 0))
    initial = maintenance = 0
    for perp in perps:
        lots, price = scale.lots(perp["size"]), scale.ticks(perp["perp_price"])
        gain = unrealized_quanta(lots, lots * scale.ticks(perp["entry_price"]) * scale.v, price, scale.v)
        gain += scale.quanta(perp.get("unsettled_funding", 0))
        equity, equity_initial, market_value = equity + gain, equity_initial + gain, market_value + gain
        notional = notional_quanta(lots, price, scale.v)
        initial += initial_margin(notional, ONE_TIER, (ppm(perp["im_ratio"]),), (0,), ANY_LEVERAGE)
        maintenance += maintenance_margin(notional, ONE_TIER, (ppm(perp["mm_ratio"]),), (0,))
        doubtful |= exact(perp.get("spot_confidence", 1)) < exact(perp.get("confidence_threshold", 0))
    ours = {
        "initial": scale.money(equity_initial - initial),
        "maintenance": scale.money(equity - maintenance),
        "mark_to_market": scale.money(market_value),
    }
    if not doubtful:
        return Answer(ours)
    del ours["initial"]
    reason = (
        "a deduction for low oracle confidence (R-C1 takes the low end of the interval, R-O5 sets a status)"
    )
    return Answer(ours, missing={"initial": reason})


# ---- Drift v2 --------------------------------------------------------------------------------------------------------
@maps("account", "R-C1, R-D1", ("quote_price", "deposit"))
def drift_account_of(given: Inputs) -> Answer:
    if given.get("borrows"):
        return Answer(missing={"*": BORROWS})
    price = whole(given["quote_price"])
    average = whole(given.get("quote_twap", price))
    low, high = min(price, average), max(price, average)
    deposit = whole(given["deposit"])
    collateral = asset_value(max(deposit, 0), low, PPM)
    borrowed = debt_value(max(-deposit, 0), high, PPM)
    requirement = 0
    if "base" in given:
        if given.get("count_pnl", True):
            return Answer(missing={"*": "gains of a position whose entry is not given"})
        fine = 10**15  # lots of 1e-9 at prices of 1e-6 at quote prices of 1e-6, in quanta of 1e-21
        notional = notional_quanta(whole(given["base"]), whole(given["oracle_price"]) * high, 1)
        margin = maintenance_margin(notional, ONE_TIER, (whole(given["margin_ratio"]) * 100,), (0,))
        requirement = -(-margin // fine)
    added = "a debt adds to the requirement; here it is taken off equity (R-C1)"
    return Answer(
        {"margin_requirement": requirement, "total_collateral": collateral + borrowed},
        {
            "margin_requirement": Difference(requirement - borrowed, added),
            "total_collateral": Difference(collateral, added),
        },
        {"*": "a buffer above the requirement (R-G3's target is a level of health)"},
    )


# ---- Synthetix v3 ----------------------------------------------------------------------------------------------------
@maps("margin", "R-E1", ("collateral", "positions"))
def synthetix_margin_of(given: Inputs) -> Answer:
    if given["positions"]:
        return Answer(missing={"*": f"{SIZE_SCALED}, with a least amount a position"})
    scale = scale_for((0,), (0,), (given["collateral"],))
    equity = equity_maintenance(scale.quanta(given["collateral"]), 0, 0)
    return Answer(
        {
            "available_margin": scale.money(equity),
            "initial_margin": 0,
            "maintenance_margin": 0,
            "liquidatable": is_liquidatable(equity, 0),
        }
    )


# ---- Mango v4 --------------------------------------------------------------------------------------------------------
MANGO = (
    "the result of a perp after its margin is weighted, netted with its settle token, and the sum carries the token's "
    "weight; here gains count in full for maintenance and a debt counts once (R-E1, R-C1)"
)


def weighted(amount: int, asset_weight: object, liability_weight: object) -> int:
    """Count what is held at one weight, what is owed at the other."""
    if amount >= 0:
        return tiered_credit(amount, ONE_TIER, (ppm(asset_weight),))
    return -mul_ppm_ceil(-amount, ppm(liability_weight))


@maps("health", "R-E1, R-D1, R-C2", ("tokens",))
def mango_health_of(given: Inputs) -> Answer:
    if given.get("spot_orders"):
        return Answer(missing={"*": f"{ORDERS}; {BORROWS}"})
    tokens, perps = given["tokens"], given.get("perps", [])
    if any(perp["bid_lots"] or perp["ask_lots"] for perp in perps):
        return Answer(missing={"*": ORDERS})
    settle = {perp["settle_token"] for perp in perps}
    if any(exact(token["balance"]) != 0 and name not in settle for name, token in tokens.items()):
        return Answer(missing={"*": BORROWS})
    if len(settle) > 1:
        return Answer(missing={"*": "one account over several settlement assets (a pool has one)"})
    ours = theirs = 0
    token = (
        tokens[min(settle)]
        if settle
        else {"balance": 0, "price": 1, "asset_weight": 1, "liability_weight": 1}
    )
    prices = (token["price"], *(perp["price"] for perp in perps))
    scale = scale_for((0,), prices, (token["balance"], *(perp["quote"] for perp in perps)))
    for perp in perps:
        lots, price = whole(perp["base_lots"]) * whole(perp["base_lot"]), scale.ticks(perp["price"])
        gain = unrealized_quanta(lots, -scale.quanta(perp["quote"]), price, scale.v)
        weight = perp["base_asset_weight"] if lots >= 0 else perp["base_liability_weight"]
        rate = ppm(abs(1 - exact(weight)))
        margin = maintenance_margin(notional_quanta(lots, price, scale.v), ONE_TIER, (rate,), (0,))
        ours += gain - margin
        theirs += weighted(gain - margin, perp["overall_asset_weight"], 1)
    balance = scale.quanta(token["balance"])
    token_price = scale.ticks(token["price"])
    net = (theirs + balance) * token_price
    fine = 10 ** (scale.quantum_places + scale.tick_places)
    return Answer(
        {"health": Fraction((ours + balance) * token_price, fine)},
        {
            "health": Difference(
                Fraction(weighted(net, token["asset_weight"], token["liability_weight"]), fine), MANGO
            )
        },
    )
