-- Who was deleveraged or charged for whose bankruptcy.
select *
from events final
where type in ('adl', 'adl-cash', 'socialized-loss', 'loss-charge', 'insolvent')
    and ({pool:String} = '' or pool = {pool:String})
order by time_ns, pool, journal_offset, event_index
