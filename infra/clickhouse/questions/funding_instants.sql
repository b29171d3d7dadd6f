-- The funding instants of a market up to an entry, with the rate and index of each: their carry makes the next exact.
select journal_offset, index_ticks, funding_rate_ppb
from market_state
where pool = {pool:String} and journal_offset <= {offset:Int64} and market = {market:Int64} and bitAnd(flags, 4) != 0
order by journal_offset
