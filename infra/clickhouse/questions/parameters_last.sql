-- The parameters of each pool that came last.
select pool, journal_offset, version, text
from parameter_sets
order by journal_offset desc
limit 1 by pool
