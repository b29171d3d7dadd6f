"""Pools: what they hold and the rules' figures, one table a chapter of the rulebook."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.config.text import Bounds, Decimal, Duration, Money, Part, Rate, Seconds, SomePart
from schemas.message import AssetId, MarketId, Strict


class Levels(Strict):
    """Equity as a part of maintenance margin (R-G1): clear > call >= target > 100 % > hard > backstop > 0."""

    clear: Annotated[
        Rate,
        Bounds("rate", "above call, to 200 %", ("125 %", "200.0001 %")),
        Field(description="A call is closed at or above.", examples=["135 %"]),
    ]
    call: Annotated[
        Rate,
        Bounds("rate", "target or more, below clear", ("109.9999 %",)),
        Field(description="A call is opened below.", examples=["125 %"]),
    ]
    target: Annotated[
        Rate,
        Bounds("rate", "above 100 %, to call", ("100 %",)),
        Field(description="A liquidation restores.", examples=["110 %"]),
    ]
    hard: Annotated[
        Rate,
        Bounds("rate", "above backstop, below 100 %", ("66.6667 %", "100 %")),
        Field(description="The window ends below.", examples=["80 %"]),
    ]
    backstop: Annotated[
        Rate,
        Bounds("rate", "above 0 %, below hard", ("0 %",)),
        Field(description="The vault takes over below.", examples=["66.6667 %"]),
    ]
    liquidate_at_equality: Annotated[
        bool, Field(description="Act already at equity = margin, as some venues do.", examples=[False])
    ]


class Window(Strict):
    """The margin call's window (R-G2) and the slices inside it (R-G4)."""

    length: Annotated[Seconds, Field(description="From call to deadline.", examples=["300 s"])]
    least: Annotated[
        Duration,
        Bounds("time", "whole seconds, above 0, to length", ("0 s", "301 s")),
        Field(description="A volatile market shortens it to no less.", examples=["30 s"]),
    ]
    pacing: Annotated[Seconds, Field(description="Between two slices.", examples=["5 s"])]
    first_part: Annotated[Part, Field(description="Part allowed at once.", examples=["10 %"])]
    at_once_below: Annotated[
        Money, Field(description="A smaller shortage is sold for at once.", examples=["50"])
    ]


class Participation(Strict):
    """Forced volume as a part of the market's, in 60 s (R-G5)."""

    soft: Annotated[
        Rate,
        Bounds("rate", "above 0 %, to hard", ("0 %", "20.0001 %")),
        Field(description="In the window.", examples=["10 %"]),
    ]
    hard: Annotated[SomePart, Field(description="Below the hard level.", examples=["20 %"])]


class Slices(Strict):
    """Size and life of a liquidation order (R-H4)."""

    part: Annotated[SomePart, Field(description="Of the position, at most.", examples=["10 %"])]
    least: Annotated[Money, Field(description="But not under this notional.", examples=["1000"])]
    dust: Annotated[Money, Field(description="A smaller rest is closed with it.", examples=["100"])]
    order_life: Annotated[Seconds, Field(description="An unanswered order lapses after.", examples=["5 s"])]


class Offers(Strict):
    """Offers to independent liquidators (R-I1, R-I2)."""

    life: Annotated[Seconds, Field(description="An offer stands for.", examples=["60 s"])]
    bonus_most: Annotated[Part, Field(description="Largest bonus.", examples=["3 %"])]
    bonus_first: Annotated[
        Rate,
        Bounds("rate", "0 % to bonus_most", ("3.0001 %",)),
        Field(description="Bonus at opening, health 1.", examples=["0.25 %"]),
    ]
    bonus_slope: Annotated[Part, Field(description="More for each unit of health missing.", examples=["5 %"])]
    bonus_step: Annotated[Part, Field(description="More for each step of time.", examples=["0.05 %"])]
    bonus_every: Annotated[Seconds, Field(description="Length of that step.", examples=["3 s"])]
    reserve: Annotated[Part, Field(description="Kept free under the health guard.", examples=["0.05 %"])]
    insurance: Annotated[Part, Field(description="Paid to the fund with each fill.", examples=["0.25 %"])]
    venue: Annotated[Part, Field(description="Paid to the venue with each fill.", examples=["0.05 %"])]


class Vault(Strict):
    """The backstop vault (R-J1, R-J3, R-J4)."""

    opening: Annotated[Money, Field(description="Capital at genesis.", examples=["2000000"])]
    patience: Annotated[
        Seconds, Field(description="It takes over offers unfilled for so long.", examples=["120 s"])
    ]
    leverage: Annotated[
        Decimal,
        Bounds("times its equity", "above 0", ("0",)),
        Field(description="Gross notional over its equity, at most.", examples=["5"]),
    ]
    market_share: Annotated[
        SomePart, Field(description="Of that, in one market, at most.", examples=["30 %"])
    ]
    unwind_horizon: Annotated[Seconds, Field(description="Inventory is sold within.", examples=["30 min"])]
    unwind_every: Annotated[
        Duration,
        Bounds("time", "whole seconds, above 0, to unwind_horizon", ("0 s", "31 min")),
        Field(description="Between two orders.", examples=["10 s"]),
    ]
    unwind_band: Annotated[Part, Field(description="Limit around the mark.", examples=["1 %"])]


