-- A position before an event: what the event before it left.
select position_lots, position_cost_quanta
from events final
where pool = {pool:String} and type = 'position' and account = {account:Int64} and market = {market:Int64}
    and (journal_offset < {offset:Int64} or (journal_offset = {offset:Int64} and event_index < {index:Int64}))
order by journal_offset desc, event_index desc
limit 1
