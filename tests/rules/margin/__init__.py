"""Tests of flows.rules.margin."""
