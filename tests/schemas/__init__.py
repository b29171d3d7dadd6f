"""The wire: what is taken, what is refused and why, and that the exports tell the same."""
