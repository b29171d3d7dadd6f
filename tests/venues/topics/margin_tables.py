"""Margin tables: tiers and their deductions, rates by notional, initial margin."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from flows.rules.exact import PPM, div_half_even, mul_ppm_floor
from flows.rules.margin.bankruptcy import bankruptcy_ticks
from flows.rules.margin.initial import bracket_initial_margin, initial_margin
from flows.rules.margin.maintenance import (
    maintenance_margin,
    maintenance_margin_over,
    tier_amounts,
    tier_deductions,
    tier_of,
    tiers_rise,
)
from flows.rules.position.fee import taker_fee
from flows.rules.scale.unit import notional_quanta
from tests.venues.amounts import ONE_TIER, exact, is_ppm, ppm, scale_for, whole
from tests.venues.dydx import ANY_LEVERAGE, accounts
from tests.venues.mapping import Inputs, lacks, maps
from tests.venues.verdict import Answer, Difference, RoundsTo

OPEN_INTEREST = "R-D3: initial margin that grows with open interest"
SIZE_SCALED = "R-D4: a rate that grows with the size of a position"
INVERSE = "inverse contracts, which R-A1 leaves out"


# ---- tiers -----------------------------------------------------------------------------------------------------------
@maps("tier-deductions", "R-D1", ("tiers",))
def tier_deductions_of(given: Inputs) -> Answer:
    tiers = given["tiers"]
    floors = [0, *(whole(exact(tier["limit"]) * PPM) for tier in tiers[:-1])]
    rates = [ppm(tier["maintenance_rate"]) for tier in tiers]
    if not tiers_rise(floors, rates):
        return Answer(missing={"*": "a table that R-D1 refuses: floors rise, rates do not fall"})
    return Answer({"deductions": [Fraction(amount, PPM) for amount in tier_amounts(floors, rates)]})


@maps("tier-step", "R-D1", ("floor", "rate", "previous_rate"))
def tier_step_of(given: Inputs) -> Answer:
    rates = [exact(given["previous_rate"]), exact(given["rate"])]
    over = lcm(*(rate.denominator for rate in rates))
    floor = exact(given["floor"])
    numerators = [whole(rate * over) for rate in rates]
    step = tier_deductions((0, floor.numerator), numerators)[1]
    return Answer(
        {"deduction": exact(given["previous_deduction"]) + Fraction(step, over * floor.denominator)}
    )


@maps("tier", "R-D1", ("tiers", "notional"))
@maps("tier-testnet", "R-D1", ("tiers", "notional"))
def maintenance_leverage_of(given: Inputs) -> Answer:
    tiers = given["tiers"]
    tier = tier_of(whole(given["notional"]), [whole(tier["lower_bound"]) for tier in tiers])
    return Answer({"maintenance_leverage": 2 * whole(tiers[tier]["max_leverage"])})


@maps("maintenance", "R-D1", ("tiers", "notional"))
def maintenance_of(given: Inputs) -> Answer:
    tiers = given["tiers"]
    floors = [whole(tier["lower_bound"]) * PPM for tier in tiers]
    leverages = [2 * whole(tier["max_leverage"]) for tier in tiers]
    over = lcm(*leverages)
    rates = [over // leverage for leverage in leverages]
    notional = whole(exact(given["notional"]) * PPM)
    margin = maintenance_margin_over(notional, floors, rates, tier_deductions(floors, rates), over)
    return Answer(
        {"maintenance": Fraction(margin, PPM)},
        {
            "maintenance": Difference(
                RoundsTo(margin, Fraction(1, PPM), up=True),
                "a margin stays a fraction; here it is rounded up to the quantum (R-A4)",
            )
        },
    )


lacks("size-scaled", "R-D4", ("size", "base_rate", "rate_per_unit"), SIZE_SCALED)


# ---- initial margin --------------------------------------------------------------------------------------------------
@maps("initial-with-fee", "R-D2, R-E5, R-B2", ("entry_price", "mark_price", "leverage", "taker_fee"))
def initial_with_fee_of(given: Inputs) -> Answer:
    leverage = whole(given["leverage"])
    scale = scale_for((given["size"],), (given["entry_price"], given["mark_price"]))
    lots = scale.lots(given["size"]) * (1 if given["side"] == "long" else -1)
    entry, mark, v = scale.ticks(given["entry_price"]), scale.ticks(given["mark_price"]), scale.v
    margin = bracket_initial_margin(notional_quanta(lots, mark, v), ONE_TIER, (leverage,), leverage)
    cost = lots * entry * v
    posted = bracket_initial_margin(abs(cost), ONE_TIER, (leverage,), leverage)
    zero_margin = bankruptcy_ticks(lots, cost, posted, v)
    fee = taker_fee(notional_quanta(lots, zero_margin, v), ppm(given["taker_fee"]))
    return Answer(
        {
            "initial_margin": scale.money(margin),
            "fee_to_close": scale.money(fee),
            "initial_margin_with_fee": scale.money(margin),
        },
        {
            "initial_margin_with_fee": Difference(
                scale.money(margin + fee),
                "initial margin holds the fee to close at the bankruptcy price; "
                "here the fee to open is held against an order (R-F1)",
            )
        },
    )


@maps("leveraged-rate", "R-D1", ("leverage", "rate", "currency_step"))
def leveraged_rate_of(given: Inputs) -> Answer:
    if given["inverse"]:
        return Answer(missing={"*": INVERSE})
    step = exact(given["currency_step"])
    rate = exact(given["rate"]) / exact(given["leverage"])
    notional = exact(given["size"]) * exact(given["price"]) / step
    per_step = notional.denominator
    margin = maintenance_margin_over(
        notional.numerator, ONE_TIER, (rate.numerator,), (0,), rate.denominator * per_step
    )
    nearest = div_half_even(notional.numerator * rate.numerator, per_step * rate.denominator)
    return Answer(
        {"margin": margin * step},
        {"margin": Difference(nearest * step, "a margin is rounded half to even; here up (R-A4)")},
        note="the rate divided by the leverage is the table's rate",
    )


# ---- dYdX v4 ---------------------------------------------------------------------------------------------------------
@maps("net-notional", "R-A1", ("atomic_resolution", "price", "base_quantums"))
def net_notional_of(given: Inputs) -> Answer:
    plain, habits = accounts(
        {"markets": {"x": given}},
        {"quote_balance": 0, "positions": [{"market": "x", "base_quantums": given["base_quantums"]}]},
    )
    lots = whole(given["base_quantums"])
    return Answer(
        {"net_notional": plain.amount(plain.signed_notional("x", lots))},
        {"net_notional": Difference(habits.signed_notional("x", lots), plain.habit())},
    )


@maps(
    "margin-requirement",
    "R-D1, R-D2",
    ("atomic_resolution", "base_quantums"),
    ("open_interest_base_quantums",),
)
def margin_requirement_of(given: Inputs) -> Answer:
    scaled = whole(given.get("oi_upper_cap", 0)) > 0
    given.get("oi_lower_cap")
    lots = whole(given["base_quantums"])
    plain, habits = accounts({"markets": {"x": given}}, {"quote_balance": 0, "positions": []})
    answer = Answer(
        {
            "initial_margin": plain.amount(plain.initial("x", lots)),
            "maintenance_margin": plain.amount(plain.maintenance("x", lots)),
        },
        {
            "initial_margin": Difference(habits.initial("x", lots), plain.habit()),
            "maintenance_margin": Difference(habits.maintenance("x", lots), plain.habit()),
        },
    )
    if not scaled:
        return answer
    del answer.ours["initial_margin"], answer.differs["initial_margin"]
    return Answer(answer.ours, answer.differs, {"initial_margin": OPEN_INTEREST})


@maps("tier-mmf", "R-A3", ("initial_margin_ppm", "maintenance_fraction_ppm"))
def tier_rate_of(given: Inputs) -> Answer:
    rate = mul_ppm_floor(whole(given["initial_margin_ppm"]), whole(given["maintenance_fraction_ppm"]))
    return Answer(
        {"maintenance_margin_ppm": rate}, note="a table here states both rates; the product is R-A3's"
    )


@maps("tier-im", "R-D2", ("initial_margin_ppm", "notional"), ("open_interest_notional", "oi_lower_cap"))
def tier_initial_of(given: Inputs) -> Answer:
    if whole(given["oi_upper_cap"]) > 0:
        return Answer(missing={"*": OPEN_INTEREST})
    rate = whole(given["initial_margin_ppm"])
    notional = whole(given["notional"])
    margin = initial_margin(notional, ONE_TIER, (rate,), (0,), ANY_LEVERAGE) if rate else 0
    return Answer({"initial_margin": margin})


lacks("tier-imf", "R-D3", ("initial_margin_ppm", "open_interest_notional"), OPEN_INTEREST)


# ---- Drift v2, Vega --------------------------------------------------------------------------------------------------
@maps("margin-ratio", "R-D1, R-D2", ("initial", "maintenance", "size_base"), ("size_base",))
def margin_ratio_of(given: Inputs) -> Answer:
    if whole(given.get("imf_factor", 0)) > 0:
        return Answer(missing={"*": SIZE_SCALED})
    kind = given["margin_type"]
    if kind not in {"initial", "maintenance"}:
        return Answer(
            missing={"*": f'a rate of its own for "{kind}" (here an order is held to the initial rate, R-F1)'}
        )
    prefix = "high_leverage_" if given.get("high_leverage", False) else ""
    for key in ("initial", "maintenance", "high_leverage_initial", "high_leverage_maintenance"):
        given.get(key)
    rate = whole(given[prefix + kind]) * 100
    notional = 10_000  # so that a margin in quanta is a ratio in ten-thousandths
    if kind == "maintenance":
        return Answer({"margin_ratio": maintenance_margin(notional, ONE_TIER, (rate,), (0,))})
    return Answer({"margin_ratio": initial_margin(notional, ONE_TIER, (rate,), (0,), ANY_LEVERAGE)})


@maps("cross-margin", "R-D1", ("position", "buy_orders", "risk_factor_long"))
def cross_margin_of(given: Inputs) -> Answer:
    reasons = {
        "R-D5: open orders in a margin": bool(given["buy_orders"] or given["sell_orders"]),
        f"{SIZE_SCALED} (quadratic slippage)": exact(given["quadratic_slippage"]) != 0,
        "a margin that holds funding to come (R-N4 pays it when due)": exact(given["funding_increment"]) != 0,
    }
    absent = [reason for reason, asked in reasons.items() if asked]
    if absent:
        return Answer(missing={"*": "; ".join(absent)})
    lots, factor = whole(given["position"]), exact(given["position_factor"])
    risk = exact(given["risk_factor_long"] if lots > 0 else given["risk_factor_short"]) + exact(
        given["linear_slippage"]
    )
    for key in ("risk_factor_long", "risk_factor_short", "auction"):
        given.get(key)
    notional = notional_quanta(lots, whole(given["mark_price"]), 1)
    rate = risk / factor
    if is_ppm(rate):
        margin = maintenance_margin(notional, ONE_TIER, (ppm(rate),), (0,))
    else:
        margin = maintenance_margin_over(notional, ONE_TIER, (rate.numerator,), (0,), rate.denominator)
    for key in ("search_factor", "initial_factor", "release_factor"):
        given.get(key)
    level = (
        "no level of its own between maintenance and initial margin that moves money (R-G1's levels only act)"
    )
    return Answer(
        {"maintenance": margin},
        missing=dict.fromkeys(("search", "initial", "release"), level),
        note="risk factor and linear slippage together are the table's rate",
    )
