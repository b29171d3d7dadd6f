"""Groups that ask for rules which the rulebook has not got, or has not yet."""

from __future__ import annotations

from tests.venues.mapping import lacks
from tests.venues.topics.accounts import ORDERS

PORTFOLIO = "R-S1: margin of a portfolio from correlated sensitivities"
SHARES = "R-J5: shares of a fund or vault"
POOLS = "markets with collateral pools of their own: an isolated position is an account of its own (R-F4), the pool one"
ISOLATED = "isolated margin that follows fills and orders by a factor: R-F4 moves it on request"

# ---- portfolio margin, shares ----------------------------------------------------------------------------------------
lacks("ir-delta", "R-S1", ("sensitivities",), PORTFOLIO)
lacks("ir-vega", "R-S1", ("vegas",), PORTFOLIO)
lacks("total", "R-S1", ("components",), PORTFOLIO)
lacks("aggregate", "R-S1", ("values", "correlation"), PORTFOLIO)
lacks("rebase", "R-J5", ("total_shares", "vault_balance"), SHARES)
lacks("cancel-unstake", "R-J5", ("request_shares", "vault_balance"), SHARES)

# ---- isolation, orders -----------------------------------------------------------------------------------------------
lacks("isolated-allowed", "R-F4", ("update_markets", "isolated_markets"), POOLS)
lacks("pool-transfer", "R-F4", ("positions_after", "perpetual_updates"), POOLS)
lacks("order-margin", "R-D5", ("position", "orders"), ORDERS)
lacks("position-change", "R-F4", ("trades", "position_after"), ISOLATED)
lacks("switch-mode", "R-F4", ("entry_price", "general_balance"), ISOLATED)
lacks("margin-transfer", "R-F4", ("margin_balance", "release"), f"{ISOLATED}; a balance here is one")

# ---- funds and losses ------------------------------------------------------------------------------------------------
lacks(
    "pool-trigger",
    "R-P1",
    ("pool_8h_max", "trigger_ratio"),
    "R-P1 row 8: a breaker on what the fund lost from its peak",
)
lacks(
    "insurance-surplus",
    "R-K3",
    ("wallet_e6", "threshold_e6"),
    "R-K3: a target for the fund, above which there is a surplus",
)
lacks(
    "waterfall",
    "R-M3",
    ("collateral",),
    "gains that vest, and burn first when value is missing: R-M3 has no such step",
)
lacks(
    "pnl-index",
    "R-L2",
    ("pnl", "index_factors"),
    "gains cut by an index at the next touch: R-L2 cuts whole quanta at once",
)
lacks(
    "bankruptcy",
    "R-K1",
    ("settle_token_weight", "perp_pnl"),
    "a liquidator who takes over losses against a settle token, insured in another token",
)
