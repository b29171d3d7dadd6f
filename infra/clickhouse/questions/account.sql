-- The last steps of an account, each with the journal entry that caused it. Evidence rows only if asked for.
with steps as
(
    select *
    from events final
    where pool = {pool:String}
        and account = {account:Int64}
        and ({evidence:UInt8} or type not in ('margin', 'position-margin', 'collateral-margin'))
    order by journal_offset desc, event_index desc
    limit {limit:UInt64}
)
select steps.*, cause.kind as cause_kind, cause.topic as cause_topic, cause.partition as cause_partition,
    cause.origin_offset as cause_origin_offset, cause.source as cause_source, cause.number as cause_number,
    cause.time_ns as cause_time_ns
from steps
any left join
(
    select pool, journal_offset, kind, topic, `partition`, origin_offset, source, number, time_ns
    from journal final
    where pool = {pool:String} and journal_offset in (select journal_offset from steps)
) as cause on cause.pool = steps.pool and cause.journal_offset = steps.journal_offset
order by journal_offset, event_index
