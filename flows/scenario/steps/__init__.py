"""Sentences and what they do, a subject a module."""
