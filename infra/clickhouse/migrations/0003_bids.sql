-- A bid names the market of its offer: 0, or the market's row plus 1.
create or replace view bids as
select
    pool,
    journal_offset,
    time_ns,
    time,
    payload_0 as offer_offset,
    payload_1 as offer_index,
    payload_2 as account,
    payload_3 as lots,
    payload_4 as minimum_bonus_ppm,
    payload_5 as limit_ticks,
    payload_6 as named,
    text
from journal final
where kind = 'bid';
