"""Partial liquidation: chapter H of the rulebook."""
