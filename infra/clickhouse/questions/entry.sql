-- One journal entry: what it was and where it came from.
select pool, journal_offset, kind, time_ns, topic, `partition`, origin_offset, source, number, payload_0, payload_1,
    payload_2, payload_3, payload_4, payload_5, payload_6, payload_7
from journal final
where pool = {pool:String} and journal_offset = {offset:Int64}
