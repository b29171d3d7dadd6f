"""Prices of a liquidation: where an account is acted on, where it is bankrupt, the worst a forced order may take."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flows.rules.exact import PPM
from flows.rules.liquidation.guard import largest_loss, worst_price_ticks
from flows.rules.margin.bankruptcy import bankruptcy_quote, equity_share
from flows.rules.margin.initial import bracket_initial_margin
from flows.rules.margin.limits import only_reduces
from flows.rules.margin.liquidation_price import excess_quanta, liquidation_ticks
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.scale.bounds import price_fits
from flows.rules.scale.unit import notional_quanta, unrealized_quanta
from tests.venues.amounts import ONE_TIER, Scale, exact, ppm, scale_for, whole
from tests.venues.dydx import Account, accounts
from tests.venues.mapping import Inputs, lacks, maps
from tests.venues.topics.margin_tables import INVERSE
from tests.venues.verdict import Answer, Difference, RoundsTo

TICK_PLACES = 12
"""Ticks fine enough that one lies within every tolerance that a source prints."""

BREAK_EVEN = (
    "their price is where equity equals the margin; here the first tick at which the engine acts, "
    "as equality is safe (R-E4)"
)


def side_of(given: Any) -> int:
    return 1 if given["side"] == "long" else -1


def price_scale(
    given: Any, *amounts: object, sizes: tuple[object, ...] = (1,), prices: tuple[object, ...] = ()
) -> Scale:
    return scale_for(sizes, (given["entry_price"], *prices), amounts, TICK_PLACES)


def break_even(ticks: int, lots: int, scale: Scale, reason: str = BREAK_EVEN) -> Difference:
    """State that the account breaks even within the tick beyond the one where the engine acts."""
    near = ticks + 1 if lots > 0 else ticks - 1
    return Difference(RoundsTo(near, Fraction(1, 10**scale.tick_places), up=lots > 0), reason)


def acting_ticks(
    lots: int, mark: int, scale: Scale, equity: int, other: int, rate: object, amount: int = 0
) -> int:
    """Where the engine acts on one position of one tier."""
    furthest = 10**4 * (mark + abs(equity) // (abs(lots) * scale.v) + 1)
    return liquidation_ticks(lots, mark, scale.v, equity, other, ONE_TIER, (ppm(rate),), (amount,), furthest)


def price_answer(ticks: int, lots: int, scale: Scale) -> Answer:
    return Answer(
        {"liquidation_price": scale.price(ticks)}, {"liquidation_price": break_even(ticks, lots, scale)}
    )


# ---- exchanges: linear contracts -------------------------------------------------------------------------------------
@maps("linear-additive", "R-E4, R-D1", ("entry_price", "wallet_balance", "maintenance_amount"), ("pair",))
def binance_price_of(given: Inputs) -> Answer:
    others = given.get("other_positions", [])
    scale = price_scale(
        given,
        given["wallet_balance"],
        given["maintenance_amount"],
        *(held["maintenance_amount"] for held in others),
        sizes=(given["size"], *(held["size"] for held in others)),
        prices=tuple(held[key] for held in others for key in ("entry_price", "mark_price")),
    )
    lots = side_of(given) * scale.lots(given["size"])
    equity, margin = scale.quanta(given["wallet_balance"]), 0
    for held in others:
        held_lots = scale.lots(held["size"]) * (-1 if held.get("side") == "short" else 1)
        mark = scale.ticks(held["mark_price"])
        equity += unrealized_quanta(
            held_lots, held_lots * scale.ticks(held["entry_price"]) * scale.v, mark, scale.v
        )
        margin += maintenance_margin(
            notional_quanta(held_lots, mark, scale.v),
            ONE_TIER,
            (ppm(held["maintenance_rate"]),),
            (scale.quanta(held["maintenance_amount"]),),
        )
    entry = scale.ticks(given["entry_price"])
    amount = scale.quanta(given["maintenance_amount"])
    return price_answer(
        acting_ticks(lots, entry, scale, equity, margin, given["maintenance_rate"], amount), lots, scale
    )


@maps("linear-fee", "R-E4, R-D1", ("entry_price", "margin", "taker_fee"))
def gate_price_of(given: Inputs) -> Answer:
    scale = price_scale(given, given["margin"], sizes=(given["size"],))
    lots = side_of(given) * scale.lots(given["size"])
    rate = exact(given["maintenance_rate"]) + exact(given["taker_fee"])
    ticks = acting_ticks(
        lots, scale.ticks(given["entry_price"]), scale, scale.quanta(given["margin"]), 0, rate
    )
    answer = price_answer(ticks, lots, scale)
    return Answer(answer.ours, answer.differs, note="the taker fee is part of the maintenance rate")


@maps("linear-entry", "R-E4, R-D1, R-D2", ("entry_price", "leverage", "maintenance_rate"))
def bybit_price_of(given: Inputs) -> Answer:
    leverage = exact(given["leverage"])
    if leverage.denominator != 1:
        return Answer(missing={"*": "a leverage that is no whole number (R-D2)"})
    scale = price_scale(given)
    lots, entry = side_of(given) * scale.lots(1), scale.ticks(given["entry_price"])
    notional = notional_quanta(lots, entry, scale.v)
    equity = bracket_initial_margin(notional, ONE_TIER, (leverage.numerator,), leverage.numerator)
    ticks = acting_ticks(lots, entry, scale, equity, 0, given["maintenance_rate"])
    fixed = maintenance_margin(notional, ONE_TIER, (ppm(given["maintenance_rate"]),), (0,))
    theirs = acting_ticks(lots, entry, scale, equity, fixed, 0)
    reason = f"maintenance margin is a fixed amount on the entry value; here it follows the mark (R-D1); {BREAK_EVEN}"
    return Answer(
        {"liquidation_price": scale.price(ticks)},
        {"liquidation_price": break_even(theirs, lots, scale, reason)},
    )


@maps("linear-cross-single", "R-E4, R-D1, R-D2", ("available_balance", "initial_rate"))
def sustainable_loss_of(given: Inputs) -> Answer:
    scale = price_scale(given, given["available_balance"], sizes=(given["size"],))
    lots, entry = scale.lots(given["size"]), scale.ticks(given["entry_price"])
    notional = notional_quanta(lots, entry, scale.v)
    posted = maintenance_margin(notional, ONE_TIER, (ppm(given["initial_rate"]),), (0,))
    equity = scale.quanta(given["available_balance"]) + posted
    loss = excess_quanta(
        entry, lots, entry, scale.v, equity, 0, ONE_TIER, (ppm(given["maintenance_rate"]),), (0,)
    )
    return Answer(
        {"sustainable_loss": scale.money(loss)}, note="what equity stands above the margin at the entry price"
    )


@maps("account-equation", "R-E4, R-D1", ("equity", "other_maintenance"))
def account_price_of(given: Inputs) -> Answer:
    scale = scale_for(
        (given["size"],), (given["price"],), (given["equity"], given["other_maintenance"]), TICK_PLACES
    )
    lots, mark = scale.lots(given["size"]), scale.ticks(given["price"])
    equity, other = scale.quanta(given["equity"]), scale.quanta(given["other_maintenance"])
    return price_answer(
        acting_ticks(lots, mark, scale, equity, other, given["maintenance_rate"]), lots, scale
    )


for inverse in ("inverse-isolated", "inverse-cross", "inverse-bankruptcy"):
    lacks(inverse, "R-A1", ("entry_price",), INVERSE)


# ---- Hyperliquid -----------------------------------------------------------------------------------------------------
@maps("liq-price", "R-E4, R-D1", ("margin", "maintenance_leverage"))
def hyperliquid_price_of(given: Inputs) -> Answer:
    rate = 1 / exact(given["maintenance_leverage"])
    scale = scale_for((given["size"],), (given["price"],), (given["margin"],), TICK_PLACES)
    lots, mark = side_of(given) * scale.lots(given["size"]), scale.ticks(given["price"])
    return price_answer(acting_ticks(lots, mark, scale, scale.quanta(given["margin"]), 0, rate), lots, scale)


# ---- dYdX v4 ---------------------------------------------------------------------------------------------------------
def relief_of(account: Account, market: str, delta: int) -> int:
    """Maintenance margin that a closing change frees."""
    held = account.lots[market]
    return account.maintenance(market, held) - account.maintenance(market, held + delta)


def share_of(account: Account, market: str, delta: int) -> int:
    """Equity that stands behind what is closed (R-E5)."""
    return equity_share(account.equity(), relief_of(account, market, delta), account.margin())


def bankruptcy_quote_of(account: Account, market: str, delta: int) -> int:
    """Money the account gets, or pays, for closing at its bankruptcy price."""
    held = account.markets[market]
    share = share_of(account, market, delta)
    if account.habits:
        before, after = account.lots[market], account.lots[market] + delta
        return account.signed_notional(market, before) - account.signed_notional(market, after) - share
    return bankruptcy_quote(-delta, held.ticks, held.v, share)


def closing_of(given: Inputs, plain: Account) -> tuple[str, int, bool]:
    """Read what is to be closed, and whether it only closes."""
    market, delta = given["market"], whole(given["delta_base_quantums"])
    return market, delta, only_reduces(plain.lots.get(market, 0), delta)


@maps("bankruptcy", "R-E5, R-D1, R-E1", ("quote_balance", "delta_base_quantums"))
def dydx_bankruptcy_of(given: Inputs) -> Answer:
    plain, habits = accounts(given, {key: given[key] for key in ("quote_balance", "positions")})
    market, delta, closes = closing_of(given, plain)
    if not closes:
        return Answer({"error": "invalid_size_delta"})
    quote = plain.amount(bankruptcy_quote_of(plain, market, delta))
    return Answer(
        {"bankruptcy_quote_quantums": quote},
        {"bankruptcy_quote_quantums": Difference(bankruptcy_quote_of(habits, market, delta), plain.habit())},
    )


@maps("fillable", "R-H2, R-D1, R-E1", ("quote_balance", "bankruptcy_adjustment_ppm"))
def fillable_of(given: Inputs) -> Answer:
    plain, _ = accounts(given, {key: given[key] for key in ("quote_balance", "positions")})
    market, _, closes = closing_of(given, plain)
    adjustment, spread = whole(given["bankruptcy_adjustment_ppm"]), whole(given["spread_to_mmr_ratio_ppm"])
    if not closes:
        return Answer({"error": "invalid_size_delta"})
    lots, held = plain.lots[market], plain.markets[market]
    margin = plain.maintenance(market, lots)
    health = Fraction(plain.equity(), plain.margin())
    budget = (
        min(max(Fraction(adjustment, PPM) * (1 - health), Fraction(0)), Fraction(1)) * spread * margin / PPM
    )
    # In ticks and quanta fine enough for any decimal that the ratio may have.
    fine = 10**TICK_PLACES
    tick = Fraction(held.v, 10**held.fine * fine)
    loss_max = largest_loss(plain.equity(), plain.margin(), margin)
    ours = worst_price_ticks(lots, abs(lots), held.ticks * fine, held.v, loss_max * fine, 0)
    theirs = worst_price_ticks(lots, abs(lots), held.ticks * fine, held.v, whole_part(budget * fine), 0)
    return Answer(
        {"fillable_price": ours * tick},
        {
            "fillable_price": Difference(
                RoundsTo(theirs, tick, up=lots > 0),
                "an order may lose adjustment x (1 - health) x spread of its margin; "
                "here all that keeps health, equity x relief / margin (R-H2)",
            )
        },
    )


def whole_part(amount: Fraction) -> int:
    return amount.numerator // amount.denominator


MAX_UINT64 = 2**64 - 1


@maps("subticks", "R-H2, R-A2", ("fillable_price", "side_liquidated", "subticks_per_tick"))
def subticks_of(given: Inputs) -> Answer:
    tick_subticks = whole(given["subticks_per_tick"])
    tick = tick_subticks * Fraction(10) ** whole(given["quantum_conversion_exponent"])
    price = exact(given["fillable_price"]) / tick
    lots = 1 if given["side_liquidated"] == "long" else -1
    v = price.denominator
    # A limit at a price is that of an order whose loss, against a mark beyond it, ends there.
    mark = whole_part(price) + 1 if lots > 0 else whole_part(price)
    ticks = worst_price_ticks(lots, 1, mark, v, abs(mark * v - price.numerator), 0)
    largest = MAX_UINT64 // tick_subticks
    cut = "a price is cut to its bounds; here one outside them is refused (R-A2)"
    theirs = Difference(min(max(ticks, 1), largest) * tick_subticks, cut)
    if not price_fits(ticks, largest):
        return Answer(differs={"subticks": theirs})
    return Answer({"subticks": ticks * tick_subticks}, {"subticks": theirs})
