"""Messages that go out: one module a topic. The typed ones are views of events, for people and execution systems."""
