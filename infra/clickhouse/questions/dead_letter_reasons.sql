-- Refused records by reason.
select reason, count() as letters
from dead_letters final
where {pool:String} = '' or pool = {pool:String}
group by reason
order by reason
