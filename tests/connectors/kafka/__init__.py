"""Tests of the Kafka connectors."""
