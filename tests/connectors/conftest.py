"""The engine for the tests of this folder."""

from tests.connectors.engine import new_database

__all__ = ["new_database"]
