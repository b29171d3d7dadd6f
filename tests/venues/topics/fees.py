"""Penalties and bonuses: what a liquidation costs, who gets it, how it moves with time."""

from __future__ import annotations

from fractions import Fraction

from flows.rules.adl.severity import realized_deficit
from flows.rules.exact import PPM
from flows.rules.fund.draw import draw
from flows.rules.liquidation.guard import cost_cap_ppm, largest_loss
from flows.rules.liquidation.penalty import effective_penalty_ppm, penalty_quanta
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.offer.bonus import bonus_ppm
from flows.rules.offer.settlement import settlement
from flows.rules.position.zero_sum import fill_sides
from flows.rules.scale.unit import notional_quanta
from tests.venues.amounts import ONE_TIER, exact, ppm, whole
from tests.venues.dydx import Account, accounts, power_of
from tests.venues.mapping import Inputs, lacks, maps
from tests.venues.topics.liquidation_price import share_of
from tests.venues.verdict import Answer, Difference

SECOND_NS = 1_000_000_000
COMPOUNDS = "a price that falls by a constant factor: R-I2's steps add up"
DEBTS = "borrows liquidated against collateral: only the settlement asset can be owed (R-C5), and R-C6 sells for it"


# ---- dYdX v4 ---------------------------------------------------------------------------------------------------------
def is_fill(quantity: int) -> bool:
    """Tell whether a match of so many lots is one (R-B4)."""
    try:
        return fill_sides(quantity) == (quantity, -quantity)
    except AssertionError:
        return False