class InsuranceFund(Strict):
    """The general part of the insurance fund (R-K1, R-K3)."""

    opening: Annotated[Money, Field(description="Held at genesis.", examples=["1000000"])]
    floor: Annotated[
        Decimal,
        Bounds("settlement asset", "0 to opening", ("1000001",)),
        Field(description="Spent only after deleveraging.", examples=["250000"]),
    ]
    fee_part: Annotated[Part, Field(description="Of the fees, swept to the fund.", examples=["10 %"])]


class Fees(Strict):
    """Trading fees (R-B2)."""

    taker: Annotated[
        Rate,
        Bounds("rate", "0 % or more; two of it fit between any tier's rates (R-D2)"),
        Field(description="Charged to the taker.", examples=["0.045 %"]),
    ]
    rebate: Annotated[
        Rate,
        Bounds("rate", "0 % to taker", ("451 ppm",)),
        Field(description="Paid to the maker; not above the taker's fee.", examples=["0.005 %"]),
    ]


class Penalty(Strict):
    """Liquidation penalty and its split (R-H5)."""

    rate: Annotated[Part, Field(description="Of the closed notional, at most.", examples=["0.5 %"])]
    liquidator: Annotated[
        Rate,
        Bounds("rate", "0 % to 100 %; the three parts make 100 %"),
        Field(description="Part of the liquidator.", examples=["50 %"]),
    ]
    insurance: Annotated[
        Rate,
        Bounds("rate", "0 % to 100 %; the three parts make 100 %"),
        Field(description="Part of the fund, and what is left over.", examples=["30 %"]),
    ]
    venue: Annotated[
        Rate,
        Bounds("rate", "0 % to 100 %; the three parts make 100 %"),
        Field(description="Part of the venue.", examples=["20 %"]),
    ]


class Funding(Strict):
    """Funding (R-N3)."""

    interval: Annotated[
        Duration,
        Bounds("time", "1 h, which the rate is made for (R-N2)", ("8 h",)),
        Field(description="Between two payments.", examples=["1 h"]),
    ]
    cap_share: Annotated[
        Rate,
        Bounds("rate", "above 0 %, to 100 %", ("0 %", "101 %")),
        Field(description="Cap, as a part of the least initial less maintenance rate.", examples=["75 %"]),
    ]


class Debt(Strict):
    """Debt in the settlement asset (R-C5); rates an hour."""

    optimal: Annotated[SomePart, Field(description="Utilization at the kink.", examples=["80 %"])]
    rate_optimal: Annotated[
        Rate,
        Bounds("rate an hour", "0 to rate_most", ("200000 ppb",)),
        Field(description="Rate an hour at the kink.", examples=["11416 ppb"]),
    ]
    rate_most: Annotated[
        Rate,
        Bounds("rate an hour", "rate_optimal or more"),
        Field(description="Rate an hour at full utilization.", examples=["114155 ppb"]),
    ]
    convert_above: Annotated[
        Money,
        Field(description="Collateral is sold above this debt, or the next, the larger.", examples=["5000"]),
    ]
    convert_part: Annotated[Part, Field(description="Of the collateral's credit.", examples=["5 %"])]


class Withdrawals(Strict):
    """What may leave (R-F3, R-M2)."""

    floor: Annotated[Part, Field(description="Equity left, as a part of the notional.", examples=["10 %"])]
    cool: Annotated[Seconds, Field(description="Closed so long after a deficit.", examples=["60 s"])]


class Pool(Strict):
    """A margin pool: its markets share the fund, the vault and the losses; no other pool does."""

    markets: Annotated[
        tuple[MarketId, ...],
        Field(min_length=1, max_length=256, description="Markets.", examples=[["BTC-PERP"]]),
    ]
    collateral: Annotated[
        tuple[AssetId, ...],
        Field(
            max_length=63, description="Assets taken beside the settlement asset.", examples=[["BTC", "ETH"]]
        ),
    ]
    levels: Levels
    window: Window
    participation: Participation
    slices: Slices
    offers: Offers
    vault: Vault
    insurance_fund: InsuranceFund
    fees: Fees
    penalty: Penalty
    funding: Funding
    debt: Debt
    withdrawals: Withdrawals
    gain_weight: Annotated[
        Part, Field(description="Of unrealized gains, counted for new risk (R-E1).", examples=["100 %"])
    ]
    mark_band: Annotated[
        Rate,
        Bounds("rate", "above 0 %, below 100 %", ("0 %", "100 %")),
        Field(description="Mark around the index, at most (R-O8).", examples=["5 %"]),
    ]
    loss_scope: Annotated[
        Literal["market", "traders", "all"],
        Field(description="Who bears a socialized loss first (R-M1).", examples=["market"]),
    ]
    audit_block: Annotated[
        Seconds, Field(description="Journal time of a block of the audit.", examples=["1 h"])
    ]
