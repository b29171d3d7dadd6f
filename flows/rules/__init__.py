"""The rulebook: one rule a module, a folder a chapter, each a pure function of integers."""
