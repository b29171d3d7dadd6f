-- The journal's payloads under their names, and the states that follow from the events. Nothing here is stored.

create or replace view deposits as
select
    pool,
    journal_offset,
    kind,
    time_ns,
    time,
    payload_0 as account,
    payload_1 as asset,
    payload_2 as amount_units,
    payload_3 as owner,
    payload_4 as opens,
    payload_5 as isolated_market,
    text
from journal final
where kind in ('deposit', 'withdrawal');

create or replace view transfers as
select
    pool,
    journal_offset,
    time_ns,
    time,
    payload_0 as account,
    payload_1 as asset,
    payload_2 as amount_units,
    payload_3 as owner,
    payload_4 as opens,
    payload_5 as isolated_market,
    payload_6 as to_account,
    text
from journal final
where kind = 'transfer';

create or replace view fills as
select
    pool,
    journal_offset,
    time_ns,
    time,
    payload_0 as market,
    payload_1 as buyer,
    payload_2 as seller,
    payload_3 as taker,
    payload_4 as lots,
    payload_5 as price_ticks,
    payload_6 as order_offset,
    payload_7 as order_index
from journal final
where kind = 'fill';

create or replace view order_checks as
select
    pool,
    journal_offset,
    time_ns,
    time,
    payload_0 as account,
    payload_1 as market,
    payload_2 as lots,
    payload_3 as price_ticks,
    payload_4 as reduce_only,
    text
from journal final
where kind = 'order-check';

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
    text
from journal final
where kind = 'bid';

-- bid_depth_lots and ask_depth_lots: cumulative within 0.1, 0.25, 0.5, 1, 2 and 5 % of the mid.
-- quote_number: by source, in the order of the parameters; -1 where a source gave none.
create or replace view market_state as
select
    pool,
    journal_offset,
    time_ns,
    time,
    payload_0 as market,
    payload_1 as status,
    payload_2 as breakers,
    payload_3 as flags,
    payload_4 as mark_ticks,
    payload_5 as index_ticks,
    payload_6 as index_low_ticks,
    payload_7 as index_high_ticks,
    payload_8 as mark_low_ticks,
    payload_9 as mark_high_ticks,
    payload_10 as bid_ticks,
    payload_11 as ask_ticks,
    payload_12 as last_ticks,
    payload_13 as volume_60s_lots,
    [payload_14, payload_15, payload_16, payload_17, payload_18, payload_19] as bid_depth_lots,
    [payload_20, payload_21, payload_22, payload_23, payload_24, payload_25] as ask_depth_lots,
    payload_26 as sigma_ppm,
    payload_27 as funding_rate_ppb,
    payload_28 as twap_ticks,
    [payload_29, payload_30, payload_31, payload_32, payload_33, payload_34, payload_35, payload_36] as quote_number,
    payload_37 as band_low_ticks,
    payload_38 as band_high_ticks,
    payload_39 as opened_ns
from journal final
where kind = 'market-state';

create or replace view asset_state as
select
    pool,
    journal_offset,
    time_ns,
    time,
    payload_0 as asset,
    payload_1 as status,
    payload_2 as low_quanta,
    payload_3 as high_quanta,
    payload_4 as sigma_ppm,
    [payload_29, payload_30, payload_31, payload_32, payload_33, payload_34, payload_35, payload_36] as quote_number
from journal final
where kind = 'asset-state';

-- Names and scales of the parameters last in force; rows count from 0 as in the journal.
create or replace view markets as
select
    pool,
    row - 1 as market,
    JSONExtractString(text, 'id') as name,
    JSONExtractString(text, 'index_asset') as index_asset,
    JSONExtractInt(text, 'lot_scale') as lot_scale,
    JSONExtractInt(text, 'tick_scale') as tick_scale,
    JSONExtractInt(text, 'lot_tick_quanta') as lot_tick_quanta,
    JSONExtract(text, 'sources', 'Array(String)') as sources
from
(
    select pool, argMax(parameters.text, journal_offset) as latest
    from parameters final
    group by pool
)
array join
    JSONExtractArrayRaw(latest, 'markets') as text,
    arrayEnumerate(JSONExtractArrayRaw(latest, 'markets')) as row;

create or replace view assets as
select
    pool,
    row - 1 as asset,
    JSONExtractString(text, 'id') as name,
    JSONExtractInt(text, 'unit_scale') as unit_scale,
    JSONExtract(text, 'sources', 'Array(String)') as sources
