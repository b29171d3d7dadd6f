"""Scales, bounds, time and conservation: chapter A of the rulebook."""
