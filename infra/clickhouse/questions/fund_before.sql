-- The balance of a part of the fund before an event: what the line before it left.
select id, balance_quanta
from fund_ledger
where pool = {pool:String} and market = {market:Int64}
    and (journal_offset < {offset:Int64} or (journal_offset = {offset:Int64} and event_index < {index:Int64}))
order by journal_offset desc, event_index desc
limit 1
