-- Refused records, of one topic and one reason or of all ('').
select
    topic,
    `partition`,
    origin_offset as `offset`,
    reason,
    field,
    detail,
    hex(raw) as raw,
    raw_bytes,
    `row`,
    replayed_offset
from dead_letters final
where ({topic:String} = '' or topic = {topic:String}) and ({reason:String} = '' or reason = {reason:String})
order by topic, `partition`, origin_offset, `row`
