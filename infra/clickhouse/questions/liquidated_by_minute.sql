-- Notional closed by force, a minute and a market.
select
    intDiv(time_ns, 60000000000) * 60000000000 as minute_ns,
    pool,
    market,
    type,
    sum(toInt128(abs(lots)) * price_ticks * markets.lot_tick_quanta) as notional_quanta
from
(
    select
        time_ns, pool, market, lots, type,
        if(price_ticks > 0, price_ticks, mark_ticks) as price_ticks
    from events final
    where type in ('liquidation-fill', 'offer-fill', 'takeover', 'adl')
) as moves
any left join markets on markets.pool = moves.pool and markets.market = moves.market
group by minute_ns, pool, market, type
order by minute_ns, pool, market, type
