-- How many events of each type.
select type, count() as events
from events final
where {pool:String} = '' or pool = {pool:String}
group by type
order by type
