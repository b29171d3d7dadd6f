-- The insurance fund's ledger, with the account behind each line.
select ledger.*, known.name as account_name, markets.name as market_name
from (select * from fund_ledger where {pool:String} = '' or pool = {pool:String}) as ledger
any left join (select pool, account, name from accounts final) as known
    on known.pool = ledger.pool and known.account = ledger.account
any left join markets on markets.pool = ledger.pool and markets.market = ledger.market
order by pool, journal_offset, event_index
