"""Faults on purpose: the real processes on a real broker, killed, starved, lied to, and checked afterwards."""
