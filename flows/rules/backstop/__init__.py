"""The backstop vault: chapter J of the rulebook."""
