-- Who was deleveraged or charged for whose bankruptcy.
select moves.*, known.name as account_name, bankrupt.name as counter_name, markets.name as market_name
from
(
    select *
    from events final
    where type in ('adl', 'adl-cash', 'socialized-loss', 'loss-charge', 'insolvent')
        and ({pool:String} = '' or pool = {pool:String})
) as moves
any left join (select pool, account, name from accounts final) as known
    on known.pool = moves.pool and known.account = moves.account
any left join (select pool, account, name from accounts final) as bankrupt
    on bankrupt.pool = moves.pool and bankrupt.account = moves.counter_account
any left join markets on markets.pool = moves.pool and markets.market = moves.market
order by time_ns, pool, journal_offset, event_index
