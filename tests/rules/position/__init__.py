"""Tests of flows.rules.position."""
