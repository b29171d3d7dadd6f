-- The accounts of this name, in one pool or in all (pool = '').
select pool, account, name, owner, isolated_market, opened_offset
from accounts final
where name = {name:String} and ({pool:String} = '' or pool = {pool:String})
order by pool, account
