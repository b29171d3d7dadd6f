-- All events of one journal entry, in order.
select *
from events final
where pool = {pool:String} and journal_offset = {offset:Int64}
order by event_index
