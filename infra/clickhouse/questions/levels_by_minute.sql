-- How many accounts stood at each level of the ladder at the end of each minute in which one moved.
select minute_ns, pool, code, sum(sum(moved)) over (partition by pool, code order by minute_ns) as accounts
from
(
    select intDiv(time_ns, 60000000000) * 60000000000 as minute_ns, pool, code, 1 as moved
    from events final
    where type = 'level'
    union all
    select intDiv(time_ns, 60000000000) * 60000000000 as minute_ns, pool, former_code as code, -1 as moved
    from events final
    where type = 'level'
)
where code > 0
group by minute_ns, pool, code
order by minute_ns, pool, code
