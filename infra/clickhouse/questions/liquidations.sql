-- Everything forced in a window: orders, their fills, offers taken, takeovers, collateral sold, bankruptcies.
-- market_name = '' is all markets, pool = '' all pools.
select moves.*, known.name as account_name, markets.name as market_name
from
(
    select *
    from events final
    where type in ('liquidation-order', 'liquidation-fill', 'liquidation-lapsed', 'liquidation-stuck', 'offer-fill',
            'takeover', 'collateral-sold', 'bankrupt')
        and ({pool:String} = '' or pool = {pool:String})
        and time_ns >= {from_ns:Int64} and time_ns < {to_ns:Int64}
) as moves
any left join (select pool, account, name from accounts final) as known
    on known.pool = moves.pool and known.account = moves.account
any left join markets on markets.pool = moves.pool and markets.market = moves.market
where {market_name:String} = '' or (markets.name = {market_name:String} and moves.type != 'collateral-sold')
order by time_ns, pool, journal_offset, event_index
