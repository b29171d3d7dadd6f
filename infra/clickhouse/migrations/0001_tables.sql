-- What the audit flow writes: the journal, what followed from it, and what was turned away.
--
-- Integers are stored as they were decided on, Int64; `time` and `id` are computed when they are read. A block is
-- inserted under a token (pool, table, first offset): the window below makes a repeat of it add nothing. Rows are also
-- replaced by their key, so whatever slips past the window is one row again under FINAL.

-- One row an entry. payload_0 ... mean what the entry's kind says (flows/journal/entries.py): the views of 0002 name
-- them. The columns in this order are the entry's canonical bytes: the hash chain can be checked from this table.
create table if not exists journal
(
    pool LowCardinality(String),
    journal_offset Int64 codec(Delta, ZSTD(1)),
    kind LowCardinality(String),
    time_ns Int64 codec(DoubleDelta, ZSTD(1)),
    topic LowCardinality(String),
    `partition` Int64 codec(T64, ZSTD(1)),
    origin_offset Int64 codec(T64, ZSTD(1)),
    source Int64 codec(T64, ZSTD(1)),
    number Int64 codec(T64, ZSTD(1)),
    payload_0 Int64 codec(T64, ZSTD(1)),
    payload_1 Int64 codec(T64, ZSTD(1)),
    payload_2 Int64 codec(T64, ZSTD(1)),
    payload_3 Int64 codec(T64, ZSTD(1)),
    payload_4 Int64 codec(T64, ZSTD(1)),
    payload_5 Int64 codec(T64, ZSTD(1)),
    payload_6 Int64 codec(T64, ZSTD(1)),
    payload_7 Int64 codec(T64, ZSTD(1)),
    payload_8 Int64 codec(T64, ZSTD(1)),
    payload_9 Int64 codec(T64, ZSTD(1)),
    payload_10 Int64 codec(T64, ZSTD(1)),
    payload_11 Int64 codec(T64, ZSTD(1)),
    payload_12 Int64 codec(T64, ZSTD(1)),
    payload_13 Int64 codec(T64, ZSTD(1)),
    payload_14 Int64 codec(T64, ZSTD(1)),
    payload_15 Int64 codec(T64, ZSTD(1)),
    payload_16 Int64 codec(T64, ZSTD(1)),
    payload_17 Int64 codec(T64, ZSTD(1)),
    payload_18 Int64 codec(T64, ZSTD(1)),
    payload_19 Int64 codec(T64, ZSTD(1)),
    payload_20 Int64 codec(T64, ZSTD(1)),
    payload_21 Int64 codec(T64, ZSTD(1)),
    payload_22 Int64 codec(T64, ZSTD(1)),
    payload_23 Int64 codec(T64, ZSTD(1)),
    payload_24 Int64 codec(T64, ZSTD(1)),
    payload_25 Int64 codec(T64, ZSTD(1)),
    payload_26 Int64 codec(T64, ZSTD(1)),
    payload_27 Int64 codec(T64, ZSTD(1)),
    payload_28 Int64 codec(T64, ZSTD(1)),
    payload_29 Int64 codec(T64, ZSTD(1)),
    payload_30 Int64 codec(T64, ZSTD(1)),
    payload_31 Int64 codec(T64, ZSTD(1)),
    payload_32 Int64 codec(T64, ZSTD(1)),
    payload_33 Int64 codec(T64, ZSTD(1)),
    payload_34 Int64 codec(T64, ZSTD(1)),
    payload_35 Int64 codec(T64, ZSTD(1)),
    payload_36 Int64 codec(T64, ZSTD(1)),
    payload_37 Int64 codec(T64, ZSTD(1)),
    payload_38 Int64 codec(T64, ZSTD(1)),
    payload_39 Int64 codec(T64, ZSTD(1)),
    text String codec(ZSTD(3)),
    time DateTime64(9, 'UTC') alias fromUnixTimestamp64Nano(time_ns, 'UTC')
)
engine = ReplacingMergeTree
order by (pool, journal_offset)
settings non_replicated_deduplication_window = 10000;

