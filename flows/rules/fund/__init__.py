"""Insurance fund: chapter K of the rulebook."""
