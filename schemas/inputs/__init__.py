"""Messages that come in: one module a topic."""
