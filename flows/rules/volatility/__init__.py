"""Volatility: chapter R of the rulebook, the only rules that use floats."""
