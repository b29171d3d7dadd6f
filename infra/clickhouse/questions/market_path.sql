-- Each market's way through the run: prices, and how often its status or breakers changed.
select
    state.pool as pool,
    state.market as market,
    any(markets.name) as market_name,
    argMin(mark_ticks, journal_offset) as first_mark_ticks,
    min(mark_ticks) as least_mark_ticks,
    max(mark_ticks) as most_mark_ticks,
    argMax(mark_ticks, journal_offset) as last_mark_ticks,
    count() as states,
    countIf(bitAnd(flags, 1) != 0) as status_changes,
    countIf(bitAnd(flags, 2) != 0) as breaker_changes,
    any(markets.tick_scale) as tick_scale
from market_state as state
any left join markets on markets.pool = state.pool and markets.market = state.market
where mark_ticks > 0
group by pool, market
order by pool, market
