"""Auto-deleveraging: chapter L of the rulebook."""
