"""The only network, files and clock: Kafka, recordings, ClickHouse."""
