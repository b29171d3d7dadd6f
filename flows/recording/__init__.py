"""Recordings: build, inspect, validate; generated accounts."""
