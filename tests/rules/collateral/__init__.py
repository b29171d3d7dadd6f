"""Tests of flows.rules.collateral."""
