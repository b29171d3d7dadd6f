-- Which of these markets people held halted at an event, and when one was last released: no market-state says so.
select market,
    argMax(bitAnd(quanta, 128), (journal_offset, event_index)) as halted,
    maxIf(time_ns, bitAnd(fee_quanta, 128) > 0 and bitAnd(quanta, 128) = 0) as released_ns
from events final
where pool = {pool:String} and type = 'market-status' and market in {markets:Array(Int64)}
    and (journal_offset, event_index) <= ({offset:Int64}, {index:Int64})
group by market
order by market