-- One row an event, all types alike; what a type's columns mean stands in flows/journal/events.py.
create table if not exists events
(
    pool LowCardinality(String),
    journal_offset Int64 codec(Delta, ZSTD(1)),
    event_index Int64 codec(T64, ZSTD(1)),
    type LowCardinality(String),
    time_ns Int64 codec(DoubleDelta, ZSTD(1)),
    account Int64 codec(T64, ZSTD(1)),
    market Int64 codec(T64, ZSTD(1)),
    counter_account Int64 codec(T64, ZSTD(1)),
    lots Int64 codec(T64, ZSTD(1)),
    price_ticks Int64 codec(T64, ZSTD(1)),
    quanta Int64 codec(T64, ZSTD(1)),
    fee_quanta Int64 codec(T64, ZSTD(1)),
    reference_offset Int64 codec(T64, ZSTD(1)),
    reference_index Int64 codec(T64, ZSTD(1)),
    code Int64 codec(T64, ZSTD(1)),
    former_code Int64 codec(T64, ZSTD(1)),
    rule Int64 codec(T64, ZSTD(1)),
    rule_version Int64 codec(T64, ZSTD(1)),
    parameters_version Int64 codec(T64, ZSTD(1)),
    mark_offset Int64 codec(T64, ZSTD(1)),
    mark_ticks Int64 codec(T64, ZSTD(1)),
    index_ticks Int64 codec(T64, ZSTD(1)),
    equity_quanta Int64 codec(T64, ZSTD(1)),
    equity_low_quanta Int64 codec(T64, ZSTD(1)),
    maintenance_margin_quanta Int64 codec(T64, ZSTD(1)),
    initial_margin_quanta Int64 codec(T64, ZSTD(1)),
    threshold_quanta Int64 codec(T64, ZSTD(1)),
    balance_quanta Int64 codec(T64, ZSTD(1)),
    position_lots Int64 codec(T64, ZSTD(1)),
    position_cost_quanta Int64 codec(T64, ZSTD(1)),
    deadline_ns Int64 codec(T64, ZSTD(1)),
    time DateTime64(9, 'UTC') alias fromUnixTimestamp64Nano(time_ns, 'UTC'),
    id String alias concat(pool, ':', toString(journal_offset), ':', toString(event_index)),
    index by_account account type bloom_filter(0.01) granularity 1,
    index by_type type type set(64) granularity 1
)
engine = ReplacingMergeTree
order by (pool, journal_offset, event_index)
settings non_replicated_deduplication_window = 10000;

-- Names of account rows. `owner` is the row of the first account its owner opened; isolated_market is -1 for a cross
-- account.
create table if not exists accounts
(
    pool LowCardinality(String),
    account Int64,
    name String,
    owner Int64,
    isolated_market Int64,
    opened_offset Int64
)
engine = ReplacingMergeTree
order by (pool, account)
settings non_replicated_deduplication_window = 10000;

-- Genesis and each change: the whole set as canonical JSON, in force from its entry on.
create table if not exists parameters
(
    pool LowCardinality(String),
    journal_offset Int64,
    text String codec(ZSTD(3)),
    version Int64 materialized JSONExtractInt(text, 'version')
)
engine = ReplacingMergeTree
order by (pool, journal_offset)
settings non_replicated_deduplication_window = 10000;

-- Records refused at the door, by where they came from. `raw` is cut; raw_bytes says how long it was.
create table if not exists dead_letters
(
    pool LowCardinality(String),
    topic LowCardinality(String),
    `partition` Int64,
    origin_offset Int64,
    reason LowCardinality(String),
    field String,
    detail String,
    raw String codec(ZSTD(3)),
    raw_bytes Int64
)
engine = ReplacingMergeTree
order by (pool, topic, `partition`, origin_offset)
settings non_replicated_deduplication_window = 10000;
