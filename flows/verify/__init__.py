"""The second opinion: the pool again in plain Python, comparison, re-execution."""
