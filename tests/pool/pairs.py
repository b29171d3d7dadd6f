"""One account held in both pools, compiled and plain, drawn up to the bounds that registration proves (R-A2).

Prices, books and funding come in as entries, so both pools know them as they always do; positions and collateral are
put in beside the ladder, which would otherwise act on them before they can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from flows.journal import entries as en
from flows.pool import bookkeeping
from flows.pool.layout import CALL_OPEN, FUNDING_SUM, LIQUIDATING
from flows.pool.pool import Pool
from flows.pool.state import PoolState
from flows.registry.parameters import AssetParameters, MarketParameters, PoolParameters
from flows.rules.margin.maintenance import tier_amounts
from flows.verify.opinion.holdings import Account
from flows.verify.opinion.state import State
from flows.verify.plain import PlainPool, open_account
from tests.worlds import SECOND, START, asset, market, pool

MARKETS, ASSETS = 10, 3
"""More markets than a record holds positions: the rest is chained."""

MILLION = 1_000_000
BUDGET = (1 << 61) // (MARKETS + ASSETS)
"""What the longs of one market, or all of one asset, may be worth: together they stay under 2^62."""

MOST_LOTS = (1 << 46) - 1
MOST_EQUITY = 1 << 60
ROW = 1
"""The account drawn; row 0 is the vault."""


@dataclass
class Pair:
    """The same account in both pools."""

    state: PoolState
    plain: State
    account: Account

    @property
    def parameters(self) -> PoolParameters:
        return self.plain.parameters

    def trade(self, m: int, delta: int, quote: int) -> None:
        """Change a position for money, without telling the ladder."""
        self.state.reserve()
        bookkeeping.trade(self.state.c, ROW, m, delta, quote)
        self.plain.trade(self.account, m, delta, quote)

    def add_units(self, at: int, units: int) -> None:
        """Collateral in kind."""
        self.state.reserve()
        bookkeeping.add_units(self.state.c, ROW, at, units)
        self.account.units[at] += units

    def pay(self, quanta: int) -> None:
        """Money into the balance."""
        bookkeeping.pay(self.state.c, ROW, quanta)
        self.account.balance_quanta += quanta

    def flag(self, *, call_open: bool, liquidating: bool) -> None:
        """What the ladder remembers."""
        self.state.set_flag(ROW, CALL_OPEN, call_open)
        self.state.set_flag(ROW, LIQUIDATING, liquidating)
        self.account.call_open, self.account.liquidating = call_open, liquidating

    def fund(self, m: int, quanta: int) -> None:
        """A funding instant, as far as the positions are concerned."""
        self.state.c.market[m, FUNDING_SUM] += quanta
        self.plain.markets[m].funding_quanta += quanta

    def apply(self, kind: int, depth_lots: int = 0, **columns: int) -> None:
        """An entry before there is any position: prices."""
        row = en.empty(1)
        row[0, en.KIND], row[0, en.TIME_NS] = kind, self.plain.time_ns
        of = en.MarketState if kind == en.MARKET_STATE else en.AssetState
        for name, value in columns.items():
            row[0, getattr(of, name.upper())] = value
        for ring in range(6 if kind == en.MARKET_STATE else 0):
            row[0, en.MarketState.BID_DEPTH_LOTS + ring] = depth_lots * (ring + 1)
            row[0, en.MarketState.ASK_DEPTH_LOTS + ring] = depth_lots * (ring + 1)
        whole = PlainPool(self.parameters)
        whole.state = self.plain
        whole.apply(row[0].tolist())
        compiled = Pool(self.parameters)
        compiled.state = self.state
        compiled.run(row, 0, self.plain.offset, answering=False)


def empty_pair(of: PoolParameters) -> Pair:
    """Genesis, and the account."""
    plain, compiled = PlainPool(of), Pool(of)
    genesis = en.empty(1)
    genesis[0, en.KIND], genesis[0, en.TIME_NS] = en.GENESIS, START
    plain.apply(genesis[0].tolist())
    compiled.run(genesis, 0, 0, answering=False)
    compiled.state.reserve()
    bookkeeping.open_account(compiled.state.c, ROW, ROW, -1)
    return Pair(compiled.state, plain.state, open_account(plain.state, ROW, ROW, -1, -1))


# ---- what is drawn -----------------------------------------------------------------------------------------------------
def sizes(most: int) -> st.SearchStrategy[int]:
    """Numbers from 1 to ``most``: any, powers of two near any magnitude, and the edges."""
    magnitudes = st.integers(0, most.bit_length() - 1).map(lambda bits: min(most, 1 << bits))
    return st.one_of(st.integers(1, most), magnitudes, st.just(most))


@st.composite
def tier_tables(draw: st.DrawFn, top_ppm: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Floors in whole units and rates that do not fall."""
    floors = sorted({0, *draw(st.lists(sizes(BUDGET // MILLION), max_size=4))})
    rates = draw(st.lists(st.integers(1, top_ppm), min_size=len(floors), max_size=len(floors)))
    return tuple(floor * MILLION for floor in floors), tuple(sorted(rates))


@st.composite
def markets(draw: st.DrawFn, at: int) -> MarketParameters:
    """A market whose largest position at its highest price just fits its budget, or far smaller ones."""
    floors, maintenance = draw(tier_tables(790_000))
    above = draw(st.integers(0, 200_000))
    initial = tuple(rate + above for rate in maintenance)
    unit, price = draw(sizes(10_000)), draw(sizes(10**8))
    lots = min(MOST_LOTS, BUDGET // (unit * price))
    return market(
        f"M{at}-PERP",
        lot_tick_quanta=unit,
        max_price_ticks=price,
        max_position_lots=lots,
        max_open_interest_lots=lots,
        tier_floor_quanta=floors,
        tier_maintenance_ppm=maintenance,
        tier_maintenance_amount_quanta=tier_amounts(floors, maintenance),
        tier_initial_ppm=initial,
        tier_initial_amount_quanta=tier_amounts(floors, initial),
        bracket_limit_quanta=max(floors[-1] + 1, draw(sizes(BUDGET))),
        leverage=draw(st.integers(1, 125)),
        adv_quanta=draw(sizes(10**18)),
        penalty_ppm=draw(st.integers(0, 20_000)),
    )


@st.composite
def assets(draw: st.DrawFn, at: int) -> AssetParameters:
    """A collateral asset with falling weights; the initial ones are never above the maintenance ones."""
    floors = sorted({0, *draw(st.lists(sizes(BUDGET), max_size=3))})
    weights = sorted(draw(st.lists(st.integers(0, MILLION), min_size=len(floors), max_size=len(floors))))[
        ::-1
    ]
    initial = tuple(weight * draw(st.integers(0, 4)) // 4 for weight in weights)
    return replace(
        asset(f"A{at}", draw(st.sampled_from((1, 10**6, 10**8)))),
        maintenance_floor_quanta=tuple(floors),
        maintenance_weight_ppm=tuple(weights),
        initial_floor_quanta=tuple(floors),
        initial_weight_ppm=tuple(sorted(initial)[::-1]),
    )


@st.composite
def parameters(draw: st.DrawFn) -> PoolParameters:
    """A wide pool."""
    return pool(
        markets=tuple(draw(markets(at)) for at in range(MARKETS)),
        assets=(asset("USDT"), *(draw(assets(at)) for at in range(1, ASSETS))),
        liquidate_at_equality=draw(st.booleans()),
        gain_weight_ppm=draw(st.sampled_from((0, 500_000, MILLION))),
        vault_opening_quanta=draw(sizes(1 << 40)),
    )


def set_prices(draw: st.DrawFn, pair: Pair, *, status: bool = True) -> None:
    """A market-state for each market and a state for each asset."""
    for at, of in enumerate(pair.parameters.markets):
        mark = draw(sizes(of.max_price_ticks))
        pair.apply(
            en.MARKET_STATE,
            depth_lots=draw(st.one_of(st.just(0), sizes(MOST_LOTS // 6))),
            market=at,
            status=draw(st.integers(0, 2)) if status else 0,
            breakers=draw(st.integers(0, 127)) if status and draw(st.booleans()) else 0,
            mark_ticks=mark,
            index_ticks=draw(st.integers(max(1, mark - mark // 10), mark + mark // 10)),
            volume_60s_lots=draw(st.one_of(st.just(0), sizes(MOST_LOTS))),
            sigma_ppm=draw(st.integers(0, 500_000)),
            band_low_ticks=draw(st.sampled_from((0, mark - mark // 50))),
            band_high_ticks=mark + mark // 50,
            opened_ns=draw(st.sampled_from((0, START - 30 * SECOND))),
        )
    for at in range(1, len(pair.parameters.assets)):
        low = draw(sizes(10**12))
        halted = draw(st.sampled_from((0, 0, 2)))
        pair.apply(en.ASSET_STATE, asset=at, low_quanta=low, high_quanta=low + low // 100, status=halted)


def take_position(draw: st.DrawFn, pair: Pair, m: int) -> None:
    """A long or a short, from the mark or from anywhere, with funding paid and owed."""
    of, mark = pair.parameters.markets[m], pair.plain.markets[m].mark_ticks
    lots = draw(sizes(of.max_position_lots)) * draw(st.sampled_from((-1, 1)))
    near = st.integers(mark - mark // 50, min(mark + mark // 50, of.max_price_ticks))
    entry = draw(st.one_of(near, st.integers(1, of.max_price_ticks)))
    funding = st.integers(-(BUDGET // 16 // abs(lots)), BUDGET // 16 // abs(lots))
    pair.fund(m, draw(funding))
    pair.trade(m, lots, lots * entry * of.lot_tick_quanta)
    pair.fund(m, draw(funding))


@st.composite
def pairs(draw: st.DrawFn, *, status: bool = True, of: PoolParameters | None = None) -> Pair:
    """An account with up to all markets and assets, in any state of health."""
    pair = empty_pair(of if of is not None else draw(parameters()))
    set_prices(draw, pair, status=status)
    for m in draw(st.lists(st.integers(0, MARKETS - 1), unique=True, max_size=MARKETS)):
        take_position(draw, pair, m)
    for at in draw(st.lists(st.integers(1, ASSETS - 1), unique=True)):
        of_asset, price = pair.parameters.assets[at], pair.plain.assets[at].low_quanta
        pair.add_units(at, draw(sizes(max(1, min(1 << 50, BUDGET * of_asset.unit_scale // price)))))
    value = pair.plain.value(pair.account)
    margin = max(1, value.maintenance_quanta)
    near = draw(st.sampled_from((0, margin // 2, margin - 1, margin, margin + margin // 4, 2 * margin)))
    wanted = near if draw(st.booleans()) else draw(st.integers(-margin, 3 * margin))
    pair.pay(max(-MOST_EQUITY, min(MOST_EQUITY, wanted)) - value.equity_quanta)
    pair.flag(call_open=draw(st.booleans()), liquidating=draw(st.booleans()))
    return pair
