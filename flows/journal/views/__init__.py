"""The typed topics of events: which events each carries, and how a row of integers becomes its JSON message."""
