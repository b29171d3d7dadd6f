"""The rulebook's tests: a folder a chapter, a file a rule."""
