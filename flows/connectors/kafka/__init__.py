"""Kafka: settings, clients and topics. Nothing else in the project knows the client library."""
