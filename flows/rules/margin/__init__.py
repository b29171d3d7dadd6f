"""Margin requirements, equity, health, prices that matter: chapters D and E of the rulebook."""
