"""Socialized loss, withdrawal gate, order of claims: chapter M of the rulebook."""