from
(
    select pool, argMax(parameters.text, journal_offset) as latest
    from parameters final
    group by pool
)
array join
    JSONExtractArrayRaw(latest, 'assets') as text,
    arrayEnumerate(JSONExtractArrayRaw(latest, 'assets')) as row;

create or replace view producers as
select pool, row - 1 as source, name
from
(
    select pool, JSONExtract(argMax(parameters.text, journal_offset), 'producers', 'Array(String)') as names
    from parameters final
    group by pool
)
array join names as name, arrayEnumerate(names) as row;

-- The quotes behind each market state: who published them, under which number.
create or replace view quotes as
select
    state.pool as pool,
    state.journal_offset as journal_offset,
    state.market as market,
    place - 1 as slot,
    known.sources[place] as source,
    number
from
(
    select pool, journal_offset, market, place, number
    from market_state
    array join quote_number as number, arrayEnumerate(quote_number) as place
    where number >= 0
) as state
any left join markets as known on known.pool = state.pool and known.market = state.market
where place <= length(known.sources);

-- Positions now: the last word of `position` events.
create or replace view position_state as
select
    pool,
    account,
    market,
    argMax(events.position_lots, (journal_offset, event_index)) as position_lots,
    argMax(events.position_cost_quanta, (journal_offset, event_index)) as position_cost_quanta,
    max(journal_offset) as last_offset
from events final
where type = 'position'
group by pool, account, market
having position_lots != 0;

-- Holdings of assets other than the settlement asset now: the last word of `collateral` events, less what was sold since.
create or replace view collateral_state as
select
    pool,
    account,
    asset,
    argMaxIf(balance_quanta, place, says_balance) - sumIf(lots, place > last_said and not says_balance) as held_units,
    max(place.1) as last_offset
from
(
    select
        pool,
        account,
        market as asset,
        (journal_offset, event_index) as place,
        type = 'collateral' as says_balance,
        balance_quanta,
        lots,
        maxIf((journal_offset, event_index), type = 'collateral') over (partition by pool, account, market) as last_said
    from events final
    where type in ('collateral', 'collateral-sold') and market > 0
)
group by pool, account, asset
having held_units != 0;

-- Settlement balance and level now. Most events that move a balance say what it is after them; what the fund, winners
-- and traders pay in for a bankrupt is added to the last such word. Funding that is owed but not yet settled is not in
-- the balance: it is in the evidence (`margin`) of each decision.
create or replace view account_state as
select
    pool,
    account,
    any(known.name) as name,
    argMaxIf(balance_quanta, place, says_balance) + sumIf(paid_in_quanta, place > last_said) as settled_quanta,
    argMaxIf(code, place, says_level) as level,
    max(place.1) as last_offset
from
(
    select *, maxIf(place, says_balance) over (partition by pool, account) as last_said
    from
    (
        select
            pool,
            account,
            (journal_offset, event_index) as place,
            type in ('collateral-sold', 'position', 'interest', 'adl', 'adl-cash', 'loss-charge')
                or (type = 'collateral' and market <= 0) as says_balance,
            type = 'level' as says_level,
            code,
            balance_quanta,
            if(type = 'fund', -quanta, 0) as paid_in_quanta
        from events final
        where account >= 0
            and
            (
                type in ('account-opened', 'collateral', 'collateral-sold', 'position', 'interest', 'adl', 'adl-cash',
                    'loss-charge', 'level')
                or (type = 'fund' and code in (2, 3))
            )
        union all
        select
            pool,
            counter_account as account,
            (journal_offset, event_index) as place,
            false as says_balance,
            false as says_level,
            code,
            balance_quanta,
            if(type = 'adl-cash', fee_quanta, quanta) as paid_in_quanta
        from events final
        where type in ('adl-cash', 'loss-charge')
    )
) as moves
any left join (select pool, account, name from accounts final) as known
    on known.pool = moves.pool and known.account = moves.account
group by pool, account;

-- The insurance fund's ledger: the general part where market is -1, else that market's compartment.
create or replace view fund_ledger as
select
    pool,
    journal_offset,
    event_index,
    id,
    time_ns,
    time,
    market,
    account,
    arrayElement(['opening', 'penalty', 'draw', 'floor-draw', 'interest', 'collateral', 'fees'], code + 1) as reason,
    quanta,
    balance_quanta
from events final
where type = 'fund';