def fund_delta(account: Account, market: str, delta: int, traded: int, fee_ppm: int, floors: bool) -> int:
    """What the fund gets of a liquidation's fill, or pays: the penalty out of what is left, else the deficit."""
    before = account.signed_notional(market, account.lots[market])
    worth = abs(before - account.signed_notional(market, account.lots[market] + delta))
    loss = worth - traded if delta < 0 else traded - worth
    share = share_of(account, market, delta)
    if share < loss:
        deficit = realized_deficit(share - loss, 0)
        return -draw(deficit, deficit)[0]
    if floors:
        return min(traded * fee_ppm // PPM, share - loss)
    return penalty_quanta(traded, fee_ppm, share, loss)


@maps("fund-delta", "R-H5, R-E5, R-L1, R-K1", ("quote_balance", "fill_base_quantums", "subticks"), ("side",))
def fund_delta_of(given: Inputs) -> Answer:
    plain, habits = accounts(given, {key: given[key] for key in ("quote_balance", "positions")})
    market, quantity = given["market"], whole(given["fill_base_quantums"])
    subticks, exponent = whole(given["subticks"]), whole(given["quantum_conversion_exponent"])
    fee_ppm = whole(given["max_liquidation_fee_ppm"])
    if not is_fill(quantity):
        return Answer({"error": "zero_fill"})
    delta = -quantity if plain.lots[market] > 0 else quantity
    ticks, power = power_of(subticks, exponent, -6)
    fine = max(0, -power - plain.fine)
    traded = Fraction(notional_quanta(quantity, ticks, 10 ** (power + plain.fine + fine)), 10**fine)
    ours = fund_delta(plain, market, delta, -(-traded.numerator // traded.denominator), fee_ppm, floors=False)
    cut = whole_part(traded / 10**plain.fine)
    return Answer(
        {"insurance_fund_delta": plain.amount(ours)},
        {
            "insurance_fund_delta": Difference(
                fund_delta(habits, market, delta, cut, fee_ppm, floors=True),
                f"a fee is rounded down; here up (R-A4); {plain.habit()}",
            )
        },
        note="a deficit goes to the fund at once",
    )


def whole_part(amount: Fraction) -> int:
    return amount.numerator // amount.denominator


# ---- Drift v2 --------------------------------------------------------------------------------------------------------
CUT_FUND_FEE = "the fund takes 95 % of what health leaves, each step cut; here all of it (R-H5)"


def cut_fund_fee(most_ppm: int, rate_ppm: int, own_ppm: int, shortage: Fraction) -> int:
    """Give the fund's rate as Drift does: 95 % of the margin rate less the liquidator's fee and what is missing."""
    left = rate_ppm - own_ppm - whole_part(shortage * PPM)
    return min(most_ppm, max(0, left) * 19 // 20)


@maps("perp-if-fee", "R-H5, R-H2", ("margin_shortage", "base", "max_if_fee"))
def fund_fee_of(given: Inputs) -> Answer:
    rate, price = (
        whole(given["margin_ratio"]) * 100,
        whole(given["oracle_price"]) * whole(given["quote_price"]),
    )
    own_fee, most = whole(given["liquidator_fee"]), whole(given["max_if_fee"])
    shortage = whole(given["margin_shortage"]) * 10**15  # lots of 1e-9 at 1e-12: quanta of 1e-21
    notional = notional_quanta(whole(given["base"]), price, 1)
    if notional == 0:
        return Answer({"if_fee": penalty_quanta(0, most, 0, 0)}, note="nothing closed costs nothing")
    margin = maintenance_margin(notional, ONE_TIER, (rate,), (0,))
    cap = cost_cap_ppm(largest_loss(margin - shortage, margin, margin), notional)
    fee = effective_penalty_ppm(most, own_fee, cap)
    theirs = cut_fund_fee(most, rate, own_fee, Fraction(shortage, notional))
    return Answer(
        {"if_fee": fee},
        {"if_fee": Difference(theirs, CUT_FUND_FEE)},
        note="the liquidator's fee stands for slippage",
    )


IDLE_SLOTS = 1_500


@maps("liquidation-fee", "R-I2", ("base_fee", "max_fee", "last_active_slot", "slot"))
def growing_fee_of(given: Inputs) -> Answer:
    base, most = whole(given["base_fee"]), whole(given["max_fee"])
    slots = whole(given["slot"]) - whole(given["last_active_slot"])
    fee = bonus_ppm(1, 1, slots, PPM, most, base, 0, 1, 1)
    first = bonus_ppm(1, 1, 0 if slots < IDLE_SLOTS else slots, PPM, most, base, 0, 1, 1)
    reason = "the fee starts to grow after 1,500 idle slots; here a bonus grows from the offer on (R-I2)"
    return Answer({"fee": fee}, {"fee": Difference(first, reason)}, note="a millionth a slot")


for group, needs in {
    "liability-to-cover": ("margin_shortage", "liability_weight"),
    "liability-implied": ("asset_amount", "liability_multiplier"),
    "asset-for-liability": ("asset_amount", "liability_transfer"),
    "spot-if-fee": ("margin_shortage", "token_amount"),
    "swap-limit": ("asset_transfer", "liability_transfer"),
}.items():
    lacks(group, "R-C6", needs, DEBTS)


# ---- Maker, Derive v2 ------------------------------------------------------------------------------------------------
def ramp_ppm(seconds: int, length_s: int, base_ppm: int, most_ppm: int) -> int | None:
    """Give R-I2's bonus a time after it opened, where steps of one millionth fill the ramp exactly."""
    steps = most_ppm - base_ppm
    step_ns = Fraction(length_s * SECOND_NS, steps) if steps > 0 else Fraction(1)
    if step_ns.denominator != 1 or step_ns == 0:
        return None
    return bonus_ppm(1, 1, seconds * SECOND_NS, PPM, most_ppm, base_ppm, 0, 1, step_ns.numerator)


@maps("price-curve", "R-I2, R-I4", ("kind", "top", "seconds"))
def price_curve_of(given: Inputs) -> Answer:
    if given["kind"] != "linear":
        return Answer(missing={"*": COMPOUNDS})
    top, seconds, tau = whole(given["top"]), whole(given["seconds"]), whole(given["tau"])
    bonus = ramp_ppm(seconds, tau, 0, PPM)
    if bonus is None:
        return Answer(missing={"*": "a ramp that whole nanoseconds do not fill (R-I2)"})
    price = settlement(1, top, 1, bonus, 0, 0)[0]
    exactly = top * max(0, tau - seconds) // tau
    reason = "a price falls all the time; here a bonus grows in steps of a millionth (R-I2)"
    return Answer(
        {"price": price},
        {"price": Difference(exactly, reason)},
        note="the discount from the top is the bonus",
    )


@maps("discount", "R-I2", ("start_share", "cutoff_share", "fast_seconds"))
def discount_of(given: Inputs) -> Answer:
    start, cutoff = exact(given["start_share"]), exact(given["cutoff_share"])
    fast, slow, seconds = (whole(given[key]) for key in ("fast_seconds", "slow_seconds", "seconds"))
    first = ramp_ppm(seconds, fast, ppm(1 - start), ppm(1 - cutoff))
    second = ramp_ppm(max(0, seconds - fast), slow, ppm(1 - cutoff), PPM)
    if first is None or second is None:
        return Answer(missing={"*": "a ramp that whole nanoseconds do not fill (R-I2)"})
    theirs = first if seconds <= fast else second
    return Answer(
        {"share": 1 - Fraction(first, PPM)},
        {
            "share": Difference(
                1 - Fraction(theirs, PPM),
                "a second, slower ramp follows the first; here a bonus stays at its maximum (R-I2)",
            )
        },
        note="the discount is the bonus",
    )


PORTFOLIO = "an auction of a share of a whole portfolio: R-I1 offers one market at a time"
lacks("solvent-bid", "R-I1", ("buffer_share", "bid_share"), PORTFOLIO)
lacks("insolvent-bid", "R-I1", ("auction_seconds", "bid_share"), f"{PORTFOLIO}; R-K1 pays no bidder")
