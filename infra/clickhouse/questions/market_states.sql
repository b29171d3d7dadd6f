-- The state of these markets in force after an entry: the last one up to it.
select *
from market_state
where pool = {pool:String} and journal_offset in
(
    select max(journal_offset)
    from market_state
    where pool = {pool:String} and journal_offset <= {offset:Int64} and market in {markets:Array(Int64)}
    group by market
)
order by market
