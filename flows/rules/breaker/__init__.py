"""Circuit breakers: chapter P of the rulebook."""
