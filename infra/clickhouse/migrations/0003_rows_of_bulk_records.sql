-- A bulk record is many messages: each that is refused has a row of its own. And where a record was sent again, if it was:
-- -1 says that it was not.
alter table dead_letters
    add column if not exists `row` Int64 codec(T64, ZSTD(1)) after raw_bytes,
    modify order by (pool, topic, `partition`, origin_offset, `row`);

alter table dead_letters
    add column if not exists replayed_offset Int64 default -1 codec(T64, ZSTD(1)) after `row`;
