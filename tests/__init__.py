"""Tests: a folder a room, mirrored."""
