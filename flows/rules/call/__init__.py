"""Margin call and soft liquidation: chapter G of the rulebook."""
