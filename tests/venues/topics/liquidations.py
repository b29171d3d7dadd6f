"""Whole liquidations: a position taken over, by whom, for what, with which penalty."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flows.rules.exact import PPM, div_trunc, mul_ppm_floor
from flows.rules.liquidation.guard import cost_cap_ppm, largest_loss
from flows.rules.liquidation.penalty import effective_penalty_ppm
from flows.rules.liquidation.restore import restore_lots
from flows.rules.margin.health import is_liquidatable
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.offer.bid import OVERSIZED, UNKNOWN_OFFER, WRONG_SIDE, first_reason, judge_offer, judge_size
from flows.rules.offer.settlement import settlement
from flows.rules.position.fill import apply_quote
from flows.rules.scale.unit import notional_quanta
from tests.venues.amounts import ONE_TIER, ppm, whole
from tests.venues.mapping import Inputs, maps
from tests.venues.topics.accounts import E18, Jojo
from tests.venues.topics.fees import CUT_FUND_FEE, cut_fund_fee
from tests.venues.verdict import Answer, Difference


# ---- Drift v2 --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Taken:
    """A Drift position under liquidation: lots are steps, quanta 1e-15 of the base's and price's units."""

    lots: int
    price: int
    step: int
    equity: int
    margin: int
    rate_ppm: int

    def fund_fee(self, most_ppm: int, own_ppm: int) -> int:
        """Give the fund's rate: what health leaves beside the liquidator's."""
        cap = cost_cap_ppm(largest_loss(self.equity, self.margin, self.margin), self.notional())
        return effective_penalty_ppm(most_ppm, own_ppm, cap)

    def notional(self) -> int:
        return notional_quanta(self.lots, self.price, self.step)

    def size(self, given: Any, penalty_ppm: int) -> int:
        """Size the fill (R-H1), up to what the liquidator takes; signed as the position."""
        table = (ONE_TIER, (self.rate_ppm,), (0,))
        size = restore_lots(self.lots, self.price, self.step, self.equity, 0, *table, PPM, 0, penalty_ppm)
        size = min(size, whole(given["liquidator_max_base"]) // self.step)
        return size if self.lots > 0 else -size

    def amounts(self, taken: int, quote: int, own_ppm: int, fund_ppm: int) -> dict[str, Any]:
        """Settle the fill (R-I4, R-B1)."""
        bidder, _, fund, _ = settlement(taken, self.price, self.step, own_ppm, fund_ppm, 0)
        left, cost, realized = apply_quote(self.lots, -quote, -taken, -bidder)
        return {
            "user_base": left * self.step,
            "user_quote": Fraction(realized - cost - fund, MICRO),
            "liquidator_base": taken * self.step,
            "liquidator_quote": Fraction(-bidder, MICRO),
            "insurance_fee": Fraction(fund, MICRO),
        }

    def cut_amounts(self, taken: int, quote: int, own_ppm: int, fund_ppm: int) -> dict[str, Any]:
        """Settle the fill in Drift's steps, each cut to 1e-6."""
        value = div_trunc(taken * self.price * self.step, MICRO)
        own, fund = (abs(value) * rate // PPM for rate in (own_ppm, fund_ppm))
        return {
            "user_base": (self.lots - taken) * self.step,
            "user_quote": quote // MICRO + value - own - fund,
            "liquidator_base": taken * self.step,
            "liquidator_quote": own - value,
            "insurance_fee": fund,
        }


MICRO = 10**9
"""Quanta of 1e-15 in a millionth."""


@maps(
    "liquidate",
    "R-H1, R-H5, R-I4, R-B1",
    ("oracle_price", "base", "liquidator_max_base"),
    ("margin_ratio_initial", "liquidation_duration"),
)
def drift_liquidation_of(given: Inputs) -> Answer:
    if whole(given["initial_pct"]) != 10_000:
        return Answer(missing={"*": "R-G4's pace counted in a shortage already freed (here in lots)"})
    step, price, base = whole(given["step"]), whole(given["oracle_price"]), whole(given["base"])
    if base == 0 or base % step:
        return Answer(missing={"*": "a position that is no whole number of lots (R-A1)"})
    # Bases of 1e-9 at prices of 1e-6: quanta of 1e-15.
    quote, deposit = whole(given["quote"]) * MICRO, whole(given["deposit"]) * MICRO
    buffer_ppm, rate = whole(given["buffer_ratio"]) * 100, whole(given["margin_ratio_maintenance"]) * 100
    gain = base * price + quote
    notional = notional_quanta(base, price, 1)
    if not is_liquidatable(deposit + gain, maintenance_margin(notional, ONE_TIER, (rate,), (0,))):
        return Answer({"error": "sufficient_collateral"})
    margin = maintenance_margin(notional, ONE_TIER, (rate + buffer_ppm,), (0,))
    equity = deposit + gain - mul_ppm_floor(max(-gain, 0), buffer_ppm)
    taken = Taken(base // step, price, step, equity, margin, rate + buffer_ppm)
    own, most = whole(given["liquidator_fee"]), whole(given["if_liquidation_fee"])
    fund = taken.fund_fee(most, own)
    cut_fund = cut_fund_fee(most, rate + buffer_ppm, own, Fraction(max(0, margin - equity), notional))
    ours = taken.amounts(taken.size(given, own + fund), quote, own, fund)
    theirs = taken.cut_amounts(taken.size(given, own + cut_fund), quote, own, cut_fund)
    return Answer(
        ours,
        {key: Difference(value, CUT_FUND_FEE) for key, value in theirs.items()},
        note="the buffer is part of the rate, the target 100 %",
    )


# ---- JOJO ------------------------------------------------------------------------------------------------------------
REFUSALS = {
    UNKNOWN_OFFER: "refused: account is safe",
    WRONG_SIDE: "refused: wrong sign",
    OVERSIZED: "refused: oversized",
}


def fee_rates(account: Jojo, market: str) -> tuple[int, int]:
    """Give the discount to the liquidator and the fund's rate."""
    raw = account.markets[market]
    return tuple(  # type: ignore[return-value]
        ppm(Fraction(whole(raw[key]), E18)) for key in ("liquidation_price_off_e18", "insurance_fee_rate_e18")
    )


def cut_credit(held: dict[str, Any], taken: int, off_ppm: int) -> int:
    """Give the liquidator's credit in JOJO's steps: price, then value, each cut to 1e-6."""
    mark = whole(held["mark_price_e6"])
    price = mark * (PPM - off_ppm if taken > 0 else PPM + off_ppm) // PPM
    return -div_trunc(taken * price, E18) * E18


def jojo_after(
    account: Jojo, held: dict[str, Any], taken: int, cuts: bool, primary: int, secondary: int
) -> dict[str, Any]:
    """What a takeover leaves: the fund's fee on the value at the mark, or, cut, on what the liquidator pays."""
    off, insurance_ppm = fee_rates(account, held["market"])
    lots, mark = whole(held["paper_e18"]), whole(held["mark_price_e6"])
    bidder, _, fee, _ = settlement(taken, mark, 1, off, insurance_ppm, 0)
    if cuts:
        bidder = -cut_credit(held, taken, off)
        fee = abs(bidder) // E18 * insurance_ppm // PPM * E18
    left, cost, realized = apply_quote(lots, -account.credit(held), -taken, -bidder)
    credit = realized - cost - fee
    others = [other for other in account.positions if other is not held]
    rest = Jojo(
        {"primary_credit_e6": 0, "secondary_credit_e6": 0, "markets": account.markets, "positions": others}
    )
    margin = rest.margin()
    if left:
        margin += maintenance_margin(
            notional_quanta(left, mark, 1), ONE_TIER, (account.rate(held["market"]),), (0,)
        )
    else:
        primary += credit
    safe = rest.equity() + primary + secondary + (credit + left * mark if left else 0) >= margin
    bad = not left and not others and not safe
    fund = (fee + primary, secondary) if bad else (fee, 0)
    return {
        "liquidator_paper_e18": taken,
        "liquidator_credit_e6": Fraction(-bidder, E18),
        "insurance_primary_e6": Fraction(fund[0], E18),
        "insurance_secondary_e6": Fraction(fund[1], E18),
        "primary_after_e6": Fraction(0 if bad else primary, E18),
        "secondary_after_e6": Fraction(0 if bad else secondary, E18),
        "position_paper_after_e18": left,
        "position_credit_after_e6": Fraction(credit if left else 0, E18),
        "bad_debt": bad,
        "safe_after": safe,
    }


@maps("liquidate", "R-E2, R-I3, R-I4, R-B1", ("primary_credit_e6", "liquidate"))
def jojo_liquidation_of(given: Inputs) -> Answer:
    account, request = Jojo(given), given["liquidate"]
    primary, secondary = (whole(given[key]) * E18 for key in ("primary_credit_e6", "secondary_credit_e6"))
    held = next((one for one in account.positions if one["market"] == request["market"]), None)
    if held is None:
        return Answer({"result": "refused: no position"}, note="no offer is known (R-I3)")
    lots, asked = whole(held["paper_e18"]), whole(request["request_paper_e18"])
    unsafe = is_liquidatable(account.equity(), account.margin())
    # The account sells a long; who takes it over buys: a request of the position's own sign is the other side.
    side, bid_side = (-1 if lots > 0 else 1), (1 if asked > 0 else -1)
    code = first_reason(
        judge_offer(unsafe, unsafe, 0, 0, bid_side, side), judge_size(abs(asked), abs(lots), 1), 0
    )
    if code in {UNKNOWN_OFFER, WRONG_SIDE}:
        return Answer({"result": REFUSALS[code]})
    taken = asked if abs(asked) <= abs(lots) else lots
    ours = {} if code == OVERSIZED else jojo_after(account, held, taken, False, primary, secondary)
    worst = request.get("worst_credit_e6")
    credit = settlement(taken, whole(held["mark_price_e6"]), 1, fee_rates(account, held["market"])[0], 0, 0)[
        0
    ]
    if worst is not None and -credit * abs(asked) < whole(worst) * E18 * abs(taken):
        return Answer(
            missing={"*": "a bid's limit on the price, which R-I3 states for the mark (PRICE_MOVED)"}
        )
    if ours.get("bad_debt"):
        # Where the loss goes is then the fund's and the waterfall's business here (R-K1, R-M3), not this fill's.
        ours = {
            key: value
            for key, value in ours.items()
            if not key.startswith(("insurance_", "primary_", "secondary_"))
        }
    theirs = jojo_after(account, held, taken, True, primary, secondary)
    reasons = {
        "the fund's fee is taken on what the liquidator pays; here on the value at the mark (R-I4)": True,
        "a request over the position is cut to it; here it is refused as oversized (R-I3)": code == OVERSIZED,
        "bad debt and the rest of the secondary credit go to the fund; here a deficit does (R-K1)": theirs[
            "bad_debt"
        ],
    }
    reason = "; ".join(text for text, applies in reasons.items() if applies)
    return Answer(
        ours,
        {key: Difference(value, reason) for key, value in theirs.items()},
        note="the discount is the bonus",
    )
