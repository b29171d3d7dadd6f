"""Collateral: chapter C of the rulebook."""
