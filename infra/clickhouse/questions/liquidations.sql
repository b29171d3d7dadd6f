-- Everything forced in a window: orders, their fills, offers taken, takeovers, collateral sold, bankruptcies.
-- market_name = '' is all markets, pool = '' all pools.
select *
from events final
where type in ('liquidation-order', 'liquidation-fill', 'liquidation-lapsed', 'liquidation-stuck', 'offer-fill',
        'takeover', 'collateral-sold', 'bankrupt')
    and ({pool:String} = '' or pool = {pool:String})
    and time_ns >= {from_ns:Int64} and time_ns < {to_ns:Int64}
    and
    (
        {market_name:String} = ''
        or type != 'collateral-sold' -- whose market is an asset
            and (pool, market) in (select pool, market from markets where name = {market_name:String})
    )
order by time_ns, pool, journal_offset, event_index
