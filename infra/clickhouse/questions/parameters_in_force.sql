-- The parameters in force at an entry.
select pool, journal_offset, version, text
from parameter_sets
where pool = {pool:String} and journal_offset <= {offset:Int64}
order by journal_offset desc
limit 1
