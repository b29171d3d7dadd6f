"""Collateral: what holdings and debts count, and what a sale of them brings."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flows.rules.call.levels import is_under_margin
from flows.rules.collateral.haircut import tiered_credit
from flows.rules.collateral.sale import sale_proceeds
from flows.rules.collateral.value import asset_value, debt_value
from flows.rules.exact import PPM, mul_div_ceil, mul_div_floor, mul_ppm_floor
from flows.rules.margin.equity import equity_initial
from flows.rules.margin.health import health_ppm
from tests.venues.amounts import ONE_TIER, exact, ppm, scale_for, whole
from tests.venues.mapping import Inputs, lacks, maps
from tests.venues.topics.accounts import BORROWS
from tests.venues.verdict import Answer, Difference

E18 = 10**18
BY_SIZE = "R-C3: a weight that falls with the size of a holding"
SEIZED = "collateral seized for a debt: only the settlement asset can be owed, and R-C6 sells for it (R-C5)"
CUT = "products are cut one after another"


@maps("haircut", "R-C1, R-C2", ("collateral",))
def haircut_of(given: Inputs) -> Answer:
    values: list[Fraction] = []
    for holding in given["collateral"]:
        scale = scale_for((holding["amount"],), (holding["price"],))
        amount, price = scale.lots(holding["amount"]), scale.ticks(holding["price"]) * scale.v
        value = asset_value(amount, price, 1) if amount >= 0 else debt_value(-amount, price, 1)
        values.append(
            scale.money(
                tiered_credit(value, ONE_TIER, (ppm(1 - exact(holding["haircut"])),))
                if amount >= 0
                else value
            )
        )
    return Answer({"values": values, "total": sum(values, Fraction(0))})


@maps("decimals", "R-C1", ("value", "from_decimals", "to_decimals"))
def decimals_of(given: Inputs) -> Answer:
    value, unit, price = (
        whole(given["value"]),
        10 ** whole(given["from_decimals"]),
        10 ** whole(given["to_decimals"]),
    )
    counted = asset_value(value, price, unit) if value >= 0 else debt_value(-value, price, unit)
    return Answer({"value": counted}, note="a holding at a price of one; a debt rounds up")


# ---- Drift v2 --------------------------------------------------------------------------------------------------------
@maps("asset-weight", "R-C2", ("initial_asset_weight", "margin_type", "imf_factor"), ("decimals", "size"))
def asset_weight_of(given: Inputs) -> Answer:
    if whole(given["imf_factor"]) > 0:
        return Answer(missing={"*": BY_SIZE})
    kind = given["margin_type"]
    if kind not in {"initial", "maintenance"}:
        return Answer(
            missing={
                "*": f'a weight of its own for "{kind}" (here an order is held to the initial one, R-F1)'
            }
        )
    for key in ("initial_asset_weight", "maintenance_asset_weight"):
        given.get(key)
    weight = whole(given[f"{kind}_asset_weight"]) * 100
    return Answer({"asset_weight": tiered_credit(10_000, ONE_TIER, (weight,))})


@maps("pnl-weight", "R-E1", ("unrealized_pnl", "pnl_imf_factor"))
def gain_weight_of(given: Inputs) -> Answer:
    if whole(given["pnl_imf_factor"]) > 0:
        return Answer(missing={"*": "a weight of gains that falls with their size: R-E1's is constant"})
    weight = whole(given["initial_asset_weight"]) * 100
    given.get("unrealized_pnl")
    return Answer({"asset_weight": equity_initial(0, 0, 0, 10_000, weight)})


lacks("liability-weight", "R-C5", ("initial_liability_weight",), BORROWS)
lacks(
    "scaled-asset-weight",
    "R-C4",
    ("deposits", "scale_start"),
    "R-C4: what all depositors hold of an asset limits its credit",
)
lacks(
    "socialize-spot",
    "R-M1",
    ("loss", "total_deposits"),
    "losses on deposits through an index: flat accounts bear none (R-M1)",
)


# ---- lenders ---------------------------------------------------------------------------------------------------------
@maps("euler", "R-C1, R-C2, R-G1, R-E3", ("collaterals", "debt", "debt_price_e18"))
def euler_of(given: Inputs) -> Answer:
    adjusted = 0
    for held in given["collaterals"]:
        worth = asset_value(whole(held["balance"]), whole(held["price_e18"]), 10 ** whole(held["decimals"]))
        adjusted += tiered_credit(worth, ONE_TIER, (whole(held["ltv_bps"]) * 100,))
    debt = -debt_value(whole(given["debt"]), whole(given["debt_price_e18"]), E18)
    for key in ("max_discount_bps", "collateral", "repay", "socialization"):
        given.get(key)
    ours: dict[str, Any] = {
        "adjusted_collateral": adjusted,
        "liability_value": debt,
        "health_score_e18": health_ppm(adjusted, debt) * 10**12,
    }
    if not is_under_margin(adjusted, debt, True):
        ours |= {"max_repay": 0, "max_yield": 0}
    exactly = mul_div_floor(adjusted, E18, debt) if debt else 0
    shown = Difference(exactly, "health is shown with 18 digits; here in whole parts per million (R-E3)")
    return Answer(
        ours,
        {"health_score_e18": shown},
        {"*": SEIZED},
        note="the debt is the margin, at equality under it",
    )


@maps("aave-health", "R-C2, R-E3", ("collateral_value", "liquidation_threshold", "debt_value"))
def health_factor_of(given: Inputs) -> Answer:
    scale = scale_for((0,), (0,), (given["collateral_value"], given["debt_value"]))
    threshold, factor = given["liquidation_threshold"], given.get("debt_factor", 1)
    credit = tiered_credit(scale.quanta(given["collateral_value"]), ONE_TIER, (ppm(threshold),))
    debt = mul_div_ceil(scale.quanta(given["debt_value"]), PPM, ppm(factor))
    return Answer({"health_factor": Fraction(health_ppm(credit, debt), PPM)}, note="the debt is the margin")


lacks(
    "aave-close-factor",
    "R-H1",
    ("health_factor_e18", "debt_base_e8"),
    "a close factor: R-H1 closes what restores a target",
)
lacks(
    "morpho-incentive",
    "R-I2",
    ("lltv_e18",),
    "a bonus set by the market's ratio alone: R-I2's grows with time and shortfall",
)


# ---- Maker, Perpetual Protocol v2 (Curie) ----------------------------------------------------------------------------
lacks(
    "purchase",
    "R-I4",
    ("lot", "tab", "min_remaining"),
    "an auction that ends when a debt is paid: R-I4 fills lots",
)


@maps("collateral", "R-C6", ("collateral", "price_e18", "discount_ppm"))
def curie_proceeds_of(given: Inputs) -> Answer:
    units, price = whole(given["collateral"]), whole(given["price_e18"])
    discount, scale_units = whole(given["discount_ppm"]), 10 ** whole(given["token_decimals"])
    given.get("token_balance")
    proceeds = sale_proceeds(units, price, scale_units, discount)
    cut = mul_div_floor(units, mul_ppm_floor(price, PPM - discount), scale_units) // 10**12
    return Answer(
        {"settlement_e6": proceeds // 10**12},
        {"settlement_e6": Difference(cut, f"{CUT}: the price is discounted first; here the value (R-C6)")},
        note="cut from 1e-18 to 1e-6 at the end",
    )


lacks(
    "collateral",
    "R-C6",
    ("settlement_value_e18", "liquidation_ratio_ppm"),
    "a share of a debt, or of a requirement, repaid at once: R-C6 sells what is owed",
)
