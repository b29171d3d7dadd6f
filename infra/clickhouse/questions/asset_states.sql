-- The state of each collateral asset in force after an entry: the last one up to it.
select *
from asset_state
where pool = {pool:String} and journal_offset in
(
    select max(journal_offset)
    from asset_state
    where pool = {pool:String} and journal_offset <= {offset:Int64}
    group by asset
)
order by asset
