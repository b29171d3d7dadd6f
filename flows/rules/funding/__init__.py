"""Funding: chapter N of the rulebook."""
