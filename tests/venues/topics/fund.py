"""Deficits: what a fund pays and gets, what winners give, what is shared by all."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flows.rules.adl.allocation import cash_haircuts
from flows.rules.adl.severity import feasible_deficit, realized_deficit
from flows.rules.exact import div_ceil, div_trunc, mul_ppm_floor
from flows.rules.fund.draw import draw
from flows.rules.loss.claims import COMPARTMENT, GENERAL_FUND, SOCIALIZED, waterfall
from flows.rules.loss.gate import withdrawals_open
from flows.rules.loss.socialize import TRADERS, socialize
from flows.rules.position.fill import apply_fill
from tests.venues.amounts import scale_for, whole
from tests.venues.mapping import Inputs, maps
from tests.venues.verdict import Answer, Difference


@maps("fund-direction", "R-B1, R-L1, R-K1", ("side", "bankruptcy_price", "fill_price"))
def fund_direction_of(given: Inputs) -> Answer:
    scale = scale_for((1,), (given["bankruptcy_price"], given["fill_price"]))
    lots = scale.lots(1) * (1 if given["side"] == "long" else -1)
    # A position bought at its bankruptcy price has nothing else behind it.
    cost = lots * scale.ticks(given["bankruptcy_price"]) * scale.v
    left, _, equity = apply_fill(lots, cost, -lots, scale.ticks(given["fill_price"]), scale.v)
    assert left == 0
    deficit = realized_deficit(equity, 0)
    paid = draw(deficit, deficit)[0]
    return Answer({"fund": "pays" if paid else "receives" if equity > 0 else "nothing"})


@maps("withdrawals", "R-K1, R-M2", ("insolvent_maintenance_total", "security_fund"))
def derive_withdrawals_of(given: Inputs) -> Answer:
    scale = scale_for((0,), (0,), (given["insolvent_maintenance_total"], given["security_fund"]))
    deficit, fund = scale.quanta(given["insolvent_maintenance_total"]), scale.quanta(given["security_fund"])
    uncovered = draw(deficit, fund)[1]
    is_open = withdrawals_open(1 if uncovered else 0, 0, 0, False, 0)
    return Answer(
        {"blocked": not is_open}, note="what the fund does not cover is unresolved; no cooling time"
    )


@maps("haircut-fraction", "R-L1", ("shortfall", "total_positive_pnl", "max_haircut_bps"))
def kept_share_of(given: Inputs) -> Answer:
    gains, shortfall = whole(given["total_positive_pnl"]), whole(given["shortfall"])
    cap_bps = whole(given["max_haircut_bps"])
    if gains == 0:
        return Answer({"kept": 1}, note="no gains, nothing to cut")
    cut, _ = feasible_deficit(shortfall, mul_ppm_floor(gains, cap_bps * 100))
    return Answer(
        {"kept": Fraction(gains - cut, gains)},
        {
            "kept": Difference(
                1 - min(Fraction(shortfall, gains), Fraction(cap_bps, 10_000)),
                "a cap is a share; here whole quanta, rounded down (R-L1)",
            )
        },
        note="the capped share of all gains is what winners can give",
    )


# ---- Drift v2 --------------------------------------------------------------------------------------------------------
BY_OPEN_INTEREST = (
    "what is left is spread over all lots through the funding index, rounded up a unit; "
    "here over the equity of traders, exactly (R-M1)"
)


@maps("socialize-perp", "R-M3, R-M1", ("loss", "insurance_vault", "base_long"))
def socialized_perp_of(given: Inputs) -> Answer:
    loss, base = whole(given["loss"]), whole(given["base_long"]) + whole(given["base_short"])
    insurance = min(max(whole(given["insurance_vault"]) - 1, 0), whole(given["max_insurance_claim"]))
    pool = whole(given["fee_pool"])
    holder = whole(given.get("holder_base", 0))
    paid = waterfall(loss, 0, insurance, pool, 0, 0, 0, loss)
    left = paid[SOCIALIZED]
    ours: dict[str, Any] = {
        "insurance_payment": paid[COMPARTMENT],
        "fee_pool_payment": paid[GENERAL_FUND],
        "socialized": left,
    }
    if base == 0:
        _, unborne = socialize(left, [], [], [], TRADERS)
        if unborne:
            refused = Difference(
                "no_open_interest", "a loss nobody can bear is refused; here the pool is insolvent (R-M1)"
            )
            return Answer({"error": "insolvent"}, {"error": refused})
        return Answer(ours)
    delta = div_ceil(left * 10**9, base) * 1_000
    payment = div_trunc(div_trunc(abs(holder) * delta, 10**9), 1_000)
    differs = {
        "cumulative_funding_rate_delta": Difference(delta, BY_OPEN_INTEREST),
        "holder_payment": Difference(-payment, BY_OPEN_INTEREST),
    }
    return Answer(ours, differs, note="a vault of insurance, then fees")


# ---- Vega ------------------------------------------------------------------------------------------------------------
@maps("loss-socialization", "R-K1, R-L2", ("insurance", "losers", "winners"))
def shared_loss_of(given: Inputs) -> Answer:
    collected, insurance = 0, whole(given["insurance"])
    for loser in given["losers"]:
        loss = whole(loser["loss"])
        own, gap = draw(loss, whole(loser["balance"]))
        paid, _ = draw(gap, insurance)
        insurance -= paid
        collected += own + paid
    gains = [whole(winner["gain"]) for winner in given["winners"]]
    names = [winner["party"] for winner in given["winners"]]
    expected = sum(gains)
    lacking = max(0, expected - collected)
    ids = list(range(len(gains)))
    cuts = cash_haircuts(lacking, gains, [0] * len(gains), ids, ids)
    received = {name: gain - cut for name, gain, cut in zip(names, gains, cuts, strict=True)}
    floored = [gain * (expected - lacking) // expected for gain in gains]
    floored[-1] += expected - lacking - sum(floored)
    return Answer(
        {"received": received, "insurance_after": insurance},
        {
            "received": Difference(
                dict(zip(names, floored, strict=True)),
                "each share is rounded down and the last winner gets the rest; here largest remainders (R-L2)",
            )
        },
        note="each winner is an owner; what lacks is cut from gains in cash",
    )
