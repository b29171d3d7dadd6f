-- Names of account rows of a pool.
select account, name
from accounts final
where pool = {pool:String} and account in {accounts:Array(Int64)}
