"""Perpetual Protocol v2 (Curie): a position taken over at the mark, the penalty's halves, bad debt.

Its size is a share of the position, and its products and shares are cut one after another; both are stated here step
by step, so that every figure of a case is held to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows.rules.exact import PPM, div_ceil, mul_div_trunc
from flows.rules.liquidation.penalty import penalty_split
from flows.rules.liquidation.restore import restore_lots
from flows.rules.margin.equity import equity_maintenance
from flows.rules.margin.health import is_liquidatable
from flows.rules.margin.maintenance import maintenance_margin
from flows.rules.scale.unit import notional_quanta, unrealized_quanta
from tests.venues.amounts import ONE_TIER, whole
from tests.venues.mapping import Inputs, maps
from tests.venues.verdict import Answer, Difference

E18, E12 = 10**18, 10**12
SMALL = 100 * E18
"""Positions up to this value are taken whole."""

SHARE = "a small or deep position is taken whole, else half of the account's value in it; here what restores a target (R-H1)"
CUTS = "what is exchanged, its penalty and the closed share are cut one after another; here cost is released at once (R-B1)"
SIZES = (
    "max_share_ppm",
    "taken_size_e18",
    "trader_size_after_e18",
    "liquidator_size_after_e18",
    "liquidatable_after",
)


@dataclass(frozen=True)
class Held:
    size: int
    open_notional: int
    mark: int

    @property
    def value(self) -> int:
        return mul_div_trunc(self.size, self.mark, E18)


def held_of(raw: dict[str, Any]) -> Held:
    return Held(whole(raw["size_e18"]), whole(raw["open_notional_e18"]), whole(raw.get("mark_price_e18", 0)))


def changed(held: Held, size: int, exchanged: int) -> tuple[int, int, int]:
    """Give a position after an exchange by Curie's steps: size, open notional, realized gain."""
    if held.size == 0 or (held.size > 0) == (size > 0):
        return held.size + size, held.open_notional + exchanged, 0
    share = abs(size) * E18 // abs(held.size)
    if share <= E18:
        realized = exchanged + mul_div_trunc(held.open_notional, share, E18)
    else:
        realized = held.open_notional + mul_div_trunc(exchanged, E18, share)
    return held.size + size, held.open_notional + exchanged - realized, realized


@dataclass(frozen=True)
class Trader:
    """An account and the market that is liquidated."""

    balance: int
    rate_ppm: int
    positions: dict[str, Held]
    market: str

    @property
    def held(self) -> Held:
        return self.positions[self.market]

    def equity(self) -> int:
        """Equity by our rules, in quanta of 1e-36."""
        gains = (
            unrealized_quanta(one.size, -one.open_notional * E18, one.mark, 1)
            for one in self.positions.values()
        )
        return equity_maintenance(self.balance * E18, 0, sum(gains))

    def margin_of(self, held: Held) -> int:
        return maintenance_margin(notional_quanta(held.size, held.mark, 1), ONE_TIER, (self.rate_ppm,), (0,))

    def margin(self) -> int:
        return sum(self.margin_of(held) for held in self.positions.values())

    def restoring_size(self, penalty_ppm: int) -> int:
        """Size that restores 100 % by our rules, unsigned."""
        table = (ONE_TIER, (self.rate_ppm,), (0,))
        held = self.held
        other = self.margin() - self.margin_of(held)
        return restore_lots(held.size, held.mark, 1, self.equity(), other, *table, PPM, 0, penalty_ppm)

    def account_value(self) -> int:
        return self.balance + sum(held.open_notional + held.value for held in self.positions.values())

    def total(self) -> int:
        return sum(abs(held.value) for held in self.positions.values())

    def requirement(self) -> int:
        return self.total() * self.rate_ppm // PPM

    def share_ppm(self) -> int:
        value = abs(self.held.value)
        if value <= SMALL or self.account_value() < self.requirement() // 2:
            return PPM
        return min(PPM, self.total() * PPM // (2 * value))


def take_over(
    trader: Trader, penalty_ppm: int, asked: int, liquidator: Held, covered: bool
) -> dict[str, Any]:
    """Walk a liquidation in Curie's steps."""
    held = trader.held
    share = trader.share_ppm()
    most = mul_div_trunc(held.size, share, PPM)
    taken = asked if asked and abs(asked) <= abs(most) else most
    exchanged = mul_div_trunc(taken, held.mark, E18)
    penalty = abs(exchanged) * penalty_ppm // PPM
    bonus, fund, _ = penalty_split(penalty, PPM // 2, PPM // 2, 0)
    if trader.account_value() < 0:
        bonus, fund = penalty, 0
    size, open_notional, realized = changed(held, -taken, exchanged)
    bidder = changed(liquidator, taken, bonus - exchanged)
    rest = {name: one for name, one in trader.positions.items() if name != trader.market}
    if size:
        rest[trader.market] = Held(size, open_notional, held.mark)
    after = Trader(trader.balance + realized - penalty, trader.rate_ppm, rest, trader.market)
    bad = not rest and not covered and after.account_value() < 0
    settled = div_ceil(-after.account_value(), E12) if bad else 0
    return {
        "max_share_ppm": share,
        "taken_size_e18": taken,
        "trader_exchanged_notional_e18": exchanged,
        "trader_realized_pnl_e18": realized,
        "penalty_e18": penalty,
        "fund_fee_e18": fund,
        "liquidator_exchanged_notional_e18": bonus - exchanged,
        "liquidator_size_after_e18": bidder[0],
        "liquidator_open_notional_after_e18": bidder[1],
        "liquidator_realized_pnl_e18": bidder[2],
        "trader_size_after_e18": size,
        "trader_open_notional_after_e18": open_notional,
        "liquidatable_after": bool(rest) and after.account_value() < after.requirement(),
        "bad_debt": bad,
        "bad_debt_settled_e6": settled,
        "fund_settlement_value_e6": (fund - settled * E12) // E12,
    }


@maps("take-over", "R-E2, R-H1, R-H5", ("balance_e18", "mm_ratio_ppm", "positions"))
def take_over_of(given: Inputs) -> Answer:
    positions = {name: held_of(raw) for name, raw in given["positions"].items()}
    trader = Trader(whole(given["balance_e18"]), whole(given["mm_ratio_ppm"]), positions, given["market"])
    penalty_ppm, asked = whole(given["penalty_ppm"]), whole(given.get("request_size_e18", 0))
    liquidator = held_of(given.get("liquidator", {"size_e18": 0, "open_notional_e18": 0}))
    covered = bool(given.get("other_collateral", False))
    if not is_liquidatable(trader.equity(), trader.margin()):
        return Answer({"result": "refused: enough account value"})
    if asked and (asked > 0) != (trader.held.size > 0):
        return Answer(missing={"*": "the name of this refusal (here WRONG_SIDE, R-I3)"})
    size = trader.restoring_size(penalty_ppm)
    side = 1 if trader.held.size > 0 else -1
    theirs = take_over(trader, penalty_ppm, asked, liquidator, covered)
    return Answer(
        {"taken_size_e18": side * size, "trader_size_after_e18": trader.held.size - side * size},
        {key: Difference(value, SHARE if key in SIZES else CUTS) for key, value in theirs.items()},
    )
