"""A small venue as text: two pools, three markets, BTC as collateral. Tests change one line of it."""

from __future__ import annotations

from flows.registry.errors import ConfigurationError
from flows.registry.load import Venue, parse

HEAD = """
name = "small"
version = 3
settlement = "USDT"

[producers]
one = ["oracle-prices", "trades", "depth"]
two = ["oracle-prices"]
three = ["oracle-prices"]
wallet = ["collateral"]

[commands]
delay = "10 min"
longest_life = "1 h"
signatures = { halt = 1, release = 2, skip = 2, parameters = 2, cancel = 1 }

[commands.keys]
ada = "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
bea = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

[panels.all]
sources = [
  { source = "one", weight = 3, heartbeat = "1 s" },
  { source = "two", weight = 2, heartbeat = "2 s" },
  { source = "three", weight = 1, heartbeat = "500 ms" },
]

[assets.USDT]
unit = "0.000001"
max_holding = "200000000000"

[assets.BTC]
panel = "all"
unit = "0.00000001"
max_holding = "100000"

[assets.BTC.collateral]
sale_cost = "0.1 %"
max_price = "1000000"
tiers = [
  { above = "0", maintenance = "95 %", initial = "90 %" },
  { above = "800000", maintenance = "80 %", initial = "75 %" },
]

[assets.ADA]
panel = "all"

[market_stage]
quote_confidence = "0.5 %"
jump = "50 %"
clamp_half_life = "5 min"
basis_half_life = "150 s"
twap_window = "5 min"
twap_gap = "30 s"
sigma_half_life = "1 h"
asset_sigma = "3 %"
interest = "0.01 %"
band_sigmas = "10"
asset_move = "0.01 %"
asset_interval = "60 s"

[markets.BTC-PERP]
index = "BTC"
lot = "0.001"
tick = "0.1"
max_price = "1000000"
max_position = "100000"
max_open_interest = "500000"
tiers = [
  { above = "0", rate = "0.5 %", initial = "1 %" },
  { above = "300000", rate = "1 %", initial = "2 %" },
  { above = "3000000", rate = "2.5 %", initial = "5 %" },
]
limit = "12000000"
leverage = 50
index_clamp = "off"
impact_notional = "50000"
sigma = "3 %"
daily_volume = "1000000000"
fund_opening = "100000"
"""

OTHER_MARKET = """
[markets.{name}]
index = "{index}"
lot = "{lot}"
tick = "0.0001"
max_price = "100"
max_position = "10000000"
max_open_interest = "100000000"
tiers = [{{ above = "0", rate = "2 %", initial = "5 %" }}]
limit = "1000000"
leverage = 20
index_clamp = "10 %"
impact_notional = "10000"
sigma = "5 %"
daily_volume = "10000000"
fund_opening = "0"
"""

POOL = """
[pools.{name}]
markets = [{markets}]
collateral = ["BTC"]
gain_weight = "100 %"
mark_band = "5 %"
loss_scope = "market"
audit_block = "1 h"
window = {{ length = "300 s", least = "30 s", pacing = "5 s", first_part = "10 %", at_once_below = "50" }}
participation = {{ soft = "10 %", hard = "20 %" }}
slices = {{ part = "10 %", least = "1000", dust = "100", order_life = "10 s" }}
insurance_fund = {{ opening = "1000000", floor = "250000", fee_part = "10 %" }}
fees = {{ taker = "0.045 %", rebate = "50 ppm" }}
penalty = {{ rate = "0.5 %", liquidator = "50 %", insurance = "30 %", venue = "20 %" }}
funding = {{ interval = "1 h", cap_share = "75 %" }}
withdrawals = {{ floor = "10 %", cool = "60 s" }}

[pools.{name}.levels]
clear = "135 %"
call = "125 %"
target = "110 %"
hard = "80 %"
backstop = "66.6667 %"
liquidate_at_equality = false

[pools.{name}.offers]
life = "60 s"
bonus_most = "3 %"
bonus_first = "0.25 %"
bonus_slope = "5 %"
bonus_step = "0.05 %"
bonus_every = "3 s"
reserve = "0.05 %"
insurance = "0.25 %"
venue = "0.05 %"

[pools.{name}.vault]
opening = "2000000"
patience = "120 s"
leverage = "5"
market_share = "30 %"
unwind_horizon = "30 min"
unwind_every = "10 s"
unwind_band = "1 %"

[pools.{name}.debt]
optimal = "80 %"
rate_optimal = "11416 ppb"
rate_most = "114155 ppb"
convert_above = "5000"
convert_part = "5 %"
"""

TEXT = "".join(
    (
        HEAD,
        OTHER_MARKET.format(name="ADA-PERP", index="ADA", lot="1"),
        OTHER_MARKET.format(name="MINI-PERP", index="ADA", lot="0.5"),
        POOL.format(name="majors", markets='"BTC-PERP"'),
        POOL.format(name="alts", markets='"ADA-PERP", "MINI-PERP"'),
    )
)


def changed(old: str, new: str) -> str:
    """The small venue with the first place of ``old`` changed, which must be there."""
    assert old in TEXT, f"the small venue has no {old}"
    return TEXT.replace(old, new, 1)


def small(old: str = "", new: str = "") -> Venue:
    """The small venue, perhaps with a change."""
    return parse(changed(old, new), "venue.toml")


def fault(old: str, new: str) -> str:
    """What the registry says about the small venue with a change it must refuse."""
    try:
        parse(changed(old, new), "venue.toml")
    except ConfigurationError as error:
        line = str(error)
        assert "\n" not in line, "a fault is one line"
        return line
    raise AssertionError(f"taken: {new}")
