-- The accounts that lost most to liquidation: penalties and charges paid, and what others bore for them.
select
    losses.pool as pool,
    losses.account as account,
    any(known.name) as name,
    sum(toInt128(fee_quanta) * (type in ('liquidation-fill', 'offer-fill'))) as penalty_quanta,
    sum(toInt128(quanta) * (type = 'position')) as realized_quanta,
    sum(toInt128(quanta) * (type = 'bankrupt')) as deficit_quanta,
    countIf(type in ('liquidation-fill', 'offer-fill', 'takeover')) as closings
from
(
    select pool, account, type, quanta, fee_quanta
    from events final
    where type in ('position', 'liquidation-fill', 'offer-fill', 'takeover', 'bankrupt') and account >= 0
) as losses
any left join (select pool, account, name from accounts final) as known
    on known.pool = losses.pool and known.account = losses.account
group by pool, account
having closings > 0 or deficit_quanta > 0
order by deficit_quanta desc, realized_quanta, pool, account
limit {limit:UInt64}
