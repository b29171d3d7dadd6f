-- The insurance fund's ledger, with the account behind each line.
select *
from fund_ledger
where {pool:String} = '' or pool = {pool:String}
order by pool, journal_offset, event_index
