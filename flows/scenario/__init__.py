"""Gherkin's vocabulary and its steps on the real pool."""
