"""Tests of flows.rules.scale."""
