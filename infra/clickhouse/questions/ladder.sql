-- What moved an account along the ladder, up to and including an entry.
select journal_offset, event_index, type, time_ns, code, former_code, deadline_ns
from events final
where pool = {pool:String} and account = {account:Int64} and journal_offset <= {offset:Int64}
    and type in ('level', 'margin-call', 'call-cleared', 'window-over')
order by journal_offset, event_index
