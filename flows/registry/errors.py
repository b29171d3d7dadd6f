"""What is wrong with a configuration, in one line: where, what was found, what is allowed."""

from __future__ import annotations


class ConfigurationError(Exception):
    """One fault of a venue's file or of a pool's parameters; its text is one line for a person."""

    def __init__(self, where: str, what: str, file: str = "") -> None:
        self.where = where
        self.what = what
        self.file = file
        place = ", ".join(part for part in (file, where) if part)
        super().__init__(f"{place}: {what}" if place else what)

    def in_file(self, file: str) -> ConfigurationError:
        """The same fault, with the file it was found in."""
        return ConfigurationError(self.where, self.what, file)
