"""The command line: one module a command; prints, decides nothing."""
